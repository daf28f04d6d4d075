#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# Workloads that others wrote, on the type cofs and on erofs, from the same images: an LZ4 image of a Debian root,
# and a plain one of a kernel's source. Ends with a table, also in build/workloads/table.
#
#   WORKLOADS="systemd fio ..."   some of them, in this order
#   TYPES="cofs"                  on one type only
#   LIMIT=SECONDS                 for each workload (1800)
. "$(dirname "$0")/lib.sh"
need_root "$@"
cd "$COFS_TOP"

all=(systemd fio git compileall kernel stress-ng pgbench pg_regress)
read -ra names <<<"${WORKLOADS:-${all[*]}}"
read -ra types <<<"${TYPES:-cofs erofs}"
: "${LIMIT:=1800}"
for name in "${names[@]}"; do
	[[ " ${all[*]} " == *" $name "* ]] || die "no workload '$name': there are ${all[*]}"
done
out=${OUT:-build/workloads}
mkdir -p "$out"
: >"$out/results"

module=$(env -u KDIR scripts/modules.sh)
work=$(scripts/workloads/image.sh)
source=$(scripts/workloads/source.sh)
payload=$out/payload
rm -rf "$payload"
mkdir -p "$payload/tests"
cp "$module" "$payload/cofs.ko"
cp -a tests/workloads "$payload/tests/workloads"
cp -a tests/workloads/root "$payload/root"

# boot NAME TYPE OPTION... -- COMMAND: one guest, its results taken from what it says.
faults=()
boot() {
	local name=$1 type=$2 status=0 log=$out/$1-$2
	shift 2
	(step 300 "$name on $type" "$log.log" qemu/run.sh --payload "$payload" --mem 3072 \
		--drive "work=$work" --drive "source=$source" --console "$log.console" --out "$log.out" "$@") || status=$?
	[ $status = 0 ] || faults+=("$name on $type: status $status, see $log.out")
	qemu/check-dmesg.sh "$log.console" || faults+=("$name on $type: the kernel complained, see $log.console")
	sed -n 's/^workload: //p' "$log.out" >>"$out/results"
}

inside=()
for name in "${names[@]}"; do
	[ "$name" = systemd ] || inside+=("$name")
done
for type in "${types[@]}"; do
	if [[ " ${names[*]} " == *" systemd "* ]]; then
		boot systemd "$type" --timeout "$LIMIT" --append "cofs_root=$type systemd.getty_auto=no" -- true
	fi
	if [ ${#inside[@]} -gt 0 ]; then
		boot workloads "$type" --timeout $((LIMIT * ${#inside[@]})) -- \
			env LIMIT="$LIMIT" tests/workloads/guest.sh "$type" "${inside[@]}"
	fi
done

printf '%-12s %-6s %-5s %7s  %s\n' workload type "" seconds result >"$out/table"
for name in "${names[@]}"; do
	for type in "${types[@]}"; do
		line=$(grep -m1 "^$name $type " "$out/results") || {
			line="$name $type fail 0 no result"
			faults+=("$name on $type: no result")
		}
		read -r _ _ verdict seconds text <<<"$line"
		printf '%-12s %-6s %-5s %7s  %s\n' "$name" "$type" "$verdict" "$seconds" "$text" >>"$out/table"
	done
done
cat "$out/table"
[ ${#faults[@]} = 0 ] || { printf 'cofs: %s\n' "${faults[@]}" >&2; exit 1; }
