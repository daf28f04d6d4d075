# SPDX-License-Identifier: GPL-2.0
# tensorflow: a sum that it has computed, by HTTP.
. "${BASH_SOURCE[0]%/*}/../http.sh"

server_run() {	# ROOT PORT
	exec chroot "$1" /usr/bin/env TF_CPP_MIN_LOG_LEVEL=1 HOME=/tmp python3 -c "
import http.server, tensorflow
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        total = int(tensorflow.reduce_sum(tensorflow.range($2 + 1)))
        self.wfile.write(b'HTTP/1.0 200 OK\r\n\r\nsum %d\n' % total)
http.server.HTTPServer(('127.0.0.1', $2), Answer).serve_forever()"
}

server_answers() { http_gives "$2" 60 "sum $(($2 * ($2 + 1) / 2))"; }	# ROOT PORT
