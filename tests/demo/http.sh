# SPDX-License-Identifier: GPL-2.0
# What servers that speak HTTP have in common.

# http_gives PORT SECONDS PATTERN: the start page has such a line; SECONDS is for each of its lines.
http_gives() {
	local http line status=1
	exec {http}<>"/dev/tcp/127.0.0.1/$1" || return 1
	printf 'GET / HTTP/1.0\r\n\r\n' >&"$http"
	while read -r -t "$2" -u "$http" line; do
		# shellcheck disable=SC2053 # a pattern
		[[ $line = $3 ]] && status=0
	done
	exec {http}>&-
	return $status
}
