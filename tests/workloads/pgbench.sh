# SPDX-License-Identifier: GPL-2.0
# pgbench against a server from the image.

. /workloads/postgres.sh
start_postgres || exit
as_postgres createdb -h /tmp bench || exit
as_postgres pgbench -h /tmp -i -q -s 1 bench || exit
output=$(as_postgres pgbench -h /tmp -c 2 -t 200 bench) || exit
echo "$output"
sum=$(as_postgres psql -h /tmp -At -c 'select count(*) from pgbench_history' bench)
stop_postgres || exit
done=$(sed -n 's/^number of transactions actually processed: //p' <<<"$output")
failed=$(sed -n 's/^number of failed transactions: \([0-9]*\).*/\1/p' <<<"$output")
[ "$failed" = 0 ] && [ "$sum" = "${done%%/*}" ] || exit 1
echo "result: $done transactions, $failed failed"
