# SPDX-License-Identifier: GPL-2.0
# stress-ng's stressors of files and of memory mappings, each alone for two seconds, with its own checks. They work
# in a directory on the overlay.

stressors=(access chdir chmod copy-file dentry dir dirdeep dirmany dup fcntl fiemap file-ioctl filename
	flock fstat getdent handle inotify lease link lockf lockofd madvise mincore mlock mmap mmapaddr mmapfiles
	mmapmany mprotect mremap msync munmap open pagemove readahead remap rename sendfile splice symlink
	tee touch unlink utime vma xattr)
mkdir -p /var/tmp/stress && cd /var/tmp/stress || exit
list=$(IFS=,; echo "${stressors[*]}")
stress-ng --seq 2 --with "$list" --timeout 2 --verify --temp-path /var/tmp/stress --seed 1 --oom-avoid 2>&1 | tee /tmp/log
rc=${PIPESTATUS[0]}
[ "$rc" = 0 ] || exit "$rc"
counts=$(sed -n 's/^stress-ng: info: *\[[0-9]*\] \(passed\|failed\|skipped\): *\([0-9]*\).*/\2 \1/p' /tmp/log | paste -sd ,)
[[ $counts == *"0 failed"* ]] || exit 1
echo "result: ${counts//,/, } of ${#stressors[@]} stressors twice"
