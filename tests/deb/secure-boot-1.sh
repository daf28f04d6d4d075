# SPDX-License-Identifier: GPL-2.0
# The module is installed, and the key that signed it is not enrolled: the kernel refuses it.
. /payload/tests/lib/ktap.sh

export LC_ALL=C.UTF-8
plan 7

like "Secure Boot is on" "$(mokutil --sb-state 2>&1)" "SecureBoot enabled*"
like "the kernel is locked down" "$(cat /sys/kernel/security/lockdown 2>&1)" "*\[integrity\]*"
like "dkms has signed the module" "$(modinfo -F signer cofs 2>/dev/null)" "?*"
like "its key is not enrolled" "$(mokutil --test-key /var/lib/dkms/mok.pub 2>&1)" "*is not enrolled*"
like "the kernel refuses it" "$(modprobe cofs 2>&1)" "*Key was rejected by service*"
check "no mount is made" sh -c '! mount -t cofs /payload/image /mnt'
check "mokutil asks for the key to be enrolled" sh -c 'printf "cofs\ncofs\n" | mokutil --import /var/lib/dkms/mok.pub'
diag "$(mokutil --list-new 2>&1 | grep -E 'SHA1|Subject:|CN')"
