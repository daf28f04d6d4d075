# SPDX-License-Identifier: GPL-2.0
# What qemu/run.sh starts as the machine: QEMU, in the trixie root.
# shellcheck shell=bash disable=SC2154

accel=$("$COFS_TOP/qemu/accel.sh" "$kdir" "$boot")
cpu=max
# KASAN asks the feature bits how many levels page tables have. While identify_cpu() has cleared those, it
# takes the direct map of five levels for no memory, if an interrupt comes.
[ "$kernel" != debug ] || cpu=max,-la57
if [ -n "$icount" ]; then
	# Idle time passes at once: a busy host's disk seems to take minutes.
	append+=" sysctl.kernel.hung_task_timeout_secs=0"
	# rep movsb would count each byte as an instruction.
	accel=tcg,thread=single cpu=max,-erms,-fsrm smp=1
fi

machine=("$COFS_TOP/scripts/in-root" --chdir /
	qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot
	-accel "$accel" -cpu "$cpu" -smp "$smp" -m "$mem"
	-kernel "/cache/${kdir##*/}/image/vmlinuz" -initrd "/cache/${run##*/}/initramfs"
	-append "console=ttyS0 loglevel=7 panic=-1 oops=panic printk.time=1 random.trust_cpu=on tsc=reliable no_timer_check $append"
	-serial "file:/dev/fd/$console_fd"
	-device virtio-serial-pci -chardev stdio,id=out -device virtconsole,chardev=out)
place=
for i in "${!names[@]}"; do
	# The bus has 32 slots. Many drives share some, eight to each.
	[ ${#names[@]} -le 20 ] ||
		printf -v place ',multifunction=on,addr=%x.%x' $((8 + i / 8)) $((i % 8))
	machine+=(-drive "id=drive-${names[i]},if=none,format=raw,readonly=on,file=${files[i]},file.locking=off"
		-device "virtio-blk-pci,drive=drive-${names[i]},serial=${names[i]}$place")
done
# shellcheck disable=SC2206
machine+=($more)
[ -z "$icount" ] || machine+=(-icount "shift=0,sleep=off")

# QEMU's stdio leaves ^C to the guest with signal=off.
machine_tty() { "${machine[@]/stdio,id=out/stdio,id=out,signal=off}"; }
