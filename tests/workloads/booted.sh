#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Runs as a service in a root that systemd booted from the image: the state of the system, the server that was
# started, the digests of all installed files; then the machine is powered off.
set -uo pipefail

# The console keeps its settings only while somebody holds it open.
exec 3<>/dev/hvc0
stty -F /dev/hvc0 raw -echo
exec >/dev/hvc0 2>&1
type=$(sed -n 's/.*\<cofs_root=\([a-z0-9]*\).*/\1/p' /proc/cmdline)
start=$SECONDS status=0 text=()
fail() { echo "# $*"; status=1; }

# This service is one of those that are waited for.
for ((i = 0; i < 1500; i++)); do
	jobs=$(systemctl list-jobs --no-legend | grep -vc booted)
	[ "$jobs" != 0 ] || break
	sleep 0.2
done
failed=$(systemctl list-units --state=failed --no-legend --plain | cut -d' ' -f1 | paste -sd ' ')
active=$(systemctl list-units --type=service --state=active --no-legend | wc -l)
text+=("$active services active")
[ -z "$failed" ] || fail "failed units: $failed"
[ "$(cat /proc/1/comm)" = systemd ] || fail "PID 1 is $(cat /proc/1/comm)"
grep -q ' / overlay .*lowerdir=/lower' /proc/mounts || fail "the root is $(grep ' / ' /proc/mounts)"
if [ "$type" = cofs ]; then
	[ -d /sys/fs/cofs ] || fail "no cofs"
	text+=("$(cat /sys/fs/cofs/shared_inodes) inodes bound")
fi
rows=$(runuser -u postgres -- psql -At -c 'select sum(relpages) > 0 from pg_class' 2>&1)
if [ "$rows" = t ]; then text+=("postgresql answers"); else fail "postgresql says: $rows"; fi

# The packages' own digests, of every file but those that were left out on purpose.
changed=$(dpkg --verify | grep -vE ' (/usr/share/(man|locale|info|lintian|linda|groff|doc)/|/etc/)')
files=$(cat /var/lib/dpkg/info/*.md5sums | wc -l)
[ -z "$changed" ] || fail "dpkg --verify: $(head -n 5 <<<"$changed")"
text+=("dpkg verifies $files files")
text+=("$(systemd-analyze time 2>/dev/null | sed -n '1s/.*= \([0-9a-z. ]*\).*/\1 to boot/p')")
verdict=pass
[ $status = 0 ] || verdict=fail
joined=$(printf ', %s' "${text[@]}")
echo "workload: systemd $type $verdict $((SECONDS - start)) ${joined#, }"
echo "COFS-EXIT $status"
systemctl poweroff --no-block
