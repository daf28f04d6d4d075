# SPDX-License-Identifier: GPL-2.0
# fio wrote /opt/fio/data when the image was made, with a checksum in each block; here it only reads, and
# verifies, by every engine it has for files.

verified=0 refused=()
for way in psync pvsync2 vsync mmap libaio io_uring splice "libaio --direct=1" "io_uring --direct=1"; do
	for order in read randread; do
		# shellcheck disable=SC2086 # an engine, and an option
		if output=$(fio --name="$order" --filename=/opt/fio/data --readonly --rw=$order --bs=4k --size=16m \
			--verify=crc32c --verify_fatal=1 --allow_file_create=0 --iodepth=8 --ioengine=$way 2>&1); then
			verified=$((verified + 1))
		elif [[ $output == *"Invalid argument"* && $way == *direct* ]]; then
			refused+=("$way")
		else
			echo "$way $order: $output"
			exit 1
		fi
	done
done
echo "result: $verified jobs of 4096 blocks verified, ${#refused[@]} refused (O_DIRECT)"
