#!/bin/bash
# smoke: deploy/host/setup on machines that are made up: what it finds, refuses, writes and takes back; nothing of this host is touched.
set -uo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
setup=$root/deploy/host/setup
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 143' INT TERM HUP
failed=0

# ---- a machine: a sysfs tree, files below a root, and an `ip` that knows who comes in where
machine() {
  sys=$work/$1/sys at=$work/$1/root
  mkdir -p "$sys"/{bus/pci/devices,bus/pci/drivers/vfio-pci,class/net,class/iommu,kernel/mm/hugepages/hugepages-2048kB,devices/system/cpu} "$at/etc/sluice" "$work/$1/bin"
  : >"$sys/bus/pci/drivers_probe"
  echo 0 >"$sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"
  echo 0-7 >"$sys/devices/system/cpu/online"
  mkdir -p "$sys/devices/system/node/node"{0,1}
  echo 0-3 >"$sys/devices/system/node/node0/cpulist"
  echo 4-7 >"$sys/devices/system/node/node1/cpulist"
  cp "$root/deploy/conf/dataplane.conf" "$at/etc/sluice/"
  printf '#!/bin/sh\n[ "$2$3" = addressshow ] && [ "$4" = dev ] && exit 0\n[ "$2$3" = addressshow ] && echo "2: %s inet 192.0.2.7/24 scope global"\n[ "$2$3" = routeshow ] && [ -n "%s" ] && echo "default via 192.0.2.1 dev %s"\nexit 0\n' \
    "$2" "$3" "$3" >"$work/$1/bin/ip"
  chmod +x "$work/$1/bin/ip"
  bin=$work/$1/bin
}
# card ADDRESS DRIVER INTERFACE NUMA [IOMMU GROUP]
card() {
  local device=$sys/bus/pci/devices/$1
  mkdir -p "$device" "$sys/bus/pci/drivers/$2"
  echo 0x020000 >"$device/class"
  echo "$4" >"$device/numa_node"
  : >"$device/driver_override"
  : >"$sys/bus/pci/drivers/$2/unbind"
  ln -s "../../drivers/$2" "$device/driver"
  local net=$device/net
  [[ $2 != virtio-pci ]] || net=$device/virtio1/net
  mkdir -p "$net/$3"
  echo up >"$net/$3/operstate"
  ln -s "$net/$3" "$sys/class/net/$3"
  if [[ -n ${5:-} ]]; then
    mkdir -p "$sys/kernel/iommu_groups/$5/devices" "$sys/class/iommu/dmar0"
    ln -s "$device" "$sys/kernel/iommu_groups/$5/devices/$1"
    ln -s "$sys/kernel/iommu_groups/$5" "$device/iommu_group"
  fi
}
# What the kernel would do with what was written.
bound() {
  rm "$sys/bus/pci/devices/$1/driver"
  ln -s "../../drivers/$2" "$sys/bus/pci/devices/$1/driver"
  [[ $2 != vfio-pci ]] || rm -rf "$sys/bus/pci/devices/$1/net" "$sys/class/net/$3"
}
session='198.51.100.20 50000 192.0.2.7 22'
run() { # run [OPTION...]: out, code
  out=$(SSH_CONNECTION=$session PATH=$bin:$PATH "$setup" --sysfs "$sys" --root "$at" "$@" 2>&1 </dev/null)
  code=$?
}
tree() { (cd "$work/$1" && find . -type f ! -path './bin/*' -exec md5sum {} + | sort -k 2); }

check() { # check NAME COMMAND...
  local name=$1
  shift
  if "$@"; then echo "ok - $name"; else echo "not ok - $name"; printf '%s\n' "$out" | sed 's/^/    /'; failed=1; fi
}
has() { [[ $out == *"$1"* ]]; }
gave() { ((code == $1)) && has "$2"; }
conf() { grep -qFx "$1" "$at/etc/sluice/dataplane.conf"; }
file() { [[ $(<"$1") == "$2" ]]; }

