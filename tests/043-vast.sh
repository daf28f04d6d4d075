#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A file near the largest size there is, in a small image: reads, SEEK_DATA, SEEK_HOLE and FIEMAP
# end, and say nothing that lies outside the image. What goes on for longer can be killed.
. "$(dirname "$0")/lib/guest.sh"

images=(vast extended)
sizes=$(probe vast-sizes) || sizes=0
plan $((${#images[@]} * sizes + 1))

for name in "${images[@]}"; do
	answered=0
	while read -r verdict text; do
		case $verdict in
		pass) ok "$name, $text bytes" ;;
		fail) not_ok "$name, $text bytes" ;;
		*) diag "$name $verdict $text"; continue ;;
		esac
		answered=$((answered + 1))
	done < <(probe vast "$FS" "$IMAGES/h-$name.img" $((10 * SCALE)) 2>&1)
	while [ $answered -lt "$sizes" ]; do
		not_ok "$name" "size $answered was not reached"
		answered=$((answered + 1))
	done
	[ "$FS" = erofs ] || diag "erofs: $(probe vast erofs "$IMAGES/h-$name.img" 60 2>&1 | grep -c "^pass") of $sizes"
done

if [ "$FS" = erofs ]; then
	skip "endless calls can be killed" "erofs looks for no signal there"
else
	check "endless calls can be killed" probe vast-kill "$FS" "$IMAGES/h-vast.img" $((1 << 43))
fi
