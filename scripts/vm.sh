#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Boots to a shell on this terminal, the module loaded, the test images at /images.
#
#   scripts/vm.sh                       the stock kernel
#   KERNEL=debug scripts/vm.sh          the debug kernel; KERNEL=uml User Mode Linux
#   IMG=FILE MOUNT="-o ..." scripts/vm.sh   FILE mounted at /mnt
. "$(dirname "$0")/lib.sh"
need_root "$@"

: "${KERNEL:=stock}"
[ -z "${IMG:-}" ] || [ -r "$IMG" ] || die "no image $IMG"
build=()
[ "$KERNEL" = stock ] || build=("--$KERNEL")
module=$(env -u KDIR "$COFS_TOP/scripts/modules.sh" "${build[@]}")
images=$("$COFS_TOP/tests/images.sh")
payload=$("$COFS_TOP/scripts/payload.sh" vm "$module")
cp "$COFS_TOP/qemu/shell" "$payload/shell"
drives=(--drive "images=$images" --drive "a=${images%/*}/a.img" --drive "b=${images%/*}/b.img")
[ -z "${IMG:-}" ] || drives+=(--drive "img=$IMG")
say "booting; the kernel's console goes to build/vm.console"
exec "$COFS_TOP/qemu/run.sh" --tty --kernel "$KERNEL" --payload "$payload" "${drives[@]}" \
	--console "$COFS_TOP/build/vm.console" -- /cofs/shell ${MOUNT:-}
