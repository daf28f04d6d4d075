# SPDX-License-Identifier: GPL-2.0
# nodejs: a line by HTTP.
. "${BASH_SOURCE[0]%/*}/../http.sh"

server_run() {	# ROOT PORT
	exec chroot "$1" /usr/bin/node -e "
		require('http').createServer((request, response) => response.end('port-$2\n')).listen($2, '127.0.0.1')"
}

server_answers() { http_gives "$2" 10 "port-$2"; }	# ROOT PORT
