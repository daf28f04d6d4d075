# SPDX-License-Identifier: GPL-2.0
# Counts pages of the page cache and sectors of devices, exactly.

# The tools' own files lie in the page cache, too. All of them are put there before a sample,
# or it would count what a tool faults in.
list_tools() {	# TOOL...
	local tool
	tool_files=(/etc/ld.so.cache)
	for tool; do
		tool=$(type -P "$tool")
		mapfile -t -O ${#tool_files[@]} tool_files < <(echo "$tool"; ldd "$tool" | grep -o '/[^ ]*')
	done
}

drop_caches() {
	sync
	echo 3 >/proc/sys/vm/drop_caches
	cat "${tool_files[@]}" >/dev/null
}

# KiB of the page cache of files: Cached has no device pages (those are Buffers); tmpfs, in
# Shmem, is left out. The kernel counts per CPU and folds that now and then; stat_refresh
# does it now.
sample_pages() {	# VARIABLE
	local key value _ cached shmem
	read -r _ </proc/sys/vm/stat_refresh || true
	while read -r key value _; do
		case $key in
		Cached:) cached=$value ;;
		Shmem:) shmem=$value ;;
		esac
	done </proc/meminfo
	printf -v "$1" %d $((cached - shmem))
}

sample_sectors() {	# VARIABLE DEVICE...
	local variable=$1 device fields sum=0
	shift
	for device; do
		device=$(readlink -f "$device")
		read -ra fields <"/sys/block/${device##*/}/stat"
		sum=$((sum + fields[2]))
	done
	printf -v "$variable" %d "$sum"
}
