# SPDX-License-Identifier: GPL-2.0
# mariadb-server: a row written and read back, in the database that the package made, or
# that its first start makes.

server_run() {	# ROOT PORT
	[ -d "$1/var/lib/mysql/mysql" ] || chroot "$1" /usr/bin/mariadb-install-db --no-defaults \
		--user=mysql --datadir=/var/lib/mysql --skip-test-db --force
	exec chroot "$1" /usr/sbin/mariadbd --no-defaults --user=mysql --datadir=/var/lib/mysql \
		--socket=/tmp/server.sock --pid-file=/tmp/server.pid --skip-networking \
		--innodb-buffer-pool-size=32M --innodb-log-file-size=16M
}

server_answers() {	# ROOT PORT
	local value
	value=$(chroot "$1" /usr/bin/mariadb --no-defaults --socket=/tmp/server.sock -N -B -e "
		CREATE DATABASE demo; CREATE TABLE demo.t (v TEXT);
		INSERT INTO demo.t VALUES ('port-$2'); SELECT v FROM demo.t")
	[ "$value" = "port-$2" ]
}
