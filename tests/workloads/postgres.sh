# SPDX-License-Identifier: GPL-2.0
# Sourced by the workloads that need a server: one from the image, its data in memory.

bin=/usr/lib/postgresql/17/bin
data=/tmp/data
as_postgres() { runuser -u postgres -- env PATH="$bin:$PATH" "$@"; }

start_postgres() {
	as_postgres initdb -D $data --no-locale -E UTF8 -A trust --no-sync >/dev/null || return
	as_postgres pg_ctl -w -t 600 -D $data -l /tmp/server.log \
		-o "-c fsync=off -c listen_addresses= -c unix_socket_directories=/tmp -c shared_buffers=32MB" start
}

stop_postgres() { as_postgres pg_ctl -w -t 600 -D $data -m fast stop; }
