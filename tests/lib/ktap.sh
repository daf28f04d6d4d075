# SPDX-License-Identifier: GPL-2.0
# KTAP for a test file: `plan N` first, then one `ok`, `not_ok` or `skip` for each test.

ktap_done=0
ktap_failed=0

plan() {
	local name=${0##*/}
	printf 'KTAP version 1\n# Subtest: %s\n1..%d\n' "${name%.sh}" "$1"
	ktap_planned=$1
	trap ktap_end EXIT
}

diag() { local line; while IFS= read -r line; do printf '# %s\n' "$line"; done <<<"$*"; }

ok() { ktap_done=$((ktap_done + 1)); printf 'ok %d %s\n' "$ktap_done" "$1"; }

# not_ok NAME [REASON...]
not_ok() {
	ktap_done=$((ktap_done + 1))
	ktap_failed=$((ktap_failed + 1))
	local name=$1
	shift
	[ $# = 0 ] || diag "$name: $*"
	printf 'not ok %d %s\n' "$ktap_done" "$name"
}

skip() { ktap_done=$((ktap_done + 1)); printf 'ok %d %s # SKIP %s\n' "$ktap_done" "$1" "$2"; }

# skip_rest NAME REASON: ends the file; what it had planned and not done yet is skipped.
skip_rest() {
	while [ "$ktap_done" -lt "$ktap_planned" ]; do skip "$1 $((ktap_done + 1))" "$2"; done
	exit
}

# check NAME COMMAND...: ok when the command succeeds; what it printed is shown when not.
check() {
	local name=$1 output rc=0
	shift
	output=$("$@" 2>&1) || rc=$?
	if [ $rc = 0 ]; then ok "$name"; else not_ok "$name" "status $rc: $output"; fi
}

# is NAME GOT WANT
is() { if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "got '$2', want '$3'"; fi; }

# like NAME GOT PATTERN
like() {
	# shellcheck disable=SC2053 # the pattern is one
	if [[ $2 == $3 ]]; then ok "$1"; else not_ok "$1" "got '$2', want '$3'"; fi
}

# at_most NAME NUMBER LIMIT, at_least NAME NUMBER LIMIT
at_most() {
	if [[ $2 =~ ^-?[0-9]+$ ]] && [ "$2" -le "$3" ]; then ok "$1"; else not_ok "$1" "$2, at most $3"; fi
}
at_least() {
	if [[ $2 =~ ^-?[0-9]+$ ]] && [ "$2" -ge "$3" ]; then ok "$1"; else not_ok "$1" "$2, at least $3"; fi
}

# A file that ends early has failed, whatever it printed.
ktap_end() {
	local rc=$?
	[ "$ktap_done" = "$ktap_planned" ] || diag "ended after $ktap_done of $ktap_planned tests, status $rc"
	[ $rc = 0 ] && [ "$ktap_done" = "$ktap_planned" ] && [ $ktap_failed = 0 ] || exit 1
}
