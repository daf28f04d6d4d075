# SPDX-License-Identifier: GPL-2.0
# The key is enrolled: the kernel loads what it has signed, and nothing else.
. /payload/tests/lib/ktap.sh

export LC_ALL=C.UTF-8
work=/var/tmp/cofs
kbuild=$(echo /usr/lib/linux-kbuild-*/scripts)
plan 10

like "Secure Boot is on" "$(mokutil --sb-state 2>&1)" "SecureBoot enabled*"
like "the kernel is locked down" "$(cat /sys/kernel/security/lockdown 2>&1)" "*\[integrity\]*"
like "the key of dkms is enrolled" "$(mokutil --test-key /var/lib/dkms/mok.pub 2>&1)" "*is already enrolled*"
check "mount loads the module" mount -t cofs /payload/image /mnt
check "the files are the image's" sh -c 'cd /mnt && sha256sum --quiet -c /payload/sums'
check "the module goes" sh -c 'umount /mnt && rmmod cofs'

# By hand, as for a module that dkms has not built.
mkdir -p "$work"
xz -dc "$(modinfo -n cofs)" >"$work/cofs.ko"
strip --strip-debug "$work/cofs.ko"
is "a module without its signature has none" "$(modinfo -F signer "$work/cofs.ko")" ""
like "the kernel refuses that" "$(insmod "$work/cofs.ko" 2>&1)" "*Key was rejected by service*"
check "sign-file signs it" "$kbuild/sign-file" sha256 /var/lib/dkms/mok.key /var/lib/dkms/mok.pub "$work/cofs.ko"
check "the kernel loads that" insmod "$work/cofs.ko"
