#!/bin/bash
# smoke: deploy/host/selftest over a cable that is a veth pair, and over ones that harm what they carry.
source "$(dirname "$0")/lib/smoke.bash"
selftest=$LAB_CHECKOUT/deploy/host/selftest
program=$LAB_BUILD/dataplane/boot/sluice-dataplane

# runs OPTION...: what it prints is in $said, its exit status in $ended.
# In a chroot, whose mounts are apart already, unshare cannot set them apart.
apart=()
unshare --mount true 2>/dev/null || apart=(--propagation unchanged)
runs() {
  # sysfs shows the interfaces of the namespace in which it was mounted.
  said=$(in_ns gw unshare --mount "${apart[@]}" bash -c 'mount -t sysfs sysfs /sys && exec timeout 120 "$@"' bash "$selftest" va vb --seconds 0.2 "$@" 2>&1)
  ended=$?
}
says() { contains "$said" "$1"; }
cable() { # of two receive queues at each end
  in_ns gw ip link add va numrxqueues 2 numtxqueues 2 mtu "$1" type veth peer name vb numrxqueues 2 numtxqueues 2 mtu "$1"
}
whole() { same "$ended $(grep -c '^not ok' <<<"$said")" "0 0" || { echo "$said"; return 1; }; }

lab_down
need "a namespace" ip netns add "$LAB-gw"
mkdir -p "$LAB_DIR"
need "a cable" cable 1500
runs --dataplane "$program"
check "a good cable passes" whole
for part in "va to vb: a packet of 1500 bytes" "vb to va: VLAN 4094, short and full" "va to vb: QinQ 100, 28" "steering at va: each flow keeps" \
  "throughput vb to va, packets of 64 bytes" "restart of the data plane on af_packet:va"; do
  check "tested: $part" says "ok - $part"
done
check "it says how many queues were used" says "2 of 2 queues used"
check "it says how long nothing was forwarded" says "nothing was forwarded for"
check "it says how long the link was gone" says "the link was gone at no time"

runs --dataplane "" --mtu 1600
check "frames that the port does not take are found" says "not ok - va to vb: a packet of 1600 bytes"
check "and end with 1" same "$ended" 1
runs --dataplane /bin/false
check "a data plane that does not start is found" says "not ok - restart of the data plane"

in_ns gw ip link del va
check "jumbo frames: a cable" cable 9000
runs --dataplane ""
check "jumbo frames pass" says "ok - vb to va: a packet of 9000 bytes"
in_ns gw ip link set vb mtu 1500
runs --dataplane "" --mtu 9000
check "an end that takes only short ones is found" says "not ok - va to vb: a packet of 9000 bytes"
in_ns gw ip link del va
runs --dataplane ""
check "a cable that is not there is said" says "no interface"
