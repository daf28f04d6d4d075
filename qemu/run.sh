#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Boots a guest, runs one command in it and exits with that command's status:
#
#   qemu/run.sh [OPTION]... -- COMMAND...
#
#   --kernel stock|debug|uml   which kernel (stock); uml is User Mode Linux, without QEMU
#   --drive NAME=FILE      FILE as the read-only drive /dev/disk/cofs/NAME
#   --payload DIR          the contents of DIR into /cofs, where the command starts
#   --smp N, --mem MIB     size of the guest (2, 2048)
#   --qemu "OPTION..."     more options for QEMU
#   --append STRING        more kernel command line
#   --timeout SECONDS      give up after that (600)
#   --console FILE         the kernel's console goes there
#   --out FILE             a copy of what the command prints
#   --icount               count instructions: one CPU, deterministic time
#   --tty                  an interactive command on this terminal; no status, no timeout
#
# Status 124: time is up. 125: the guest died before the command ended.
. "$(dirname "$0")/../scripts/lib.sh"
need_root "$@"

kernel=stock smp=2 mem=2048 append='' more='' limit=600 console='' out='' icount='' tty=''
drives=() payloads=()
while [ $# -gt 0 ]; do
	case $1 in
	--icount) icount=1; shift; continue ;;
	--tty) tty=1; shift; continue ;;
	--) shift; break ;;
	--*) [ $# -ge 2 ] || die "qemu/run.sh: $1 needs a value" ;;
	*) die "qemu/run.sh: '--' is missing before the command" ;;
	esac
	case $1 in
	--kernel) kernel=$2 ;;
	--drive) drives+=("$2") ;;
	--payload) payloads+=("$2") ;;
	--smp) smp=$2 ;;
	--mem) mem=$2 ;;
	--append) append=$2 ;;
	--qemu) more=$2 ;;
	--timeout) limit=$2 ;;
	--console) console=$2 ;;
	--out) out=$2 ;;
	*) die "qemu/run.sh: unknown option $1" ;;
	esac
	shift 2
done
[ $# -gt 0 ] || die "qemu/run.sh: no command"

case $kernel in
stock) kdir=$("$COFS_TOP/scripts/kernel.sh") ;;
debug | uml) kdir=$("$COFS_TOP/scripts/own-kernel.sh" "$kernel") ;;
*) die "qemu/run.sh: no kernel '$kernel': stock, debug or uml" ;;
esac
boot=$("$COFS_TOP/qemu/boot-image.sh" "$kdir")

# The initramfs of this run: the common one, the payload, the command.
run=$(mktemp -d "$COFS_CACHE/run.XXXXXX")
trap 'rm -rf "$run"' EXIT
mkdir -p "$run/rd/payload"
for dir in "${payloads[@]}"; do
	[ -d "$dir" ] || die "qemu/run.sh: no payload directory $dir"
	cp -a "$dir/." "$run/rd/payload/"
done
interactive=
if [ -n "$tty" ]; then
	read -r rows columns < <(stty size 2>/dev/null || echo 24 80)
	interactive="rows $rows columns $columns"
	limit=0
fi
{
	printf 'interactive=%q TERM=%q\n' "$interactive" "${TERM:-dumb}"
	printf 'command=('
	printf ' %q' "$@"
	printf ' )\n'
} >"$run/rd/command"
"$COFS_TOP/scripts/in-root" --chdir "/cache/${run##*/}/rd" sh -euc '
	find . | cpio --quiet -o -H newc -R 0:0 >../payload.cpio'
cat "$boot/initramfs.cpio" "$run/payload.cpio" >"$run/initramfs"
rm -rf "$run/rd" "$run/payload.cpio"

# Files reach the machine as open descriptors: QEMU runs in another root, where their paths mean nothing.
names=() files=()
add_drive() {	# NAME FILE
	[ -r "$2" ] || die "qemu/run.sh: cannot read the drive $2"
	[ ${#1} -le 20 ] || die "qemu/run.sh: drive name $1 is longer than 20 characters"
	local fd
	exec {fd}<"$2"
	names+=("$1") files+=("/dev/fd/$fd")
}
add_drive root "$("$COFS_TOP/qemu/root-image.sh")"
add_drive modules "$boot/modules.ext4"
for drive in "${drives[@]}"; do
	add_drive "${drive%%=*}" "${drive#*=}"
done
exec {console_fd}>"${console:-$run/console}"
: "${out:=$run/out}"
: >"$out"

case $kernel in
uml) . "$COFS_TOP/lab/machine.sh" ;;
*) . "$COFS_TOP/qemu/machine.sh" ;;
esac
if [ -n "$tty" ]; then
	machine_tty
	exit
fi
status=0
timeout --foreground "$limit" "${machine[@]}" </dev/null |
	tee "$out" || status=${PIPESTATUS[0]}
[ "$status" != 124 ] || { say "the guest did not end within $limit s"; exit 124; }
status=$(tail -n 1 "$out" | sed -n 's/^COFS-EXIT \([0-9]*\)$/\1/p')
if [ -z "$status" ]; then
	say "the guest died before its command ended; the console's last lines:"
	tail -n 30 "${console:-$run/console}" >&2
	exit 125
fi
exit "$status"
