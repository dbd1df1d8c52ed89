#!/bin/bash
# smoke: the failures of deploy/FAILURES.md, each caused under traffic and measured: how long nothing was forwarded, what was lost, wrong verdicts.
#
#   failures.sh [NAME...]      the failures of those names; all but the slow ones if none is said; `all`
#   failures.sh --names        prints them
# shellcheck disable=SC2317  # main calls the functions by name
failures=(killed-closed killed-open both-killed image-corrupt disk-read-only clock-set-back link-follow cable-pulled memory-short policy-gone resolver-gone)
slow=(worker-hung crash-loop power-cut)
[[ " $* " != *' --help '* ]] || { sed -n '4,5s/^# *//p' "$0"; exit; }
[[ ${1:-} != --names ]] || { printf '%s\n' "${failures[@]}" "${slow[@]}"; exit; }
source "$(dirname "$0")/lib/smoke.bash"
source "$(dirname "$0")/lib/traffic.bash"
source "$(dirname "$0")/lib/log.bash"
source "$(dirname "$0")/lib/clock.bash"
source "$(dirname "$0")/lib/service.bash"
TRAFFIC_UNDER_WAY_S=0.3
asker=10.20.1.8 news=198.51.100.12 bets=198.51.100.13

control_start() { lab_control_start "$LAB_DIR/policies" --lines-log "$LAB_DIR/host/var/lib/sluice/lines.log"; }
disk_down() {
  local each
  for each in log control dataplane power; do ! mountpoint -q "$LAB_DIR/$each" || umount -l "$LAB_DIR/$each"; done
}
trap 'code=$?; disk_down; (exit "$code"); smoke_finish' EXIT

