# SPDX-License-Identifier: GPL-2.0
# What fio reads of one image, a job after the other. Sourced by services.sh.

# The 16 largest files that are no larger than 512 KiB.
fio_job() {	# ROOT
	local list
	list=$(find "$1/usr" -type f -size -513k -printf '%s %p\n' | LC_ALL=C sort -k1,1nr -k2 |
		head -n 16 | cut -d' ' -f2- | tr '\n' :)
	# By invalidate=1, the default, the files' pages are dropped before a job.
	cat <<-JOB
		[global]
		filename=${list%:}
		file_service_type=sequential
		allow_file_create=0
		thread=1
		randseed=4
		stonewall
		[sequential, cold]
		rw=read
		bs=128k
		[sequential, warm]
		rw=read
		bs=128k
		invalidate=0
		[random, warm]
		rw=randread
		bs=4k
		io_size=4m
		file_service_type=random
		invalidate=0
		[random, cold]
		rw=randread
		bs=4k
		io_size=4m
		file_service_type=random
		[mmap, cold]
		ioengine=mmap
		rw=read
		bs=4k
	JOB
}

# Prints "JOB:NANOSECONDS" of all reads together.
fio_reads() {	# ROOT
	fio_job "$1" >"$run/fio.job"
	(cd "$run" && fio --output-format=json fio.job) | python3 -c '
import json, sys
text = sys.stdin.read()
for job in json.loads(text[text.index("{"):])["jobs"]:
    if job["error"]:
        sys.exit("fio: error %d" % job["error"])
    read = job["read"]
    print("%s:%d" % (job["jobname"], read["lat_ns"]["mean"] * read["total_ios"]))'
}
