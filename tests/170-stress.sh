#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Everything at once on plain and LZ4 images of one pair, on devices and in files: every way to read,
# mounts that come and go, too little memory, CPUs that go, devices that fail. TIME seconds, from SEED.
# With FAULTS=none nothing fails, and then nothing may. `make stress` runs it for long, on images of
# real packages.
# unload
. "$(dirname "$0")/lib/guest.sh"
. "$TESTS/lib/splats.sh"

: "${TIME:=15}" "${SEED:=1}" "${FAULTS:=all}" "${WORKERS:=3}" "${LIMITED:=10 32}"
plan 8
modprobe -q dm_mod
modprobe -q dm_flakey
stress=$TESTS/../cofs-stress
disk=/dev/disk/cofs/pair
images=() shaky=() disks=() loops=() loop=''

# shaky NAME DEVICE: a device that the program can have fail, where there is a device mapper.
shaky() {
	dev=$2
	disks+=(--disk "/sys/block/$(basename "$(readlink -f "$2")")")
	[ "$FAULTS" != none ] || return
	dmsetup create "stress-$1" --readonly --table "0 $(blockdev --getsz "$2") linear $2 0" || return
	dmsetup mknodes "stress-$1"	# there is no udev
	dev=/dev/mapper/stress-$1
	shaky+=(--shaky "stress-$1=$2")
}

# image NAME LIST FILE [DEVICE]: on a device and as a file; without a device on a loop device.
image() {
	local device=${4:-}
	if [ -z "$device" ]; then
		device=$(losetup --find --show --read-only "$3")
		loops+=("$device")
	fi
	shaky "$1" "$device"
	images+=(--image "$2:$dev" --image "$2:$3")
}

if [ -e $disk ]; then
	# The files' disk may fail as well.
	shaky files $disk
	mnt ro "$dev" "$MNT/files" ext4
	for half in a b; do
		for kind in plain lz4; do
			image $half-$kind "$MNT/files/$half.list" "$MNT/files/$half-$kind.img" "/dev/disk/cofs/$half-$kind"
		done
	done
else
	for half in a b; do
		probe tree pair-$half "$MNT/tree-$half"
		"$stress" golden "$MNT/tree-$half" >"$MNT/$half.list"
		rm -r "$MNT/tree-$half"
		image $half-plain "$MNT/$half.list" "$IMAGES/s-pair-$half.img"
		image $half-lz4 "$MNT/$half.list" "$IMAGES/s-pair-lz4-$half.img"
	done
fi

[ "$FAULTS" != none ] || shaky=(--no-faults)
before=$(dmesg | grep -cE -- "$splats")
"$stress" run --kind "$FS" --seconds "$TIME" --seed "$SEED" --workers "$WORKERS" --limited "${LIMITED%% *}" --limited "${LIMITED##* }" \
	--patience $((60 * SCALE)) "${images[@]}" "${shaky[@]}" "${disks[@]}" >"$MNT/log" 2>&1
rc=$?
declare -A count=()
while read -r name value; do
	diag "$name $value"
	case $name in '#'*|ways) ;; *) count[$name]=$value ;; esac
done <"$MNT/log"
splatted=$(($(dmesg | grep -cE -- "$splats") - before))
diag "splats $splatted"

is "the run ends, and nothing was wrong" $rc 0
is "wrong bytes" "${count[wrong]:-none}" 0
is "errors without a fault, and hangs" "${count[errors-without]:-none} ${count[hangs]:-none}" "0 0"
is "splats" "$splatted" 0
check "every way to read was taken" grep -qE '^ways ([a-z_]+=[1-9][0-9]* ?)+$' "$MNT/log"
at_least "umounts" "${count[umounts]:-none}" $((TIME / SCALE / 2))
if [ "$FAULTS" = none ]; then
	skip "faults" "none were wanted"
elif [ -z "${shaky[*]}" ]; then
	skip "faults" "no device mapper"
else
	at_least "faults" "${count[faults]:-none}" 1
fi
gone() {
	local name
	for name in "${shaky[@]}"; do
		case $name in stress-files=*) ;; stress-*) dmsetup remove "${name%%=*}" || return ;; esac
	done
	[ ${#loops[@]} = 0 ] || losetup -d "${loops[@]}" || return
	[ ! -d "$MNT/files" ] || umnt "$MNT/files" || return
	[ ! -e /dev/mapper/stress-files ] || dmsetup remove stress-files
}
check "the devices can go" gone
