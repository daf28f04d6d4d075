# SPDX-License-Identifier: GPL-2.0
# nodejs: a line by HTTP.

server_run() {	# ROOT PORT
	exec chroot "$1" /usr/bin/node -e "
		require('http').createServer((request, response) => response.end('port-$2\n')).listen($2, '127.0.0.1')"
}

server_answers() {	# ROOT PORT
	local http line status=1
	exec {http}<>"/dev/tcp/127.0.0.1/$2" || return 1
	printf 'GET / HTTP/1.0\r\n\r\n' >&"$http"
	while read -r -t 10 -u "$http" line; do
		[ "$line" = "port-$2" ] && status=0
	done
	exec {http}>&-
	return $status
}
