# SPDX-License-Identifier: GPL-2.0
# redis-server: PING, then SET and GET of one key.

server_run() {	# ROOT PORT
	exec chroot "$1" /usr/bin/redis-server --bind 127.0.0.1 --port "$2" --dir /tmp \
		--save '' --appendonly no --daemonize no
}

# Inline commands; every line of an answer ends in CR LF.
server_answers() {	# ROOT PORT
	local redis line
	exec {redis}<>"/dev/tcp/127.0.0.1/$2" || return 1
	printf 'PING\r\nSET demo port-%d\r\nGET demo\r\nQUIT\r\n' "$2" >&"$redis"
	for line in +PONG +OK '$9' "port-$2" +OK; do
		read -r -t 10 -u "$redis" && [ "$REPLY" = "$line"$'\r' ] || { line=; break; }
	done
	exec {redis}>&-
	[ -n "$line" ]
}
