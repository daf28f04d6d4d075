#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Installs packages of PyPI into a root that has python3 and ca-certificates. What was downloaded is kept in the
# cache.
#
#   wheels.sh ROOT REQUIREMENT...
. "$(dirname "$0")/../lib.sh"
need_root "$@"
[ $# -ge 2 ] || die "usage: wheels.sh ROOT REQUIREMENT..."
root=$1
shift

pip=$("$COFS_TOP/scripts/demo/pip.sh")/usr/lib/python3/dist-packages
wheels=$COFS_CACHE/wheels
# Behind a proxy the host trusts certificates that the root does not know.
authorities=/etc/ssl/certs/ca-certificates.crt
mkdir -p "$wheels"
export root pip wheels authorities
# With SOURCE_DATE_EPOCH the compiled files of equal sources are equal: no times are in them.
exec unshare --mount --propagation private bash -euc '
	mount -t tmpfs tmpfs "$root/mnt"
	mkdir "$root/mnt/pip" "$root/mnt/wheels" "$root/mnt/home"
	mount --bind "$pip" "$root/mnt/pip"
	mount --bind "$wheels" "$root/mnt/wheels"
	[ ! -e "$authorities" ] || mount --bind "$authorities" "$root$authorities"
	in_root() {
		chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/mnt/home \
			SOURCE_DATE_EPOCH=1700000000 PYTHONPATH=/mnt/pip python3 -B -m pip "$@"
	}
	in_root download --no-cache-dir --only-binary :all: --dest /mnt/wheels "$@"
	in_root install --no-index --find-links /mnt/wheels --root-user-action ignore "$@"' wheels "$@"
