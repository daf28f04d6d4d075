#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The compressed images by the reference reader, whose decoders are not the kernel's: it reads each as erofs
# does, and erofs reads those that have a source as that is. So either can judge.
. "$(dirname "$0")/lib/guest.sh"
. "$TESTS/lib/differ.sh"

images=("$IMAGES"/z-*.img) sources=("$IMAGES"/z-*.source)
plan $((${#images[@]} + ${#sources[@]} + 2))

mkdir -p "$MNT/out"
# shellcheck disable=SC2016 # the inner shell expands
printf '%s\0' "${images[@]}" | DECODED=1 xargs -0 -P "$(nproc)" -n 1 sh -c \
	'"$0" reader erofs "$2" >"$1/${2##*/}" 2>&1; echo "status $?" >>"$1/${2##*/}"' "$PROBE" "$MNT/out"
for image in "${images[@]}"; do
	name=${image##*/}
	is "the reader reads ${name%.img} as erofs does" "$(<"$MNT/out/$name")" "status 0"
done

for source in "${sources[@]}"; do
	name=${source##*/}
	name=${name%.source}
	check "erofs shows the source of $name" probe is-source erofs "$IMAGES/$name.img" "$source"
done

# LZ4 as it was before zeros came before it.
echo "probe: unpadded $$" >/dev/kmsg
is "LZ4 without padding is refused" "$(errno_of mnt "" "$IMAGES/x-unpadded.img" "$MNT/x")" EOPNOTSUPP
said=$(dmesg | sed -n "/probe: unpadded $$/,\$p" | grep -c "$FS")
if [ "$FS" = cofs ]; then is "with one line" "$said" 1; else skip "with one line" peer; fi
