#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Images with one known fault each, and images that end too early: the same errno as erofs.
. "$(dirname "$0")/lib/guest.sh"

images=(default extended 512)
cases=$(probe damage-cases "$IMAGES/h-default.img") || cases=0
plan $((${#images[@]} * cases + cases))

known() {
	local image=$1 name=${1##*/h-} answered=0 verdict text
	while read -r verdict text; do
		case $verdict in
		pass) ok "${name%.img} $text" ;;
		fail) not_ok "${name%.img} $text" ;;
		'#') diag "${name%.img} $text"; continue ;;
		*) diag "${name%.img} $verdict $text"; continue ;;
		esac
		answered=$((answered + 1))
	done < <(probe damage "$FS" erofs "$image" 2>&1)
	while [ $answered -lt "$cases" ]; do
		not_ok "${name%.img} case $answered" "not reached"
		answered=$((answered + 1))
	done
}
for image in "${images[@]}" checksum; do known "$IMAGES/h-$image.img"; done
