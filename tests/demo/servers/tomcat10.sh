# SPDX-License-Identifier: GPL-2.0
# tomcat10: its own start page by HTTP.

server_run() {	# ROOT PORT
	sed -i -e "s/port=\"8080\"/port=\"$2\" address=\"127.0.0.1\"/" -e 's/port="8005"/port="-1"/' "$1/etc/tomcat10/server.xml"
	exec chroot "$1" /usr/bin/env CATALINA_HOME=/usr/share/tomcat10 CATALINA_BASE=/var/lib/tomcat10 \
		CATALINA_TMPDIR=/tmp JAVA_OPTS='-Djava.awt.headless=true -Xmx128m' /usr/share/tomcat10/bin/catalina.sh run
}

server_answers() {	# ROOT PORT
	local http line status=1
	exec {http}<>"/dev/tcp/127.0.0.1/$2" || return 1
	printf 'GET / HTTP/1.0\r\n\r\n' >&"$http"
	while read -r -t 60 -u "$http" line; do
		[[ $line = *'It works'* ]] && status=0
	done
	exec {http}>&-
	return $status
}
