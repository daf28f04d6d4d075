# SPDX-License-Identifier: GPL-2.0
# Images on this filesystem and on erofs, as KTAP: a test for each facet of `probe diff`.

# shellcheck disable=SC2034 # for the plans of those who source this
facets=(tree lookup seekdir attributes read readv pread mmap sendfile splice sizes strides advice
	threads direct errno calls handles permission seek fiemap fibmap label)

# differ NAME OPTIONS IMAGE [DEVICE...]: as many tests as there are facets. The sources are paths with
# a slash, or they would not get loop devices.
differ() {
	local name=$1
	shift
	report "$name" < <(probe diff "$FS" erofs "$@" 2>&1)
}

# report NAME: the tests, from what the probe printed.
report() {
	local name=$1 verdict text answered=0
	while read -r verdict text; do
		case $verdict in
		pass) ok "$name $text" ;;
		fail) not_ok "$name $text" ;;
		'#') diag "$name: $text"; continue ;;
		*) diag "$name: $verdict $text"; continue ;;
		esac
		answered=$((answered + 1))
	done
	# The probe gave up: what it did not get to has failed.
	while [ $answered -lt ${#facets[@]} ]; do
		not_ok "$name ${facets[answered]}" "not reached"
		answered=$((answered + 1))
	done
}

# differ_each IMAGE...: as many at a time as there are CPUs.
differ_each() {
	local image name
	mkdir -p "$MNT/out"
	# shellcheck disable=SC2016 # the inner shell expands
	printf '%s\0' "$@" | xargs -0 -P "$(nproc)" -n 1 sh -c \
		'"$0" diff "$1" erofs "" "$3" >"$2/${3##*/}" 2>&1' "$PROBE" "$FS" "$MNT/out"
	for image; do
		name=${image##*/}
		report "${name%.img}" <"$MNT/out/$name"
	done
}

# reads_compressed: whether the filesystem under test reads compressed files at all.
reads_compressed() {
	local answer
	mnt "" "$IMAGES/z-lz4hc.img" "$MNT/compressed" || return
	answer=$(head -c 1 "$MNT/compressed/text/1" 2>/dev/null)
	umnt "$MNT/compressed"
	[ "$answer" = a ]
}
