# SPDX-License-Identifier: GPL-2.0
# postgresql-17: a row written and read back, in the cluster that the package made.

server_run() {	# ROOT PORT
	exec chroot --userspec=postgres "$1" /usr/lib/postgresql/17/bin/postgres \
		-D /var/lib/postgresql/17/main -c config_file=/etc/postgresql/17/main/postgresql.conf \
		-c listen_addresses= -c unix_socket_directories=/tmp -c external_pid_file= -p "$2"
}

server_answers() {	# ROOT PORT
	local value
	value=$(chroot --userspec=postgres "$1" /usr/lib/postgresql/17/bin/psql -X -q -A -t \
		-h /tmp -p "$2" postgres \
		-c "CREATE TABLE demo (v text); INSERT INTO demo VALUES ('port-$2'); SELECT v FROM demo")
	[ "$value" = "port-$2" ]
}
