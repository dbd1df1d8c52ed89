#!/bin/bash
# smoke: a log with pseudonyms has nobody's address in any of its files; two keepers together say whose one is, on record.
source "$(dirname "$0")/lib/smoke.bash"
source "$(dirname "$0")/lib/log.bash"

DIR=$LAB_DIR/log KEYS=$LAB_DIR/keys CTL=$LAB_BUILD/control/sluicectl
searched() { lab_ctl logs --log "$DIR" "$@"; }
fails_with() { local wanted=$1; shift; "$@" >"$LAB_DIR/said" 2>&1; same "$?" "$wanted" || { cat "$LAB_DIR/said"; return 1; }; }
said() { contains "$(<"$LAB_DIR/said")" "$1"; }
silent_of() { ! grep -qF "$1" "$LAB_DIR/said" || { cat "$LAB_DIR/said"; return 1; }; }
field() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }
reveal() { lab_ctl reveal --log "$DIR" --case 2026-7 --reason "letter of 2026-11-09" "$@"; }
pseudonym() { searched --json --to "$1" 2>/dev/null | head -n 1 | python3 -c 'import json, sys; print(json.loads(sys.stdin.readline())["source"]["address"])'; }
logged() { [[ $(searched --to news.example 2>/dev/null) == *p-* && -n $(searched --to erp.example 2>/dev/null) ]]; }
# in_clear TEXT...: the files of the log that have one of them, packed or not; but for what was asked for, in plain.
in_clear() {
  local file text
  for file in "$DIR"/*; do
    [[ $file != */readings.jsonl ]] || continue
    for text in "$@"; do
      grep -qaF -- "$text" "$file" && echo "$file: $text"
      [[ $file != *.zst ]] || ! zstdcat "$file" 2>/dev/null | grep -qaF -- "$text" || echo "$file: $text, packed"
    done
  done
}
policy() {  # [KEEPER...]
  cat <<EOF
log:
  keep: 185d
  fold: 1s
  pseudonyms:
    keepers:
EOF
  local keeper
  for keeper in "$@"; do echo "      $keeper: $(<"$KEYS/$keeper.pub")"; done
}

lab_down
need "a lab" lab_up
mkdir -p "$KEYS"
for keeper in li.wei zhang.min wang.fang stranger; do
  "$CTL" keeper new "$keeper" -o "$KEYS/$keeper.pem" --json 2>/dev/null </dev/null | field key >"$KEYS/$keeper.pub"
done
check "a keeper's private key is private" same "$(stat -c %a "$KEYS/li.wei.pem")" 600
check "what is there already is not written over" fails_with 2 "$CTL" keeper new li.wei -o "$KEYS/li.wei.pem"

need "the policy" policies_copied
policy li.wei >"$LAB_DIR/policies/log.yaml"
check "one keeper is refused" fails_with 2 "$CTL" check "$LAB_DIR/policies"
check "it says why" said "name two persons at least"
policy li.wei zhang.min >"$LAB_DIR/policies/log.yaml"
check "two keepers do" fails_with 0 "$CTL" check "$LAB_DIR/policies"
check "with a warning of what a lost key costs" said "nobody can undo a pseudonym"
policy li.wei zhang.min wang.fang >"$LAB_DIR/policies/log.yaml"
check "three keepers do" fails_with 0 "$CTL" check "$LAB_DIR/policies"
check "without it" silent_of "nobody can undo"

office() { lab_servers_start && lab_gateway_start && lab_control_start; }
need "the office is up" office
page staff http://news.example/ >/dev/null
page finance http://erp.example/ >/dev/null
need "both accesses are logged" lab_wait 15 logged
staff=$(pseudonym news.example)
check "status says who can undo them" contains "$(lab_ctl status)" "li.wei, wang.fang, zhang.min"
check "a line says that it has pseudonyms" contains "$(searched --json --to news.example)" '"pseudonyms":true'
check "a client is found by its pseudonym" contains "$(searched --from "$staff" 2>/dev/null)" news.example
check "and only that one" same "$(searched --from "$staff" 2>/dev/null | grep -c erp.example)" 0
check "top knows it" contains "$(lab_ctl top clients --log "$DIR" 2>/dev/null)" "${staff:0:12}"
check "why knows it" contains "$(lab_ctl why "$staff" --last 1h --log "$DIR" 2>/dev/null)" "$staff"
check "an address finds nothing" fails_with 0 searched --from 10.20.1.7
check "it is said that the log has pseudonyms" said "has pseudonyms in place of clients"
check "and what to do" said "sluicectl reveal"
lab_stop control  # closes the segment
need "control comes back" lab_control_start
lab_ctl logs index --log "$DIR" >/dev/null
indexes() { find "$DIR" -name '*.idx' | grep -q .; }
need "the closed segment has its index" lab_wait 10 indexes
check "by the index a client is found too" contains "$(searched --from "$staff" 2>/dev/null)" news.example
mac=$(in_ns staff cat /sys/class/net/eth0/address | tr 'a-f:' 'A-F-')
check "no file of the log has an address of the LAN, or a MAC address" same "$(in_clear 10.20. fd12:3456:20: "$mac")" ""
check "the state has the month's key, and only control may read it" same "$(stat -c %a "$LAB_DIR/control/pseudonyms.key")" 600
lab_stop control
need "control comes back again" lab_control_start

check "with two keys it is revealed" fails_with 0 reveal "$staff" --key "$KEYS/li.wei.pem" --key "$KEYS/zhang.min.pem"
check "it is the client" said 10.20.1.
client=$(grep -o '10\.20\.[0-9.]*' "$LAB_DIR/said" | head -n 1)
check "with two others too" fails_with 0 reveal "$staff" --key "$KEYS/wang.fang.pem" --key "$KEYS/li.wei.pem" --json
check "who somebody was is found as well" contains "$(reveal "$client" --key "$KEYS/zhang.min.pem" --key "$KEYS/wang.fang.pem")" "$staff"
check "with one key it is not" fails_with 2 reveal "$staff" --key "$KEYS/li.wei.pem"
check "nor with one twice" fails_with 2 reveal "$staff" --key "$KEYS/li.wei.pem" --key "$KEYS/li.wei.pem"
check "nor with a stranger's" fails_with 2 reveal "$staff" --key "$KEYS/li.wei.pem" --key "$KEYS/stranger.pem"
check "it says whose it takes" said "two of li.wei, wang.fang, zhang.min"
check "that shows nobody" silent_of "$client"
check "one that nobody has is not found" fails_with 1 reveal p-00000000000000000000000000000000 --key "$KEYS/li.wei.pem" --key "$KEYS/zhang.min.pem"
list() { lab_ctl readings --log "$DIR" --json "$@" | python3 -c 'import json, sys; print(sum(each["what"] == "reveal" for each in json.load(sys.stdin)["readings"]))'; }
check "each is on record" same "$(list)" 3
check "of whom, too" same "$(list --of "$staff")" 2
check "with the case" contains "$(lab_ctl readings --log "$DIR" --json)" '"case": "2026-7"'
lab_stop control
check "without the daemon nothing is revealed" fails_with 2 reveal "$staff" --key "$KEYS/li.wei.pem" --key "$KEYS/zhang.min.pem"
check "it shows nobody" silent_of "$client"
check "it says why" said "it is not on record"
check "the log is whole" fails_with 0 "$CTL" logs verify --log "$DIR"
