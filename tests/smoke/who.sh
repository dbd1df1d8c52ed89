#!/bin/bash
# smoke: who it was: a lease, a table, RADIUS by radclient, ARP and the API name people in the access log, over restarts.
source "$(dirname "$0")/lib/smoke.bash"
staff=10.20.1.7 finance=10.20.8.21
secret=$LAB_DIR/radius.secret leases=$LAB_DIR/leases table=$LAB_DIR/people.csv

mac_of() { in_ns "$1" ip -br link | awk '$1 !~ /^lo/ { print $3; exit }'; }
lease() { echo "0 $(mac_of staff) $staff pc-7 *"; }
write() { cat >"$1.new" && mv "$1.new" "$1"; } # as careful servers do it
# last CLIENT NAME: user and machine of the last access of NAME by CLIENT.
last() {
  lab_records | python3 -c '
import json, sys
found = "no record"
for line in map(json.loads, sys.stdin):
    if line.get("source", {}).get("ip") == sys.argv[1] and line["destination"].get("domain") == sys.argv[2] and "end" not in line["event"].get("type", []):
        found = line.get("user", {}).get("name", "-") + " " + line.get("host", {}).get("name", "-")
print(found)' "$1" "$2"
}
last_is() { same "$(last "$1" "$2")" "$3"; }
# asks NAMESPACE CLIENT NAME WHO: opens a page, and its record says who it was.
asks() {
  page "$1" "https://$3/" >/dev/null
  lab_wait 10 last_is "$2" "$3" "$4"
}
soon_asks() { lab_wait 15 asks "$@"; }
who() { lab_ctl who "$@" --json; }
knows() { who "$1" | grep -q "\"$2\""; }
forgot() { ! knows "$@"; }
# radius STATUS USER SESSION [SECRET]: tells of finance's session.
radius() {
  printf 'Acct-Status-Type=%s\nUser-Name="%s"\nAcct-Session-Id="%s"\nFramed-IP-Address=%s\nNAS-IP-Address=127.0.0.1\n' "$1" "$2" "$3" "$finance" |
    in_ns gw radclient -r 2 -t 1 127.0.0.1:1813 acct "${4:-testing123}"
}
unanswered() { ! radius "$@"; }
said() { python3 -c '
import json, socket, sys
api = socket.socket(socket.AF_UNIX)
api.connect(sys.argv[1])
api.sendall((sys.argv[2] + "\n").encode())
print(api.makefile().readline())' "$LAB_DIR/api.sock" "$1"; }
counted() { (($(metric "$1") >= $2)); }
status_says() { contains "$(lab_ctl status)" "$1"; }
restart_control() { lab_stop control "${1:-TERM}" && lab_control_start; }

need "the office is up" office_up
echo testing123 >"$secret"
lease | write "$leases"
echo "$(mac_of staff),li.wei" | write "$table"
cat >"$LAB_DIR/policies/zz-identity.yaml" <<YAML
identity:
  table: $table
  leases: {lan: {file: $leases, format: dnsmasq}}
  radius: {listen: 127.0.0.1, clients: [127.0.0.1], secret-file: $secret}
YAML
check "before, nobody is known" asks staff "$staff" news.example "- -"
need "the policy with identity comes into force" lab_ctl apply --reason identity --wait --no-preview
check "lease and table name user and machine" soon_asks staff "$staff" news.example "li.wei pc-7"
check "who says so, and from where" knows "$staff" "lease"
check "ARP was seen on the LAN" lab_wait 5 knows "$staff" neighbour
check "finance is not known" asks finance "$finance" erp.example "- -"

check "radclient's Start is answered" radius Start wang.min s1
check "and names finance" soon_asks finance "$finance" erp.example "wang.min -"
check "an Interim-Update too" radius Interim-Update wang.min s1
check "a wrong secret is not" unanswered Stop wang.min s1 wrong
check "and is counted" lab_wait 5 counted '^sluice_radius_packets_total.*"wrong-secret"' 1
check "the session goes on" asks finance "$finance" erp.example "wang.min -"
check "a second person at once is not sure" radius Start zhao.lei s2
check "so nobody is named" soon_asks finance "$finance" erp.example "- -"
check "and that is counted" lab_wait 5 counted '^sluice_records_unattributed_total.*"ambiguous"' 1
check "Stop of the first" radius Stop wang.min s1
check "leaves the second" soon_asks finance "$finance" erp.example "zhao.lei -"

check "control restarts" restart_control
check "the session survives" soon_asks finance "$finance" erp.example "zhao.lei -"
check "Stop after the restart" radius Stop zhao.lei s2
check "ends it" soon_asks finance "$finance" erp.example "- -"

check "the API binds" contains "$(said "{\"command\":\"bind\",\"address\":\"$finance\",\"user\":\"<b>sun\",\"machine\":\"pc-21\"}")" '"bound":true'
check "and names" soon_asks finance "$finance" erp.example "<b>sun pc-21"
sleep 1.5  # it is kept at the next look, once a second
check "also after a kill" restart_control KILL
check "the same" soon_asks finance "$finance" erp.example "<b>sun pc-21"
check "it unbinds" contains "$(said "{\"command\":\"unbind\",\"address\":\"$finance\"}")" '"unbound":1'
check "and does not name any more" soon_asks finance "$finance" erp.example "- -"
check "a wrong request is told" contains "$(said '{"command":"bind","address":"x"}')" '"error"'

check "logs finds by user" contains "$(lab_ctl logs --log "$LAB_DIR/log" --from li.wei --limit 1)" li.wei
check "top too" contains "$(lab_ctl top clients --log "$LAB_DIR/log")" li.wei
check "why too" contains "$(lab_ctl why li.wei --last 1h --log "$LAB_DIR/log" 2>&1)" li.wei
check "status has a line" status_says "record"
lab_ctl status | sed -n '/^who/,/^[a-v]/p' | sed 's/^/    /'

printf '0 02:00:00:00:00:09 10.20.1.7 other' | write "$leases"
check "half a lease file is said" lab_wait 10 status_says "its end is missing"
check "and ends nothing" asks staff "$staff" news.example "li.wei pc-7"
echo "0 02:00:00:00:00:09 $staff other *" | write "$leases"
check "another machine's lease" lab_wait 10 knows "$staff" other
check "does not name this one" soon_asks staff "$staff" news.example "li.wei -"
lab_stop control
printf 'x' | dd of="$LAB_DIR/control/identity.json" bs=1 seek=200 conv=notrunc 2>/dev/null
check "control starts with damaged state" lab_control_start
check "and says so" contains "$(cat "$LAB_DIR/control.log")" "set aside as identity.json.damaged"
