#!/bin/bash
# smoke: copies of the log at a real ClickHouse and a real rsyslog, which are killed under load, as control is: no record is missing.
#
#   copies.sh [SECONDS]        how long ClickHouse is down; default: 4
source "$(dirname "$0")/lib/smoke.bash"
source "$(dirname "$0")/lib/log.bash"
source "$(dirname "$0")/lib/copies.bash"
down_s=${1:-4}

behind() { (($(copy fleet behind_records) > 0)) && [[ -n $(copy fleet error) ]]; }
nothing_behind() { copy_has_all fleet && copy_has_all abroad && copy_has_all siem; }
all_get_lines() { (($(copy fleet records) && $(copy abroad records) && $(copy siem records))); }
# fits PATTERN COMMAND...: what it says of the records matches. Ends of flows come while it compares, so it compares again.
fits() {
  local pattern=$1 try
  shift
  for try in 1 2 3 4 5; do
    "$@" >"$LAB_DIR/said"
    # shellcheck disable=SC2053
    [[ $(<"$LAB_DIR/said") == $pattern ]] && return
    sleep 1
  done
  cat "$LAB_DIR/said"
  return 1
}
said() { echo "    $1: $(<"$LAB_DIR/said")"; }
all_taken() { same "$(metric '^sluice_copy_behind_records')" 0; }
status_says() { contains "$(lab_ctl status)" "$1"; }
no_person() { ! query "SELECT line FROM abroad.access_log" | grep -Ea '10\.(20|99|64)\.|([0-9A-F]{2}-){5}'; }
no_secret() { ! { cat "$LAB_DIR/control.log"; lab_ctl status --json; lab_metrics; } 2>&1 | grep -a 'a pass word'; }

need "the office is up" office_up
clickhouse_conf
rsyslog_conf
need "there is a certificate" copies_certificate
need "ClickHouse is up" clickhouse_start
need "it has the tables" clickhouse_schema
need "and those of another copy" clickhouse_schema abroad
rsyslog_start
cat >"$LAB_DIR/policies/zz-copies.yaml" <<YAML
log:
  copies:
    fleet:  {clickhouse: "https://127.0.0.1:$COPIES_HTTPS", ca: $LAB_DIR/tls/ca.pem, password-file: $LAB_DIR/clickhouse/password,
             recipient: Example Holding, country: CN}
    siem:   {syslog: "tls://127.0.0.1:$COPIES_SYSLOG", ca: $LAB_DIR/tls/ca.pem, certificate: $LAB_DIR/tls/copies.pem,
             key: $LAB_DIR/tls/copies.key, recipient: Example SOC, country: CN}
    abroad: {clickhouse: "https://127.0.0.1:$COPIES_HTTPS", ca: $LAB_DIR/tls/ca.pem, password-file: $LAB_DIR/clickhouse/password,
             database: abroad, recipient: Example Pte, country: SG}
YAML
need "a policy with copies is applied" lab_ctl apply --wait --reason "copies"
page staff http://news.example/ >/dev/null
page staff https://luckybet.example/ >/dev/null
lab_spawn questions staff "$SMOKE_LIB/questions.py" 198.51.100.12 2000
check "the copies get lines" lab_wait 15 all_get_lines
began=$EPOCHREALTIME
lab_stop clickhouse KILL
check "what ClickHouse does not take is said" lab_wait 15 behind
check "status says what waits" status_says "to come, since"
lab_stop control KILL
need "control comes back" lab_control_start
sleep "$down_s"
check "copies wait still" lab_wait 15 behind
waiting=$(copy fleet behind_records)
need "ClickHouse comes back" clickhouse_start
check "it merges nothing, so that doubled rows stay" query "SYSTEM STOP MERGES"
echo "    ClickHouse was down for $(elapsed "$began") s under 2000 questions a second, control was killed meanwhile; $waiting records waited"
lab_stop rsyslog KILL
sleep 1
rsyslog_start
lab_stop control KILL
rm "$LAB_DIR/control/copies/fleet.json"  # all of it comes again
need "control comes back again, without one checkpoint" lab_control_start
sleep 1
lab_stop questions
check "every copy has all in the end" lab_wait 60 nothing_behind
check "the log itself is complete" log_complete
check "every copy has that too" lab_wait 30 nothing_behind
check "ClickHouse misses no record and shows none twice" fits "* records, 0 missing, 0 doubled, 0 strange" in_clickhouse
said "ClickHouse, which has $(query "SELECT count() FROM sluice.access_log") rows and shows each line once"
check "nor does the one abroad" fits "* records, 0 missing, 0 doubled, 0 strange" in_clickhouse abroad
said abroad
check "rsyslog misses no record" fits "* records, 0 missing, * strange" in_syslog
said rsyslog
check "nobody abroad reads of a person" no_person
check "but counts the clients" same "$(query "SELECT uniqExact(source_ip) FROM abroad.accesses")" \
  "$(query "SELECT uniqExact(source_ip) FROM sluice.accesses WHERE source_ip != ''")"
check "the rule that blocked is there" contains "$(query "SELECT rule, accesses FROM sluice.blocked_by_rule")" "no-gambling"
check "status says who gets what" status_says "to Example Pte in SG, with pseudonyms"
check "metrics say that all was taken" lab_wait 10 all_taken
check "no password is shown" no_secret
# Their certificates are for 127.0.0.1; two of these offer none of ours.
cat >"$LAB_DIR/policies/zz-copies.yaml" <<YAML
log:
  copies:
    misnamed: {clickhouse: "https://localhost:$COPIES_HTTPS", ca: $LAB_DIR/tls/ca.pem, password-file: $LAB_DIR/clickhouse/password,
               recipient: Example Holding, country: CN}
    unsigned: {syslog: "tls://localhost:$COPIES_SYSLOG", ca: $LAB_DIR/tls/ca.pem, recipient: Example SOC, country: CN}
    uncertified: {syslog: "tls://127.0.0.1:$COPIES_SYSLOG", ca: $LAB_DIR/tls/ca.pem, recipient: Example SOC, country: CN}
    unknown:  {clickhouse: "https://127.0.0.1:$COPIES_HTTPS", password-file: $LAB_DIR/clickhouse/password, recipient: Example Holding, country: CN}
    locked:   {clickhouse: "https://127.0.0.1:$COPIES_HTTPS", ca: $LAB_DIR/tls/ca.pem, recipient: Example Holding, country: CN}
YAML
failed() { (($(metric "^sluice_copy_failures_total.copy=\"$1\",reason=\"$2\"") >= 1)); }
check "a policy whose copies cannot be is applied" lab_ctl apply --wait --reason "wrong"
check "a certificate of another name is refused" lab_wait 10 failed misnamed tls
check "for syslog too" lab_wait 10 failed unsigned tls
check "an authority that nobody named is not believed" lab_wait 10 failed unknown tls
check "a user without password is turned away" lab_wait 10 failed locked refused
says() { contains "$(copy "$1" error)" "$2"; }
check "a server that wants a certificate has hung up" lab_wait 10 says uncertified "the server hung up"
check "and none of them got a line" same "$(metric '^sluice_copy_records_total')" 0
echo 'log: {}' >"$LAB_DIR/policies/zz-copies.yaml"
check "a policy without copies is applied" lab_ctl apply --wait --reason "none"
check "and none is left" same "$(lab_ctl status --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["log"]["copies"])')" "[]"
