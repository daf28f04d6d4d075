#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Runs the tests in the guest, all in one KTAP stream:
#   tests/run.sh [--quick] [--fs TYPE] [NAME...]
# NAME is the head of a test file's name. SCALE=N divides the loop counts for slow kernels.
. "$(dirname "$0")/lib/guest.sh"

names=()
while [ $# -gt 0 ]; do
	case $1 in
	--quick) QUICK=1 ;;
	--fs) FS=$2; shift ;;
	-*) echo "run.sh: unknown option $1" >&2; exit 2 ;;
	*) names+=("$1") ;;
	esac
	shift
done
: "${LIMIT:=$((1200 * SCALE))}"

# Modules that are built in have no file: only the filesystem under test is a must.
for module in loop erofs overlay; do modprobe -q "$module"; done
if [ "$FS" = cofs ] && [ ! -d /sys/module/cofs ]; then
	insmod "$TESTS/../cofs.ko" || { echo "Bail out! cofs.ko does not load"; exit 1; }
fi
# khugepaged reads what somebody maps in units of huge pages, whenever it comes by: tests count pages.
khugepaged=/sys/kernel/mm/transparent_hugepage/khugepaged/scan_sleep_millisecs
[ ! -e $khugepaged ] || echo 86400000 >$khugepaged
mkdir -p "$IMAGES"
if [ ! -e "$IMAGES/p-default.img" ]; then
	mnt "" /dev/disk/cofs/images "$IMAGES" ext4 ||
		{ echo "Bail out! no images at /dev/disk/cofs/images"; exit 1; }
fi

# unloaded: the module goes within some seconds, with all that the file before has left, and is
# there again. Files with the line `# unload` end so.
unloaded() {
	local end=$((SECONDS + 10 * SCALE)) output
	until output=$(rmmod "$FS" 2>&1); do
		[ $SECONDS -lt $end ] || { echo "# the module does not go: $output"; return 1; }
		read -r -t 0.2 <> <(:)
	done
	insmod "$TESTS/../cofs.ko" || { echo "# the module does not load again"; return 1; }
}

files=()
for file in "$TESTS"/[0-9]*.sh; do
	name=${file##*/}
	name=${name%.sh}
	if [ ${#names[@]} -gt 0 ]; then
		for wanted in "${names[@]}"; do
			[[ $name == "$wanted"* ]] && files+=("$file")
		done
	elif [ -z "$QUICK" ] || grep -q '^# quick$' "$file"; then
		files+=("$file")
	fi
done
[ ${#files[@]} -gt 0 ] || { echo "Bail out! no test file is named so"; exit 1; }

printf 'KTAP version 1\n1..%d\n' ${#files[@]}
failed=0
number=0
for file in "${files[@]}"; do
	name=${file##*/}
	name=${name%.sh}
	number=$((number + 1))
	start=$SECONDS
	timeout -k 5 "$LIMIT" bash "$file" 2>&1 | while IFS= read -r line; do printf '  %s\n' "$line"; done
	rc=${PIPESTATUS[0]}
	if [ "$FS" = cofs ] && grep -q '^# unload$' "$file"; then
		unloaded || rc=1
	fi
	printf '# %s: %d s\n' "$name" $((SECONDS - start))
	if [ "$rc" = 0 ]; then
		printf 'ok %d %s\n' "$number" "$name"
	else
		[ "$rc" != 124 ] || printf '# %s: stopped after %d s\n' "$name" "$LIMIT"
		printf 'not ok %d %s\n' "$number" "$name"
		failed=$((failed + 1))
	fi
done
[ $failed = 0 ]