# ---- Intel, with an IOMMU, two NUMA nodes
machine intel eth0 eth0
card 0000:00:1f.6 e1000e eth0 0 1
card 0000:81:00.0 ixgbe ens1f0 1 20
card 0000:81:00.1 ixgbe ens1f1 1 21
run
check "intel: all ports are shown with driver and link" gave 0 "0000:81:00.0  ens1f0     ixgbe      up     1     20     vfio-pci"
check "intel: the admin's own is marked" has "your session comes in here"
before=$(tree intel)
run --pair iplc-sg ens1f0 ens1f1 --fail closed --workers 2 --dry-run
check "intel: a dry run says what it would do" gave 0 "would: gives 0000:81:00.0 to vfio-pci"
check "intel: and does nothing" test "$before" == "$(tree intel)"
run --pair iplc-sg ens1f0 eth0 --fail closed
check "intel: the session's own port is refused" gave 1 "you would lock yourself out"
run --pair iplc-sg ens1f0 ens1f0 --fail closed
check "intel: a port named twice is refused" gave 2 "named twice"
run --pair iplc-sg ens1f0 ens9 --fail closed
check "intel: a port that is not there is refused" gave 1 "no such port"
run --pair '; reboot' ens1f0 ens1f1 --fail closed
check "intel: what is no line's name is refused" gave 2 "not a line's name"
run --pair iplc-sg ens1f0 ens1f1
check "intel: nobody has decided between open and closed: refused, and both are explained" gave 2 "--fail open     the kernel bridges the ports"
run --pair iplc-sg ens1f0 ens1f1 --fail closed --pair other eth7 eth8
check "intel: each pair wants a decision of its own" gave 2 "other: what becomes of the line"
run --fail open --pair iplc-sg ens1f0 ens1f1
check "intel: a decision belongs to the pair before it" gave 2 "belongs to the --pair before it"
check "intel: nothing was done by any of these" test "$before" == "$(tree intel)"
run --pair iplc-sg ens1f0 ens1f1 --fail closed --workers 2
check "intel: it is set up" gave 0 "ready: systemctl enable --now sluice"
check "intel: vfio-pci is asked for" file "$sys/bus/pci/devices/0000:81:00.0/driver_override" vfio-pci
check "intel: the kernel's driver lets go" file "$sys/bus/pci/drivers/ixgbe/unbind" 0000:81:00.1
check "intel: PAIRS" conf 'PAIRS="--pair iplc-sg 0000:81:00.0 0000:81:00.1"'
check "intel: FAIL" conf 'FAIL="iplc-sg=closed"'
check "intel: FOLLOW" conf 'FOLLOW=""'
check "intel: cores of the ports' node" conf 'CORES="--cores 6,7"'
check "intel: huge pages" conf 'HUGE="--huge"'
check "intel: huge pages are reserved" file "$sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages" 512
check "intel: cores are isolated" grep -q 'isolcpus=6,7 nohz_full=6,7 rcu_nocbs=6,7"' "$at/etc/default/grub.d/sluice.cfg"
check "intel: and a reboot is asked for" has REBOOT
bound 0000:81:00.0 vfio-pci ens1f0
bound 0000:81:00.1 vfio-pci ens1f1
before=$(tree intel)
run --pair iplc-sg 0000:81:00.0 0000:81:00.1 --fail closed --workers 2
check "intel: a second time changes nothing" test "$code $before" == "0 $(tree intel)"
changes() { [[ $(cut -d' ' -f2- "$at/var/lib/sluice/lines.log" | paste -sd,) == "$1" ]]; }
run --forwards
run --gone
check "intel: closed: its link goes with the data plane" gave 0 "iplc-sg is closed"
check "intel: closed: vfio-pci keeps the ports" test ! -e "$sys/bus/pci/drivers/vfio-pci/unbind"
check "intel: closed: it is noted" changes "iplc-sg gateway,iplc-sg closed"
run --pair iplc-sg 0000:81:00.0 0000:81:00.1 --fail open --follow --workers 2
check "intel: FAIL, decided anew" conf 'FAIL="iplc-sg=open"'
check "intel: FOLLOW, for this line" conf 'FOLLOW="--follow iplc-sg"'
run --forwards
: >"$sys/bus/pci/drivers/vfio-pci/unbind"
mkdir -p "$sys/bus/pci/devices/0000:81:00."{0/net/ens1f0,1/net/ens1f1}  # which the kernel's driver would make
run --gone
check "intel: open: it says so aloud" gave 0 "iplc-sg is OPEN: the data plane is gone, the kernel bridges ens1f0 and ens1f1"
check "intel: open: the kernel's driver gets the ports back first" file "$sys/bus/pci/drivers/vfio-pci/unbind" 0000:81:00.1
check "intel: open: it is noted" changes "iplc-sg gateway,iplc-sg closed,iplc-sg gateway,iplc-sg open"
printf '#!/bin/sh\necho "$@" >>%s\n[ ! -e %s ]' "$at/bypassed" "$at/broken" >"$at/etc/sluice/bypass"
chmod +x "$at/etc/sluice/bypass"
: >"$sys/bus/pci/drivers/vfio-pci/unbind"
run --gone
check "intel: open: a bypass card's hook is asked" file "$at/bypassed" "iplc-sg on"
check "intel: open: and the ports stay where they are" file "$sys/bus/pci/drivers/vfio-pci/unbind" ''
: >"$at/broken"
run --gone
check "intel: open: where it fails, the kernel bridges" has "the kernel bridges ens1f0 and ens1f1"
rm -r "$sys/bus/pci/devices/0000:81:00."{0,1}/net "$at/bypassed" "$at/broken"
run --ready
check "intel: the next start takes the bypass off" file "$at/bypassed" "iplc-sg off"
sed -i 's/^FAIL=.*/FAIL=""/' "$at/etc/sluice/dataplane.conf"
run --gone
check "intel: a file in which nobody decided: nothing is done, and it says so" gave 0 "nobody decided between open and closed"
rm -r "$at/etc/sluice/bypass" "$at/bypassed" "$at/var/lib/sluice/lines.log" "$at/run"
run
check "intel: a port that vfio-pci has is still shown" has "0000:81:00.0  -          vfio-pci"
: >"$sys/bus/pci/drivers/vfio-pci/unbind"
run --undo
check "intel: all is taken back" gave 0 "nothing is left of it"
check "intel: the override is gone" file "$sys/bus/pci/devices/0000:81:00.0/driver_override" ''
check "intel: vfio-pci lets go" file "$sys/bus/pci/drivers/vfio-pci/unbind" 0000:81:00.1
check "intel: dataplane.conf is as it was" diff "$root/deploy/conf/dataplane.conf" "$at/etc/sluice/dataplane.conf"
check "intel: huge pages are as they were" file "$sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages" 0
check "intel: no file is left" test -z "$(find "$at" -type f ! -name dataplane.conf)"
run --undo
check "intel: a second undo finds nothing to do" gave 0 "nothing is left of it"

