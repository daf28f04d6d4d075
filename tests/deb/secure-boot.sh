#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# In a Debian 13 that boots with Secure Boot: the package before its key is enrolled, and after, as KTAP.
state=/var/lib/cofs-check
# Not the console, on which the firmware writes too.
exec >/dev/virtio-ports/tests

boot=$(($(cat "$state" 2>/dev/null || echo 0) + 1))
echo "$boot" >"$state"
[ "$boot" != 1 ] || printf 'KTAP version 1\n1..2\n'
bash "/payload/tests/deb/secure-boot-$boot.sh" 2>&1 | sed 's/^/  /'
if [ "${PIPESTATUS[0]}" = 0 ]; then mark=ok; else mark='not ok'; fi
echo "$mark $boot secure-boot-$boot"
[ "$boot" != 1 ] || { sync; systemctl reboot --force --force; }
