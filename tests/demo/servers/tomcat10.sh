# SPDX-License-Identifier: GPL-2.0
# tomcat10: its own start page by HTTP.
. "${BASH_SOURCE[0]%/*}/../http.sh"

server_run() {	# ROOT PORT
	sed -i -e "s/port=\"8080\"/port=\"$2\" address=\"127.0.0.1\"/" -e 's/port="8005"/port="-1"/' "$1/etc/tomcat10/server.xml"
	exec chroot "$1" /usr/bin/env CATALINA_HOME=/usr/share/tomcat10 CATALINA_BASE=/var/lib/tomcat10 \
		CATALINA_TMPDIR=/tmp JAVA_OPTS='-Djava.awt.headless=true -Xmx128m' /usr/share/tomcat10/bin/catalina.sh run
}

server_answers() { http_gives "$2" 60 "*It works*"; }	# ROOT PORT
