#!/bin/bash
# smoke: causes what the alerts warn of, one after the other, and sees each fire at a real Prometheus; started by tests/long alarms.
# shellcheck disable=SC2317  # check and need call the functions
# The rules are those that are installed, with shorter times: what takes an hour there takes seconds here.
source "$(dirname "$0")/smoke.bash"
source "$(dirname "$0")/prometheus.bash"
source "$(dirname "$0")/copies.bash"
source "$(dirname "$0")/clock.bash"
source "$(dirname "$0")/kept.bash"
traffic=$SMOKE_LIB/line_traffic.py

shorter=(-E -e 's/^( *for:).*/\1 1s/' -e 's/\[[0-9]+[mh]\]/[20s]/g' -e "s/> 3600'/> 3'/" -e "s/> 20'\$/> 2'/")
# alarm NAME [LABELS]: it fires.
alarm() { check "$1 fires" lab_wait 90 fires "$@"; }
# over NAME: it ends when its cause does.
over() { check "$1 is over" lab_wait 90 silent "$1"; }
silent() { ! fires "$1"; }
carrier() { in_ns "$1" ip link set "$2" "$3"; }
policy() { cat >"$LAB_DIR/policies/zz-alarms.yaml"; }
apply_alone() { lab_ctl apply --no-preview --yes --reason alone; }
# control_again [COMMAND]: control ends, and comes back after the command.
control_again() {
  page staff http://news.example/ >/dev/null
  sleep 2
  lab_stop control && "${@:-true}" && lab_control_start "$LAB_DIR/policies" --status-seconds 4
}
newest_deleted() { rm "$(printf '%s\n' "$LAB_DIR"/log/access-*.zst | tail -n 1)"; }
apply() { lab_ctl apply --wait --no-preview --yes --reason "$1"; }
# A small disk of the log's own, and a small ring before it.
disk_up() { mkdir -p "$LAB_DIR/log" && mount -t tmpfs -o size=8m tmpfs "$LAB_DIR/log"; }
disk_down() { ! mountpoint -q "$LAB_DIR/log" || umount -l "$LAB_DIR/log"; }
trap 'code=$?; disk_down; (exit "$code"); smoke_finish' EXIT
# A log that began 45 days ago, and went on two hours ago: a month is over whose review is overdue, and how fast it grows is known.
log_of_weeks() {
  local back
  for back in $((45 * 86400)) 7200; do
    moved "-$back"
    sleep 1
    lab_control_start "$LAB_DIR/policies" || return
    page staff http://news.example/ >/dev/null
    lab_wait 10 lab_records_come || return
    lab_stop control
  done
  moved 0
}
lab_records_come() { lab_records | grep -q news.example; }
# term FROM-NOW: when the line's contract ends.
term() { sed -i "s/until: 20[0-9-]*}    #/until: $(TZ=Asia/Shanghai date -d "$1" +%F)}    #/" "$LAB_DIR/policies/site.yaml" && apply "term"; }
fill() { dd if=/dev/zero of="$LAB_DIR/log/filler" bs=64k 2>/dev/null; [[ -s $LAB_DIR/log/filler ]]; }
strangers() {
  while :; do
    in_ns stranger curl -s -m 0.3 http://198.51.100.12/
    sleep 0.1
  done
} >/dev/null 2>&1
# GRE to several hosts, as from somebody who tries what works.
tunnels() {
  in_ns staff python3 -c '
import socket
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, 47)
for host in range(60, 80):
    raw.sendto(bytes((0, 0, 8, 0)) + bytes((0x45,)) + bytes(19), (f"198.51.100.{host}", 0))'
}
# Each datagram from a port of its own.
flows() {
  while :; do
    in_ns staff python3 -c '
import socket
for port in range(20000, 21200):
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.bind(("", port))
    one.sendto(b"some text that is no protocol", ("198.51.100.12", 9999))
    one.close()'
    sleep 1
  done
}
texts_are_whole() {
  in_ns gw curl -sf "$PROMETHEUS/api/v1/alerts" | python3 -c '
import json, sys
alerts = json.load(sys.stdin)["data"]["alerts"]
texts = [text for alert in alerts for text in alert["annotations"].values()]
broken = [text for text in texts if "error expanding" in text or "no value" in text or "{{" in text]
print(len(alerts), "alerts", *broken, sep="\n")
sys.exit(bool(broken) or not alerts)'
}
# Something else has the worker's core five times a second.
stutter() {
  while sleep 0.17; do
    kill -STOP "$(lab_pid dataplane)"
    sleep 0.03
    kill -CONT "$(lab_pid dataplane)"
  done
}
# Nothing is left of any policy that was in force.
forgotten() {
  lab_stop control
  lab_stop manager
  rm -rf "$LAB_DIR/dataplane" "$LAB_DIR/control"
  echo 'rules: [{name: x' | policy
  lab_gateway_start && ! lab_control_start
}

disk_down
lab_down
need "the lab is up" lab_up
need "a clock that can be moved" clock_made
LAB_BUILD=$CLOCKED
policies_copied
sed -i 's/bandwidth: 200M/bandwidth: 20K/' "$LAB_DIR/policies/site.yaml"
need "servers" lab_servers_start
mkdir "$LAB_DIR/served" && echo name.example >"$LAB_DIR/served/grown.names"
lab_spawn feed gw python3 -m http.server --bind 127.0.0.1 --directory "$LAB_DIR/served" 8099
need "a certificate" copies_certificate
need "the log has a disk of its own" disk_up
need "the gateway" lab_gateway_start --ring-mb 1
need "a log of some weeks" log_of_weeks
need "control, that looks back four seconds" lab_control_start "$LAB_DIR/policies" --status-seconds 4
need "Prometheus, with shorter times" prometheus_start "${shorter[@]}"
lab_spawn connections staff "$traffic" connections 198.51.100.12
lab_spawn questions staff "$traffic" questions 198.51.100.53
alarm SluiceLineLoad
alarm SluiceReviewsOverdue
need "the contract ends in ten days" term '10 days'
alarm SluiceLineTermEnding
need "the contract has ended" term yesterday
alarm SluiceLineTermOver