# ---- Intel, no IOMMU: AF_PACKET for now
machine plain eth0 eth0
card 0000:00:1f.6 e1000e eth0 -1
card 0000:03:00.0 igc enp3s0 -1
card 0000:04:00.0 igc enp4s0 -1
run --pair iplc-sg enp3s0 enp4s0 --fail closed
check "no IOMMU: AF_PACKET, and why" gave 0 "0000:03:00.0: af_packet: no IOMMU"
check "no IOMMU: PAIRS" conf 'PAIRS="--pair iplc-sg af_packet:enp3s0 af_packet:enp4s0"'
check "no IOMMU: the next boot asks for one" grep -q intel_iommu=on "$at/etc/default/grub.d/sluice.cfg"
dropin=$at/etc/systemd/system/sluice-dataplane.service.d/50-af-xdp.conf
check "AF_PACKET: the service gets no further right" test ! -e "$dropin"
run --pair iplc-sg enp3s0 enp4s0 --fail closed --driver af_xdp
check "AF_XDP where it is asked for" conf 'PAIRS="--pair iplc-sg af_xdp:enp3s0 af_xdp:enp4s0"'
check "AF_XDP: the service may load BPF" grep -q '^AmbientCapabilities=CAP_BPF ' "$dropin"
check "AF_XDP: and opens its sockets" grep -qx 'RestrictAddressFamilies=AF_NETLINK AF_XDP' "$dropin"
run --pair iplc-sg enp3s0 enp4s0 --fail closed
check "AF_PACKET again: it may no more" test ! -e "$dropin"
run --pair iplc-sg enp3s0 enp4s0 --fail closed --driver vfio-pci
check "no IOMMU: vfio-pci cannot be forced" gave 1 "not with vfio-pci: no IOMMU"

# ---- both ports in a group with the management port
machine group eth0 eth0
card 0000:02:00.0 igb eth0 0 7
card 0000:02:00.1 igb eth1 0 7
card 0000:02:00.2 igb eth2 0 7
run --pair iplc-sg eth1 eth2 --fail closed
check "one IOMMU group: the host's port in it is named" gave 0 "its IOMMU group has 0000:02:00.0 too"
check "one IOMMU group: AF_PACKET" conf 'PAIRS="--pair iplc-sg af_packet:eth1 af_packet:eth2"'

