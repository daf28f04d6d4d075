# SPDX-License-Identifier: GPL-2.0
# Every target is one script; `make help` lists them.
.PHONY: help modules vm demo check check-debug quick lab bench bench-check profile fuzz mutants pressure stress workloads install install-tools deb deb-check secure-boot kernels docs containerd systemd images test clippy fmt clean distclean

help:
	@echo 'Common:'
	@echo '  make demo         two versions of a server on the stock kernel, their common files in memory once'
	@echo '  make check        every test; the last line is "N passed, N failed, N skipped"'
	@echo '  make quick        build, unit tests, one boot with the short list'
	@echo '                    (LAB=uml: in User Mode Linux, which needs no emulation)'
	@echo '  make lab          every test in User Mode Linux, in minutes; no evidence'
	@echo '                    (TESTS="100 103": only those)'
	@echo '  make bench        instructions, objects, pages and times against erofs and others, as ratios'
	@echo '                    (ROWS="lz4-4k zstd": only works with one of these in their names; PAIRS=redis,nodejs)'
	@echo '  make bench-check  fails where a hot path loses over 3 % against erofs in the same boot'
	@echo '  make profile      the same by function, for the works in ROWS'
	@echo '  make vm           boot the stock kernel to a shell, module loaded'
	@echo '                    (IMG=file MOUNT="-o ..." mounts one image, KERNEL=debug takes the other kernel)'
	@echo 'Parts:'
	@echo '  make modules      build/$$KVER/cofs.ko, linked as build/cofs.ko'
	@echo '  make install      into /lib/modules of the kernel it was built for'
	@echo '  make install-tools  cofsctl, its man pages and completions (PREFIX=/usr/local)'
	@echo '  make deb          Debian packages, in build/deb'
	@echo '  make deb-check    installs and removes them in a Debian 13 with the kernel of backports'
	@echo '  make secure-boot  boots that with Secure Boot, before and after the key of DKMS is enrolled'
	@echo '  make kernels      builds for the kernels of backports, forky and experimental, boots the first two'
	@echo '  make check-debug  the tests in a kernel with KASAN, lockdep, kmemleak'
	@echo '  make test         unit and property tests'
	@echo '  make fuzz         fuzzes the core, TIME seconds for each target (60)'
	@echo '  make mutants      MUTANTS=10000 mutated images in the guest (KERNEL=debug, FIRST=seed, PEER=erofs)'
	@echo '  make pressure     TIME=1800 seconds of compressed reads without memory (KERNEL=stock)'
	@echo '  make stress       TIME=30m of everything at once on images of a PAIR (KERNEL=debug, SEED=number, FAULTS=none)'
	@echo '  make workloads    what others wrote, on cofs and on erofs (WORKLOADS="systemd fio git ...", TYPES=cofs)'
	@echo '  make containerd   two containers of two images, by containerd on cofs, in a guest'
	@echo '  make systemd      mount units of cofs and of erofs, where systemd is PID 1, in a guest'
	@echo '  make docs         Documentation/ as build/docs/, by Sphinx'
	@echo '  make clippy fmt images'
	@echo '  make clean        remove build/'
	@echo '  make distclean    remove the cache too'
	@echo 'Variables: KVER=release  KDIR=prepared tree  COFS_CACHE=directory (~/.cache/cofs)'

export TIME SEED FAULTS WORKLOADS TYPES LIMIT LEAVE MUTANTS FIRST PEER KVER KDIR IMG MOUNT KERNEL PAIR PAIRS COFS_CACHE DESTDIR PREFIX LAB TESTS SMP

modules:
	@scripts/modules.sh
vm:
	@scripts/vm.sh
demo:
	@scripts/demo.sh
check:
	@scripts/check.sh
check-debug:
	@scripts/check.sh --debug
quick:
	@scripts/check.sh --quick
lab:
	@lab/run.sh
install:
	@scripts/install.sh
install-tools:
	@scripts/install-tools.sh
containerd:
	@scripts/containerd.sh
systemd:
	@scripts/systemd.sh
docs:
	@scripts/docs.sh
deb:
	@scripts/deb.sh
deb-check:
	@scripts/deb-check.sh
secure-boot:
	@scripts/secure-boot.sh
kernels:
	@scripts/kernels.sh
images:
	@tests/images.sh
test:
	@scripts/unit.sh
bench:
	@scripts/bench.sh
bench-check:
	@scripts/bench.sh --check
profile:
	@scripts/profile.sh
fuzz:
	@scripts/fuzz.sh
mutants:
	@scripts/mutants.sh
pressure:
	@scripts/pressure.sh
stress:
	@scripts/stress.sh
workloads:
	@scripts/workloads.sh
clippy:
	@scripts/clippy.sh
fmt:
	@scripts/fmt.sh
clean:
	@scripts/clean.sh
distclean:
	@scripts/clean.sh --cache
