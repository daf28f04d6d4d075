# SPDX-License-Identifier: GPL-2.0
# What runs of the guest's tests apart from the check have in common; after lib.sh, at the top of the tree.

# ready NAME: build/NAME is $out, and there is what a guest with $KERNEL needs.
ready() {
	local build=()
	case $KERNEL in
	stock) ;;
	debug) build=(--debug) ;;
	*) die "$1.sh: KERNEL is stock or debug, not '$KERNEL'" ;;
	esac
	out=build/$1
	mkdir -p "$out"
	module=$(scripts/modules.sh "${build[@]}")
	images=$(tests/images.sh)
	payload=$(scripts/payload.sh "$1-$KERNEL" "$module")
}

# run_tests SECONDS TITLE LIMIT [OPTION]... -- COMMAND...: in the guest, with more options for qemu/run.sh.
run_tests() {
	local expect=$1 title=$2 limit=$3
	shift 3
	status=0
	(step "$expect" "$title" "$out/guest.log" \
		qemu/run.sh --kernel "$KERNEL" --payload "$payload" --timeout "$limit" \
		--drive "images=$images" --drive "a=${images%/*}/a.img" --drive "b=${images%/*}/b.img" \
		--console "$out/console" --out "$out/guest.ktap" "$@") || status=$?
}

# verdict [OPTION]: ends with what came of them: $status so far, what the kernel said, and what the tests did.
# The option is qemu/check-dmesg.sh's.
verdict() {
	qemu/check-dmesg.sh "$@" "$out/console" || status=1
	scripts/in-root scripts/ktap.py "$out/guest.ktap" || status=1
	exit "$status"
}
