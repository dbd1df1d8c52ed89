#!/bin/bash
# smoke: ports of every driver, with and without huge pages, and several pairs and workers at once.
source "$(dirname "$0")/lib/smoke.bash"
program=$LAB_BUILD/dataplane/boot/sluice-dataplane
huge_before=$(cat /proc/sys/vm/nr_hugepages)

# starts OPTION...: comes up, and ends with 0 when asked to.
starts() {
  rm -f "$LAB_DIR/trial.log"
  lab_spawn trial gw "$program" --socket "$LAB_DIR/trial.sock" --state "$LAB_DIR/trial" "$@" || return
  if ! lab_wait 15 test -S "$LAB_DIR/trial.sock" || ! lab_wait 5 grep -q 'control connects' "$LAB_DIR/trial.log"; then
    tail -n 3 "$LAB_DIR/trial.log"
    lab_stop trial KILL
    return 1
  fi
  lab_stop trial
  tail -n 1 "$LAB_DIR/trial.log" | grep -q 'stopped'
}

# an_empty_capture FILE: pcap's header alone.
an_empty_capture() { printf '\xd4\xc3\xb2\xa1\x02\0\x04\0\0\0\0\0\0\0\0\0\xff\xff\0\0\x01\0\0\0' >"$1"; }

# crosses: a frame that is not IP, sent into the second pair's LAN end, comes out of its line's end.
crosses() {
  in_ns line timeout 5 python3 -c '
import socket, sys
port = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x88cc))
port.bind(("far2", 0)); port.settimeout(4)
print("ready", flush=True)
sys.exit(0 if b"crosses" in port.recv(200) else 1)' >"$LAB_DIR/far2" &
  local listener=$!
  lab_wait 3 grep -q ready "$LAB_DIR/far2"
  in_ns lan python3 -c '
import socket
port = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); port.bind(("near2", 0))
port.send(bytes.fromhex("0180c200000e02000000000188cc") + b"it crosses" + bytes(60))'
  wait $listener
}

# jumbo_frames_unharmed: frames of several buffers, from one file to another, by the policy that was kept.
jumbo_frames_unharmed() {
  "$SMOKE_LIB/jumbo.py" write "$LAB_DIR/jumbo.pcap" || return
  lab_spawn jumbo gw "$program" --socket "$LAB_DIR/jumbo.sock" --state "$LAB_DIR/dataplane" --pair iplc-sg \
    "net_pcap0,rx_pcap=$LAB_DIR/jumbo.pcap,tx_pcap=$LAB_DIR/back.pcap" \
    "net_pcap1,rx_pcap=$LAB_DIR/in.pcap,tx_pcap=$LAB_DIR/through.pcap"
  lab_wait 15 grep -q 'control connects' "$LAB_DIR/jumbo.log" && sleep 1
  lab_stop jumbo
  "$SMOKE_LIB/jumbo.py" same "$LAB_DIR/jumbo.pcap" "$LAB_DIR/through.pcap"
}

need "the lab is up" lab_up
policies_copied
for kind in null ring tap; do
  check "net_$kind" starts --pair iplc-sg "net_${kind}0" "net_${kind}1"
done
an_empty_capture "$LAB_DIR/in.pcap"
check "net_pcap" starts --pair iplc-sg "net_pcap0,rx_pcap=$LAB_DIR/in.pcap,tx_pcap=$LAB_DIR/out0.pcap" \
  "net_pcap1,rx_pcap=$LAB_DIR/in.pcap,tx_pcap=$LAB_DIR/out1.pcap"
check "net_af_xdp" starts --pair iplc-sg af_xdp:lan af_xdp:line
check "three workers" starts --pair iplc-sg af_packet:lan af_packet:line --workers 3

if echo 128 >/proc/sys/vm/nr_hugepages 2>/dev/null && (($(cat /proc/sys/vm/nr_hugepages) >= 128)); then
  check "huge pages" starts --pair iplc-sg af_packet:lan af_packet:line --huge
  echo "$huge_before" >/proc/sys/vm/nr_hugepages
else
  echo "    this machine gives no huge pages"
fi

lab_port lan2 lan near2 && lab_port line2 line far2
need "servers" lab_servers_start
need "two pairs, two workers" lab_gateway_start --pair iplc-hk af_packet:lan2 af_packet:line2 --workers 2
need "control" lab_control_start
check "the first pair enforces: open" page_is staff https://news.example/ 200
check "the first pair enforces: refused" page_is staff http://luckybet.example/ 403
check "the second pair carries frames" crosses
check "each pair is counted under its line's name" test "$(metric '^sluice_port_.*packets.*line="iplc-hk"')" -gt 0
lab_stop control
lab_stop dataplane
check "frames of several buffers go through unharmed" jumbo_frames_unharmed