# ---- a card of DPDK's and one that is not
machine mixed eth0 eth0
card 0000:01:00.0 r8169 eth0 -1 3
card 0000:02:00.0 r8169 enp2s0 -1 4
card 0000:03:00.0 igc enp3s0 -1 5
run --pair iplc-sg enp2s0 enp3s0 --fail open --follow
check "mixed: links cannot follow each other" gave 1 "--follow wants two ports by vfio-pci, or none"
run --pair iplc-sg enp2s0 enp3s0 --fail open --follow --driver af_packet
check "mixed: by AF_PACKET they can" conf 'FOLLOW="--follow iplc-sg"'

# ---- Realtek
machine realtek eth0 eth0
card 0000:01:00.0 r8169 eth0 -1 3
card 0000:02:00.0 r8169 enp2s0 -1 4
card 0000:03:00.0 r8169 enp3s0 -1 5
run --pair iplc-sg enp2s0 enp3s0 --fail closed
check "realtek: AF_PACKET, and why" gave 0 "af_packet: DPDK drives no r8169 card"
check "realtek: no huge pages, no isolated cores" test ! -e "$at/etc/sysctl.d/60-sluice.conf" -a ! -e "$at/etc/default/grub.d/sluice.cfg"

# ---- virtio, on a console
machine virtio eth0 eth0
card 0000:00:03.0 virtio-pci eth0 -1
card 0000:00:04.0 virtio-pci eth1 -1
card 0000:00:05.0 virtio-pci eth2 -1
session=''
run --pair iplc-sg eth1 eth2 --fail closed
check "virtio: AF_PACKET" conf 'PAIRS="--pair iplc-sg af_packet:eth1 af_packet:eth2"'
run --pair iplc-sg eth0 eth2 --fail closed
check "virtio: the default route's port is management" gave 1 "it is the management port"
ln -s nowhere "$sys/class/net/eth1/master"
run --pair iplc-sg eth1 eth2 --fail closed
check "virtio: a bridge's port is refused" gave 1 "belongs to a bridge"
ln -sfn ../sluice-fail1 "$sys/class/net/eth1/master"
run --pair iplc-sg eth1 eth2 --fail closed
check "virtio: but not that of a line that is open for now" gave 0 ready

# ---- a console, no route: nothing tells which port is the admin's
machine lost eth0 ''
card 0000:00:03.0 igb eth0 0
card 0000:00:04.0 igb eth1 0
card 0000:00:05.0 igb eth2 0
run --pair iplc-sg eth1 eth2 --fail closed
check "no session, no route: a management port is asked for" gave 1 "--management IFACE says so"
run --pair iplc-sg eth1 eth2 --fail closed --management eth0
check "no session, no route: with it, it goes on" gave 0 ready

# ---- control stops: a systemctl whose data plane has these jobs, one at each look, and then none
jobs() {
  : >"$at/looks"
  printf '#!/bin/bash\nwanted=(%s)\necho look >>%s\nlooks=$(wc -l <%s)\n[[ -z ${wanted[looks - 1]} ]] || echo "  7 sluice-dataplane.service ${wanted[looks - 1]} running"\n' \
    "$1" "$at/looks" "$at/looks" >"$bin/systemctl"
  chmod +x "$bin/systemctl"
}
looked() { test "$(wc -l <"$at/looks")" -eq "$1"; }
jobs "stop stop stop"
run --outlast
check "control stops after a data plane that is stopped with it" looked 4
jobs "restart restart start start start"
run --outlast
check "and once one that is restarted with it is down" looked 3
jobs ""
run --outlast
check "alone it stops at once" looked 1
rm "$bin/systemctl"

# ---- a single card
machine single eth0 eth0
card 0000:00:03.0 igb eth0 0
session='198.51.100.20 50000 192.0.2.7 22'
run --pair iplc-sg eth0 eth0 --fail closed
check "a single port, with the session on it, is refused" gave 1 "lock yourself out"

for wrong in '--pair a b' '--pair a b c --fail' '--pair a b c --fail shut' '--follow' '--workers 0' '--workers 65' '--driver e1000' '--frob' '--management'; do
  # shellcheck disable=SC2086
  run $wrong
  check "wrong command line: $wrong" test "$code" -eq 2
done
exit "$failed"