# ---- what is measured
# begin: datagrams to headquarters, a thousand a second, which a rule allows whatever is remembered; and requests, whose verdicts are
# known.
begin() {
  recorded_before=$(recorded)
  numbered_start hq 10.64.3.2 1000
  lab_spawn verdicts staff "$SMOKE_LIB/verdicts.py" $asker $news news.example $bets luckybet.example
  sleep 0.5
}
# end NAME: in $gap_ms, $sent, $received, $right, $silent, $wrong, $unlogged; and said.
end() {
  sleep 0.5
  lab_stop verdicts
  traffic_stop
  gap_ms=$gap  # one each millisecond
  right=$(field verdicts right) silent=$(field verdicts silent) wrong=$(field verdicts wrong)
  lab_wait 3 all_recorded
  unlogged=$((right + wrong + recorded_before - $(recorded)))
  echo "    measured: $1: $gap_ms ms without forwarding, $((sent - received)) of $sent datagrams lost; of requests $right had the right answer, $wrong a wrong one, $silent none; $unlogged answered without a record"
}
# Requests of the kind that `begin` makes that stand in the log.
recorded() {
  lab_records | python3 -c '
import json, sys
lines = map(json.loads, sys.stdin)
print(sum(line.get("source", {}).get("ip") == "10.20.1.8" and line["network"].get("protocol") == "http" and "ended" not in line["sluice"]
          and line.get("destination", {}).get("domain") in ("news.example", "luckybet.example") for line in lines))'
}
all_recorded() { (($(recorded) - recorded_before >= right + wrong)); }
no_wrong() { same "$wrong wrong" "0 wrong"; }
# One that got no answer may have its record all the same.
nothing_unlogged() { at_most "$unlogged" 0; }
nothing_passes() { ! in_ns staff curl -s -m 1 -o /dev/null --resolve news.example:80:$news http://news.example/; }
enforces() { page_is staff http://luckybet.example/ 403 && page_is staff http://news.example/ 200; }
carrier_is() { in_ns "$1" ip -o link show "$2" | grep -q "$([[ $3 == up ]] && echo LOWER_UP || echo NO-CARRIER)"; }
# ms_until COMMAND...: how long it takes until the command succeeds.
ms_until() {
  local began=$EPOCHREALTIME
  until "$@" >/dev/null 2>&1; do
    (($(ms_since "$began") < 15000)) || return
    sleep 0.005
  done
  ms_since "$began"
}
ms_since() { awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%d", (b - a) * 1000 }'; }

# A download of some seconds, and whether it comes whole.
download_begin() {
  head -c 40M /dev/urandom >"$LAB_DIR/www/big"
  lab_spawn download staff curl -s -m 30 --limit-rate 8M -o "$LAB_DIR/got" --resolve news.example:80:$news http://news.example/big
}
download_whole() {
  lab_wait 30 download_ended
  cmp "$LAB_DIR/got" "$LAB_DIR/www/big"
}
download_ended() { ! lab_alive download; }

# ---- the data plane
killed-closed() {
  service_decides closed
  begin
  service_kill away
  check "closed: the LAN's switch sees it" lab_wait 2 carrier_is lan to-gw down
  check "closed: the line's router sees it" lab_wait 2 carrier_is line eth0 down
  check "closed: nothing passes" nothing_passes
  back=$(ms_until service_back)
  end "killed, closed, and back"
  echo "    measured: from the order to start until it forwards: $back ms"
  check "closed: the links are back" carrier_is line eth0 up
  check "closed: no verdict was wrong" no_wrong
  check "closed: it is noted" contains "$(line_changes)" "gateway closed gateway"
  begin
  download_begin
  sleep 0.5
  check "killed: a connection is open" lab_alive download
  service_kill
  lab_wait 20 service_forwards
  check "killed: an open connection goes on, as midstream says" download_whole
  end "killed, and started again at once"
  check "killed: the last good policy holds" no_wrong
  check "killed: it forwards again within 15 s" at_most "$gap_ms" 15000
}

# One frame of each kind from the LAN to the line, as neighbours send them; what arrives of them.
frames_through() {
  in_ns line timeout 3 python3 -c '
import socket, sys
port = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
port.bind(("eth0", 3)); port.settimeout(2); seen = set()
print("ready", flush=True)
try:
    while len(seen) < 4:
        frame = port.recv(2048)
        if b"failures-" in frame: seen.add(frame[frame.index(b"failures-") + 9:].split(b".")[0].decode())
except TimeoutError: pass
print(*sorted(seen))' >"$LAB_DIR/frames" 2>&1 &
  local taker=$!
  lab_wait 3 grep -q ready "$LAB_DIR/frames"
  in_ns lan python3 -c '
import socket
port = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
port.bind(("to-gw", 0))
own = bytes.fromhex("020053c00001")
for kind, to, rest in (("stp", "0180c2000000", b"\x00\x40\x42\x42\x03"), ("lldp", "0180c200000e", b"\x88\xcc"), ("lacp", "0180c2000002", b"\x88\x09"),
                       ("vlan", "020053c00002", b"\x81\x00\x00\x1c\x08\x00")):
    port.send(bytes.fromhex(to) + own + (rest + b"failures-" + kind.encode() + b".").ljust(60, b"\0"))'
  wait $taker
  same "$(tail -n 1 "$LAB_DIR/frames")" "lacp lldp stp vlan"
}
killed-open() {
  service_decides open
  begin
  service_kill away
  check "open: a listed name opens, unjudged" lab_wait 3 page_is staff http://luckybet.example/ 200
  check "open: tags, LLDP, LACP and spanning tree pass as on a wire" frames_through
  check "open: the host has no address there" same "$(in_ns gw ip -o address show dev sluice-fail1)" ""
  check "open: it says so aloud" grep -q 'iplc-sg is OPEN: .*nothing is judged, nothing is logged' "$LAB_DIR/setup.log"
  check "open: so does status" contains "$(lab_ctl status)" "iplc-sg is OPEN, unjudged and not logged, without the gateway, since"
  check "open: the gateway comes back" service_back
  check "open: status remembers it" contains "$(lab_ctl status)" "iplc-sg was OPEN"
  check "open: nothing is left of the bridge" same "$(in_ns gw ip -o link show type bridge)" ""
  check "open: it is judged again" enforces
  end "killed, open, and back"
  check "open: the line was never gone for longer than 15 s" at_most "$gap_ms" 15000
  check "open: nothing came twice" same "$doubled $changed" "0 0"
  check "open: it is noted" contains "$(line_changes)" "gateway open gateway"
  service_decides closed
}
worker-hung() {
  local worker
  begin
  worker=$(grep -lx 'lcore-worker-1\|rte-worker-1\|lcore-worker-01' /proc/"$(lab_pid dataplane)"/task/*/comm | head -n1 | cut -d/ -f5)
  rm -f "$LAB_DIR/gone"
  lab_spawn holder gw "$SMOKE_LIB/hold_thread.py" "$worker"
  check "hung: the watchdog ends the process" lab_wait 20 service_gone
  check "hung: it comes back" lab_wait 20 service_forwards
  end "worker hung"
  check "hung: no verdict was wrong" no_wrong
  check "hung: it forwards again within 60 s" at_most "$gap_ms" 60000
}
# It ends at each start, for there is a file where its state belongs.
crash-loop() {
  local each open=0
  service_decides open
  mv "$LAB_DIR/dataplane" "$LAB_DIR/dataplane.aside" && touch "$LAB_DIR/dataplane"
  service_kill
  sleep 1
  for each in {1..24}; do
    [[ $(page staff http://luckybet.example/) != 200 ]] || ((++open))
    sleep 0.5
  done
  echo "    measured: data plane that ends at each start: the line was open at $open of 24 looks"
  check "crash loop: the line is open for most of the time" test "$open" -ge 18
  rm "$LAB_DIR/dataplane" && mv "$LAB_DIR/dataplane.aside" "$LAB_DIR/dataplane"
  check "crash loop: once it starts, it forwards" lab_wait 30 service_forwards
  check "crash loop: and judges" lab_wait 10 enforces
  service_decides closed
}
both-killed() {
  begin
  lab_stop control KILL
  service_kill
  lab_wait 20 service_forwards
  check "both killed: a listed name is blocked before control is back" page_is staff http://luckybet.example/ 403
  check "both killed: an open one is open" page_is staff http://news.example/ 200
  need "both killed: control comes back" control_start
  end "both killed"
  check "both killed: no verdict was wrong" no_wrong
  check "both killed: the log is whole, and says what it may lack" log_unaltered
}
image-corrupt() {
  local image
  image=$(find "$LAB_DIR/dataplane" -type f -size +1k | head -n 1)
  begin
  service_kill away
  printf '\xff\xff\xff\xff' | dd of="$image" bs=1 seek=4000 conv=notrunc status=none
  service_back
  check "image corrupt: it is refused, and says so" grep -Eiq 'no last good policy' "$LAB_DIR/dataplane.log"
  echo "    measured: control's own is in force $(ms_until enforces) ms later"
  end "image corrupt"
  check "image corrupt: no verdict was wrong" no_wrong
}

# ---- the power and the disk
# on_disk IMAGE: what both keep lies there. Nothing goes to that disk by itself, only what is synced.
on_disk() {
  local each
  mkdir -p "$LAB_DIR/power" && mount -o loop,commit=600 "$1" "$LAB_DIR/power" || return
  for each in dataplane control log; do mount --bind "$LAB_DIR/power/$each" "$LAB_DIR/$each" || return; done
}
power-cut() {
  local image=$LAB_DIR/disk left=$LAB_DIR/left stage=$LAB_DIR/stage toggled=$LAB_DIR/policies/00-toggle.yaml
  lab_stop control
  service_kill away
  mkdir "$stage" && cp -a "$LAB_DIR"/{dataplane,control,log} "$stage/"
  truncate -s 96M "$image" && mkfs.ext4 -q -F -E lazy_itable_init=0,lazy_journal_init=0 -d "$stage" "$image"
  if ! on_disk "$image" 2>/dev/null; then
    echo "    no loop device here: a power cut was not tried"
    disk_down
    service_back && control_start
    return
  fi
  service_back
  need "power cut: control on that disk" control_start
  begin
  sleep 1
  echo 'rules: [{name: toggled, from: [staff], to: [office.example], action: block}]' >"$toggled"
  check "power cut: a policy is applied" lab_ctl apply --yes --no-preview --wait --reason test
  sleep 1  # it is kept once it is in force
  # All that runs and every page that is not on the disk goes at once; what is on it is what the next boot finds.
  kill -KILL "$(lab_pid control)"
  service_kill away
  cp --sparse=always "$image" "$left"
  lab_stop control
  disk_down
  need "power cut: the disk's file system is whole" on_disk "$left"
  service_back
  check "power cut: the policy that was last in force is, before control is back" page_is staff http://office.example/ 403
  need "power cut: control comes back" control_start
  check "power cut: and it knows no other" page_is staff http://office.example/ 403
  end "power cut"
  check "power cut: no verdict was wrong" no_wrong
  check "power cut: the log is whole" log_unaltered
  check "power cut: and says what it may lack" grep -q '"unclean-stop"' <(lab_records)
  lab_stop control
  service_kill away
  disk_down
  rm "$toggled"
  service_back && control_start
}

# ---- the clock, and a disk that refuses
# Another mount namespace, or a loop device that is still being let go, would bring the broken one back.
let_go() { [[ -z $(losetup -j "$1") ]]; }
mended() { umount "$2" && { lab_wait 10 let_go "$1" || { losetup -j "$1"; return 1; }; } && { e2fsck -fy "$1"; (($? < 4)); } && mount -o loop,errors=remount-ro "$1" "$2"; }
disk_refuses() { (($(metric '^sluice_log_errors_total') > 0)); }
disk-read-only() {
  local folder=$LAB_DIR/log image=$LAB_DIR/disk fault
  lab_stop control
  truncate -s 64M "$image" && mkfs.ext4 -q -F "$image" && mkdir -p "$LAB_DIR/log.aside" && mv "$folder" "$LAB_DIR/log.aside/" && mkdir "$folder"
  if ! mount -o loop,errors=remount-ro "$image" "$folder" 2>/dev/null; then
    echo "    no loop device here: a disk that becomes read-only was not tried"
    rmdir "$folder" && mv "$LAB_DIR/log.aside/log" "$folder" && control_start
    return
  fi
  need "read-only: control on a disk of its own" control_start
  begin
  fault=/sys/fs/ext4/$(basename "$(findmnt -n -o SOURCE "$folder")")/trigger_fs_error
  echo "a test" >"$fault"
  check "read-only: the disk is" lab_wait 3 bash -c "! touch $folder/probe"
  check "read-only: control says that the disk refuses" lab_wait 5 disk_refuses
  check "read-only: names are judged" enforces
  # An admin mends it.
  lab_stop control
  check "read-only: the disk is mended" mended "$image" "$folder"
  need "read-only: control on the mended disk" control_start
  end "disk read-only"
  check "read-only: no verdict was wrong" no_wrong
  check "read-only: no datagram was lost" same "$((sent - received))" 0
  check "read-only: what came meanwhile is written" nothing_unlogged
  check "read-only: the log is whole" log_unaltered
  lab_stop control
  umount "$folder" && rmdir "$folder" && mv "$LAB_DIR/log.aside/log" "$folder" && control_start
}
# recorded_at WHEN: some record bears this minute of then, or the one before. All are read: who writes them must not meet a closed pipe.
recorded_at() { lab_records | grep -E "\"@timestamp\":\"($(date -u -d "$1" +%FT%H:%M)|$(date -u -d "$1 1 minute ago" +%FT%H:%M))" >/dev/null; }
clock-set-back() {
  begin
  moved -3600
  sleep 1
  check "clock set back an hour: names are judged" enforces
  check "clock set back an hour: records say so" lab_wait 5 recorded_at '1 hour ago'
  moved 7200
  sleep 1
  check "clock two hours ahead: names are judged" enforces
  moved 0
  sleep 1
  end "clock set back an hour, two hours ahead, and right again"
  check "clock: no verdict was wrong" no_wrong
  check "clock: no datagram was lost" same "$((sent - received))" 0
  check "clock: every access is recorded" nothing_unlogged
  check "clock: the log is whole" log_unaltered
}

# ---- links
link-follow() {
  service_decides closed iplc-sg
  lab_spawn watch gw "$SERVICE_SETUP" --root "$LAB_DIR/host" --programs --watch
  need "follow: the links are watched" lab_wait 5 grep -q watches "$LAB_DIR/watch.log"
  sleep 1.2
  begin
  in_ns line ip link set eth0 down
  echo "    measured: $(ms_until carrier_is lan to-gw down) ms until the LAN's switch sees that the line has no link"
  check "follow: it does" carrier_is lan to-gw down
  sleep 1
  in_ns line ip link set eth0 up
  echo "    measured: $(ms_until carrier_is lan to-gw up) ms until it sees it again"
  check "follow: it is back" carrier_is lan to-gw up
  check "follow: names are judged" lab_wait 5 enforces
  end "the line's link down and up"
  in_ns lan ip link set to-gw down
  check "follow: the other way, too" lab_wait 3 carrier_is line eth0 down
  # The watcher dies meanwhile: the next one knows whose doing it was.
  lab_stop watch KILL
  in_ns lan ip link set to-gw up
  lab_spawn watch gw "$SERVICE_SETUP" --root "$LAB_DIR/host" --programs --watch
  check "follow: and back" lab_wait 3 carrier_is line eth0 up
  in_ns gw ip link set lan down
  sleep 1.5
  check "follow: a port that an admin takes down takes none with it" carrier_is line eth0 up
  in_ns gw ip link set lan up
  check "follow: names are judged in the end" lab_wait 5 enforces
  check "follow: no verdict was wrong" no_wrong
  lab_stop watch
  service_decides closed
}
cable-pulled() {
  begin
  download_begin
  sleep 1
  check "cable: a connection is open" lab_alive download
  in_ns line ip link set eth0 down
  sleep 2
  in_ns line ip link set eth0 up
  check "cable: a download goes on, whole" download_whole
  end "cable pulled for 2 s"
  check "cable: no verdict was wrong" no_wrong
  check "cable: every access is recorded" nothing_unlogged
}

# ---- what is not there
# squeezed NAME: the process gets no more memory than it has; `released` lets it go.
squeezed() { prlimit --pid "$(lab_pid "$1")" --as="$(awk '/^VmSize/ { print $2 * 1024 }' "/proc/$(lab_pid "$1")/status"):"; }
released() { prlimit --pid "$(lab_pid "$1")" --as=unlimited:; }
apply_says() { contains "$(lab_ctl apply --yes --no-preview --wait --reason test 2>&1)" "$1"; }
memory-short() {
  begin
  echo 'rules: [{name: toggled, from: [staff], to: [toggled.example], action: block}]' >"$LAB_DIR/policies/90-toggle.yaml"
  squeezed dataplane
  check "memory short: the data plane refuses another policy, and says why" apply_says "no memory"
  check "memory short: the old one stays in force" enforces
  released dataplane
  squeezed control
  rm "$LAB_DIR/policies/90-toggle.yaml"
  check "memory short: control refuses to compile, and says so" refuses apply --yes --no-preview --wait --reason test
  check "memory short: it lives on" lab_alive control
  released control
  check "memory short: with memory again, a policy is applied" lab_ctl apply --yes --no-preview --wait --reason test
  end "memory short"
  check "memory short: no verdict was wrong" no_wrong
  check "memory short: no datagram was lost" same "$((sent - received))" 0
  check "memory short: every access is recorded" nothing_unlogged
}
policy-gone() {
  begin
  mv "$LAB_DIR/policies" "$LAB_DIR/policies.aside"
  check "policy gone: what is in force stays" enforces
  check "policy gone: nothing else can be applied" refuses apply --yes --no-preview --wait --reason test
  check "policy gone: status says so" contains "$(lab_ctl status 2>&1)" "$LAB_DIR/policies"
  lab_stop control KILL
  need "policy gone: control starts without it" control_start
  check "policy gone: what was in force stays so" enforces
  mv "$LAB_DIR/policies.aside" "$LAB_DIR/policies"
  check "policy gone: with it, a policy is applied" lab_ctl apply --yes --no-preview --wait --reason test
  end "policy directory gone"
  check "policy gone: no verdict was wrong" no_wrong
  check "policy gone: no datagram was lost" same "$((sent - received))" 0
  check "policy gone: every access is recorded" nothing_unlogged
}
refuses() { ! lab_ctl "$@"; }
resolver-gone() {
  begin
  lab_stop resolver KILL
  lab_stop upstream KILL
  check "resolver gone: names are judged" enforces
  check "resolver gone: over TLS, too" page_is staff https://news.example/ 200
  sleep 2
  end "resolver gone"
  check "resolver gone: no verdict was wrong" no_wrong
  check "resolver gone: no datagram was lost" same "$((sent - received))" 0
}

main() {
  local each chosen=("$@")
  ((${#chosen[@]})) || chosen=("${failures[@]}")
  [[ ${chosen[0]} != all ]] || chosen=("${failures[@]}" "${slow[@]}")
  lab_down
  need "the lab is up" lab_up
  policies_copied
  need "a clock that can be moved" clock_made
  LAB_BUILD=$CLOCKED
  in_ns staff ip address add $asker/16 dev eth0
  service_decides closed
  need "servers" lab_servers_start
  service_start
  need "the data plane, as a service" lab_wait 20 service_forwards
  need "control" control_start
  for each in "${chosen[@]}"; do
    [[ " ${failures[*]} ${slow[*]} " == *" $each "* ]] || { echo "not ok - no failure is called $each"; exit 1; }
    "$each"
  done
}
main "$@"
