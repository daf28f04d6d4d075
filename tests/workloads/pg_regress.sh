# SPDX-License-Identifier: GPL-2.0
# PostgreSQL's own regression run, the whole parallel schedule, with the server from the image.

. /workloads/postgres.sh
start_postgres || exit
cd /opt/pg-regress || exit
mkdir /tmp/out /tmp/tables && chown postgres /tmp/out /tmp/tables
as_postgres ./pg_regress --inputdir=. --outputdir=/tmp/out --dlpath=/opt/pg-regress --bindir=$bin \
	--host=/tmp --max-connections=4 --schedule=parallel_schedule >/tmp/regress.log 2>&1
rc=$?
grep -vE '^(ok|#  *parallel group)' /tmp/regress.log
passed=$(grep -c '^ok ' /tmp/regress.log)
failed=$(grep -c '^not ok ' /tmp/regress.log)
[ $rc = 0 ] || head -c 20000 /tmp/out/regression.diffs
stop_postgres || exit
echo "result: $passed tests passed, $failed failed"
exit $rc
