#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Runs as a service of the systemd that has booted the guest: guest.sh, whose status is the guest's.

# The console keeps its settings only while somebody holds it open.
exec 3<>/dev/hvc0
stty -F /dev/hvc0 raw -echo
bash "${0%/*}/guest.sh" >/dev/hvc0 2>&1
echo "COFS-EXIT $?" >/dev/hvc0
systemctl poweroff --no-block
