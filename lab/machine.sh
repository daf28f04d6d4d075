# SPDX-License-Identifier: GPL-2.0
# What qemu/run.sh starts as the machine: User Mode Linux, a program of this machine. Its own
# messages come before the console's.
# shellcheck shell=bash disable=SC2154

[ -z "$icount$more" ] || die "qemu/run.sh: --icount and --qemu are QEMU's"
# Processes on several CPUs need seccomp.
machine=("$kdir/image/linux" "mem=${mem}M" "ncpus=$smp" seccomp=on noreboot "initrd=$run/initramfs"
	con=null con0="null,fd:$console_fd" ssl=null ssl0=fd:0,fd:1 console=tty0
	loglevel=7 panic=-1 oops=panic printk.time=1)
for i in "${!names[@]}"; do
	machine+=("ubd${i}r=${files[i]},,${names[i]}")
done
# shellcheck disable=SC2206
machine+=($append)

machine_tty() { "${machine[@]}"; }
