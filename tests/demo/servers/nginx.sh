# SPDX-License-Identifier: GPL-2.0
# nginx: its own start page by HTTP.

server_run() {	# ROOT PORT
	cat >"$1/tmp/nginx.conf" <<-CONF
		daemon off;
		pid /tmp/nginx.pid;
		error_log stderr;
		events { }
		http {
			access_log off;
			server { listen 127.0.0.1:$2; root /var/www/html; }
		}
	CONF
	exec chroot "$1" /usr/sbin/nginx -c /tmp/nginx.conf
}

server_answers() {	# ROOT PORT
	local http line status=1
	exec {http}<>"/dev/tcp/127.0.0.1/$2" || return 1
	printf 'GET /index.nginx-debian.html HTTP/1.0\r\n\r\n' >&"$http"
	read -r -t 10 -u "$http" line && [[ $line = 'HTTP/1.1 200 '* ]] || { exec {http}>&-; return 1; }
	while read -r -t 10 -u "$http" line; do
		[[ $line = *'Welcome to nginx'* ]] && status=0
	done
	exec {http}>&-
	return $status
}