echo 'rules: [{name: x' | policy
alarm SluicePolicyInvalid
apply broken >/dev/null 2>&1
alarm SluicePolicyRefused
policy <<YAML
exceptions:
  - {name: audit, from: [10.20.9.7], to: [vendor.example], action: allow, owner: li.wei, ticket: IT-1, expires: $(date -u -d '2 days' +%F)}
lists:
  fetched: {url: "http://127.0.0.1:1/list", refresh: 5m}
  grown: {url: "http://127.0.0.1:8099/grown.names", refresh: 5m}
rules: [{name: no-fetched, to: [fetched, grown], action: block}]
alarms: {rules: {tunnels: {tunnel-attempts: 1}}}
log:
  witness: {folder: $LAB_DIR/nowhere/witness}
  copies: {siem: {syslog: "tls://127.0.0.1:$COPIES_SYSLOG", ca: $LAB_DIR/tls/ca.pem, certificate: $LAB_DIR/tls/copies.pem,
                  key: $LAB_DIR/tls/copies.key, recipient: Example SOC, country: CN}}
YAML
alarm SluicePolicyPending
over SluicePolicyInvalid
need "a policy with what is missing is applied" apply alarms
need "a signed line is written that no witness has" lab_ctl hold drill --reason alarms
for each in SluiceExceptionExpiring SluiceFeedStale SluiceLogUnwitnessed SluiceCopyBehind; do
  alarm "$each"
done
need "a file of the log is closed that no copy has" control_again
need "another one, which is deleted" control_again newest_deleted
alarm SluiceLogDiskFull
alarm SluiceLogDiskFullSoon
rsyslog_conf
need "the copy's recipient comes" rsyslog_start
alarm SluiceCopyMissed
over SluiceCopyBehind
seq -f 'name%g.example' 40 >"$LAB_DIR/served/grown.names"
need "a list has grown" lab_ctl feeds refresh grown
alarm SluiceFeedHeld
need "a bypass begins" lab_ctl bypass --for 5m --reason alarms
alarm SluiceBypassActive
need "it ends" lab_ctl bypass --end
over SluiceBypassActive

strangers &
alarm SluiceStrangers
kill $!
tunnels
alarm SluiceTunnelAttempts
alarm SluiceAlarmActive
carrier line eth0 down
alarm SluiceLineLinkDown 'side="line"'
carrier line eth0 up
over SluiceLineLinkDown
in_ns line ip route add blackhole 10.20.1.7/32
alarm SluiceLineUnanswered
alarm SluiceLineVerdict
in_ns line ip route del blackhole 10.20.1.7/32
over SluiceLineUnanswered
over SluiceDnsUnanswered
kill -STOP "$(lab_pid upstream)"
alarm SluiceDnsUnanswered
kill -CONT "$(lab_pid upstream)"
over SluiceDnsUnanswered
lab_stop connections
in_ns line ip neigh replace 10.20.1.200 dev eth0 lladdr "$(in_ns staff cat /sys/class/net/eth0/address)"
lab_spawn syns staff "$traffic" syns 10.20.1.200 198.51.100.12
alarm SluiceLanUnanswered
lab_stop syns

lab_spawn many staff "$SMOKE_LIB/questions.py" 198.51.100.12 2000
need "the log's disk is filled" fill
for each in SluiceLogErrors SluiceRingFilling SluiceRingLoss SluiceOwnDrops; do
  alarm "$each"
done
rm "$LAB_DIR/log/filler"
lab_stop many
alarm SluiceLogGaps
over SluiceLogErrors
check "no text of an alert is broken" texts_are_whole

mv "$LAB_DIR/log/heads.jsonl" "$LAB_DIR/log/heads" && mkdir "$LAB_DIR/log/heads.jsonl"
alarm SluiceLogKeepErrors
rmdir "$LAB_DIR/log/heads.jsonl" && mv "$LAB_DIR/log/heads" "$LAB_DIR/log/heads.jsonl"

stutter &
alarm SluiceWorkerSlow
kill $!
kill -STOP "$(lab_pid dataplane)"
alarm SluiceWorkerStands
echo 'rules: [{name: no-news, to: [news.example], action: block}]' >"$LAB_DIR/policies/zzz.yaml"
apply_alone >/dev/null 2>&1 &
alarm SluicePolicyNotEnforced
kill -CONT "$(lab_pid dataplane)"
over SluiceWorkerStands
over SluicePolicyNotEnforced
lab_stop dataplane KILL
alarm SluiceDataPlaneDown
need "a gateway with a small table, whose memory is kept" gateway_kept --flows 1024
over SluiceDataPlaneDown
for _ in 1 2 3 4; do gateway_killed; done
alarm SluiceDataPlaneRestarts
flows &
alarm SluiceTableFilling 'table="flows"'
kill $!
lab_stop control KILL
alarm SluiceControlDown
sed -i 's/"reason":"term"/"reason":"none"/' "$LAB_DIR/control/history.jsonl"
need "control comes back, whose history was altered" lab_control_start
alarm SluicePolicyHistoryAltered
need "a gateway that knows no policy" forgotten
alarm SluiceNoPolicy
lab_stop dataplane
need "a gateway with a line whose ports always have packets" lab_gateway_start --pair flood net_null0 net_null1
alarm SluiceWorkerBusy
