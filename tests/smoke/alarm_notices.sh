#!/bin/bash
# smoke: what a policy wants to be told of is posted and mailed over TLS, once, also over a kill of control; what is not taken waits.
source "$(dirname "$0")/lib/smoke.bash"
told=$LAB_DIR/told staff=10.20.1.7

certificate() { # for 127.0.0.1
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=told -keyout "$told/key.pem" -out "$told/told.csr" 2>/dev/null &&
    openssl x509 -req -in "$told/told.csr" -CA "$LAB_DIR/tls/ca.pem" -CAkey "$LAB_DIR/tls/ca.key" -CAcreateserial -days 30 \
      -extfile <(echo subjectAltName=IP:127.0.0.1) -out "$told/told.pem" 2>/dev/null
}
# notices: `alarm state subject` of each that was posted, in order.
notices() {
  python3 -c '
import json, sys
for line in open(sys.argv[1]):
    for notice in json.loads(line)["notices"]:
        print(notice["alarm"], notice["state"], notice["subject"])' "$told/posted" 2>/dev/null
}
posted() { notices | grep -qxF "$1"; }
mailed() { grep -q "$1" "$told/mailed"; }
bets() { for _ in $(seq "$1"); do page staff https://luckybet.example/ >/dev/null; done; }
tunnels() { in_ns staff python3 -c '
import socket
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sender.sendto(bytes([1, 0, 0, 0]) + bytes(range(144)), ("198.51.100.12", 51820))'; }
secret() {
  ! { cat "$LAB_DIR/control.log" "$LAB_DIR/control/history.jsonl" "$LAB_DIR/control/alarms.json"; lab_ctl status; lab_ctl status --json; lab_metrics; } 2>&1 |
    grep -a topsecret
}
status_says() { contains "$(lab_ctl status)" "$1"; }

need "the office is up" office_up
mkdir -p "$told"
need "a certificate" certificate
lab_spawn sinks gw python3 "$SMOKE_LIB/alarm_sinks.py" "$told/told.pem" "$told/key.pem" "$told"
need "who is told is there" lab_wait 5 test -e "$told/ready"
bets 3
check "without alarms nobody is told" test ! -e "$told/posted"
cat >"$LAB_DIR/policies/zz-alarms.yaml" <<YAML
alarms:
  to:
    webhook: "https://gateway:topsecret@127.0.0.1:8443/alarms?key=topsecret"
    mail: {to: [it@office.example, boss@office.example], from: sluice@office.example, smtp: "smtps://127.0.0.1:8465"}
    ca: $LAB_DIR/tls/ca.pem
  rules:
    many-blocks: {blocks-of-one-client: 4, within: 1h}
    tunnels: {tunnel-attempts: 1}
    stranger: {new-unregistered-source: true}
    silence: {no-records: 1h}
YAML
check "the policy is right" contains "$(lab_ctl check "$LAB_DIR/policies")" "is valid"
need "it is applied" lab_ctl apply --wait --reason alarms
check "status knows the alarms" lab_wait 10 status_says "4 alarms, none is open"
need "it looks" lab_wait 10 test -e "$LAB_DIR/control/alarms.json"
bets 2
sleep 3 # until they are read
lab_stop control KILL
need "control is back" lab_control_start
bets 2
check "four blocks, over a kill of control, are many" lab_wait 10 posted "many-blocks raised $staff"
check "it is mailed" lab_wait 10 mailed "many-blocks: $staff of staff was blocked 4 times"
check "to both" same "$(sort -u "$told/recipients" | tr -d '\r')" "RCPT TO:<boss@office.example>
RCPT TO:<it@office.example>"
check "with a subject" mailed "^Subject: Sluice shanghai-office: alarm many-blocks raised"
check "a tunnel" tunnels
check "is posted" lab_wait 10 posted "tunnels raised $staff"
page stranger http://news.example/ >/dev/null
check "a stranger is posted" lab_wait 10 posted "stranger raised 172.16.5.5"
bets 1
page stranger http://news.example/ >/dev/null
sleep 3
check "each once" same "$(notices)" "many-blocks raised $staff
tunnels raised $staff
stranger raised 172.16.5.5"
check "status shows them" status_says "stranger: 172.16.5.5, "
check "so do the metrics, without whom they are about" same "$(metric '^sluice_alarm_active') $(lab_metrics | grep alarm | grep -c -e "$staff" -e 172.16)" "3 0"
check "what is sent is counted" same "$(metric '^sluice_alarm_notices_sent_total{by="webhook"}')" 3
touch "$told/busy"
in_ns stranger ip address add 172.16.5.6/16 dev eth0
in_ns stranger curl -s -m 1 -o /dev/null --interface 172.16.5.6 http://198.51.100.12/
check "what is not taken is overdue" lab_wait 10 status_says "overdue: 1 notice by webhook since"
check "and why" status_says "the server answers 503"
rm "$told/busy"
check "and comes when it can" lab_wait 30 posted "stranger raised 172.16.5.6"
check "no password is shown" secret
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=other -keyout "$told/other.key" -out "$told/other.pem" 2>/dev/null
sed -i "s|ca: .*|ca: $told/other.pem|" "$LAB_DIR/policies/zz-alarms.yaml"
need "other authorities are trusted" lab_ctl apply --wait --reason "another ca"
in_ns stranger ip address add 172.16.5.7/16 dev eth0
in_ns stranger curl -s -m 1 -o /dev/null --interface 172.16.5.7 http://198.51.100.12/
check "a server with a certificate of somebody else's is not believed" lab_wait 10 status_says "SSL certificate problem"
check "and gets nothing" same "$(notices | grep -c 172.16.5.7)" 0
