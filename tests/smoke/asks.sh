#!/bin/bash
# smoke: what an admin asks of the recorded accesses: why, top, rules, suggest, hosts; the answers hold against the running gateway.
#
#   asks.sh
source "$(dirname "$0")/lib/smoke.bash"
log=$LAB_DIR/log
staff=10.20.1.7 finance=10.20.8.21

recorded() { lab_records | grep -q "\"$1\".*\"domain\":\"$2\""; } # recorded ACTION NAME
matches() { [[ $1 =~ $2 ]] || { echo "no $2 in: $1"; return 1; }; }
hits() { lab_ctl rules --policy "$LAB_DIR/policies" --json | python3 -c '
import json, sys
print({rule["name"]: rule["hits"] for rule in json.load(sys.stdin)["rules"]}.get(sys.argv[1], "none"))' "$1"; }
has_hits() { same "$(hits "$1")" "$2"; }
field() { python3 -c "import json, sys; print(json.load(sys.stdin)$1)"; }
line_of() { grep -n -m1 -- "$1" "$2" | cut -d: -f1; }
refused() { # refused TEXT COMMAND...: exit status 2, and the text on standard error
  local text=$1 said code
  shift
  said=$("$@" 2>&1 >/dev/null)
  code=$?
  same "$code" 2 && contains "$said" "$text"
}

need "the office is up" office_up
check "staff reads the news" page_is staff https://news.example/ 200
check "staff does not bet" page_is staff https://luckybet.example/ 000
check "finance has its page" page_is finance https://erp.example/ 200
check "and not the news that it loads" page_is finance https://news.example/ 000
check "all of it is recorded" lab_wait 10 recorded blocked news.example

why=$(lab_ctl why "$finance" --log "$log")
sed 's/^/    /' <<<"$why"
check "why: what was blocked" contains "$why" "news.example:443"
check "why: the page that it belongs to" contains "$why" "erp.example (1)"
check "why: the reason" contains "$why" "no rule matched; the network's default decided"
sed -n '/^exceptions:/,$p' <<<"$why" >"$LAB_DIR/policies/open.yaml"
check "why: the exception is one" lab_ctl check "$LAB_DIR/policies"
check "it is applied" lab_ctl apply --wait --reason "as why said"
check "and opens the name" page_is finance https://news.example/ 200
check "why: another client's rule and list" contains "$(lab_ctl why "$staff" --log "$log")" "rule no-gambling blocks what is in gambling"
place=$LAB_DIR/policies/lists.yaml:$(line_of luckybet.example "$LAB_DIR/policies/lists.yaml")
check "why: the entry, where it stands in the policy in force" contains "$(lab_ctl why "$staff" --log "$log")" "entry at $place"
check "why: and in JSON" same "$(lab_ctl why "$staff" --log "$log" --json | field '["blocks"][0]["list_place"]')" \
  "{'entry': 'luckybet.example', 'file': '${place%:*}', 'line': ${place##*:}}"
check "why: as explain says" contains "$(lab_ctl explain --from "$staff" --host luckybet.example)" "entry at $place"
check "why: of a directory, too" contains "$(lab_ctl why "$staff" --log "$log" --policy "$LAB_DIR/policies")" "entry at $place"
check "why: nothing blocked is said, and what else there was" contains "$(lab_ctl why 10.20.0.10 --last 1s --log "$log")" "10.20.0.10 "
check "why: an unknown client is said" contains "$(lab_ctl why 10.20.3.3 --log "$log")" "10.20.3.3 is unknown"
check "why: no address" refused "10.20.1.999 is no IP address" lab_ctl why 10.20.1.999 --log "$log"
check "why: a log that is not there" refused "cannot" lab_ctl why "$staff" --log "$LAB_DIR/nowhere"

top=$(lab_ctl top --log "$log")
sed 's/^/    /' <<<"$top"
check "top: names" contains "$top" "news.example"
check "top: the blocked clients" contains "$(lab_ctl top clients --action blocked --log "$log")" "$staff"
check "top: nothing in that time" contains "$(lab_ctl top --until 2020-01-01 --since 2019-01-01 --log "$log")" "nothing was recorded that fits"

check "rules: hits are counted" lab_wait 20 has_hits no-gambling 1
check "rules: the exception's too" lab_wait 20 has_hits open-news-example 1
cat >"$LAB_DIR/policies/zz-late.yaml" <<'YAML'
rules:
  - {name: too-late, to: [luckybet.example], action: allow}
YAML
check "check: a rule that an earlier one covers" contains "$(lab_ctl check "$LAB_DIR/policies")" "the rule 'too-late' never decides: 'no-gambling', at"
check "rules: it is of the saved policy" contains "$(lab_ctl rules --policy "$LAB_DIR/policies")" "the rule 'too-late' never decides: 'no-gambling', at"
check "rules: not yet of the one in force" same "$(lab_ctl rules --json | field '["covered"]')" "[]"
check "it is applied all the same" lab_ctl apply --wait --reason "a rule too many"
check "rules: then of the one in force" same "$(lab_ctl rules --json | field '["covered"][0]["rule"]')" too-late
rm "$LAB_DIR/policies/zz-late.yaml"
lab_stop control KILL
check "rules: without the daemon it says so" refused "does sluice-control run?" lab_ctl rules --policy "$LAB_DIR/policies"
check "why: without the daemon it goes on, and says so" contains "$(lab_ctl why "$staff" --log "$log" 2>&1)" "not by the policy in force"
check "rules: and counts in the log" contains "$(lab_ctl rules --policy "$LAB_DIR/policies" --log "$log")" "no-gambling"
need "control is back" lab_control_start
check "staff bets again" page_is staff https://luckybet.example/ 000
check "rules: hits go on over a kill of control" lab_wait 20 has_hits no-gambling 2
prints() { for _ in {1..12}; do in_ns hq python3 -c '
import socket
with socket.create_connection(("10.20.250.4", 9100), 5) as printer:
    printer.sendall(b"a page")
    printer.shutdown(socket.SHUT_WR)
    assert printer.recv(100) == b"printed\n"' || return; done; }
two_systems() { for ttl in {,,,,,}{64,128}{,}; do in_ns staff sysctl -q -w net.ipv4.ip_default_ttl=$ttl && page_is staff https://erp.example/ 200 || return; done; }
check "hosts: nothing yet" same "$(lab_ctl hosts --log "$log" --json | field '["hosts"]')" "[]"
check "headquarters prints" prints
check "staff is two machines by turns" two_systems
lab_stop dataplane
need "the data plane is started anew" lab_gateway_start
check "and enforces again" lab_wait 20 page_is staff https://luckybet.example/ 000
lab_wait 20 has_hits no-gambling 3
check "rules: hits go on over a restart of the data plane" test "$(hits no-gambling)" -ge 3
hosts=$(lab_ctl hosts --log "$log")
sed 's/^/    /' <<<"$hosts"
check "hosts: the printer is like a server" contains "$hosts" "10.20.250.4, of printers: answered 12 connections from the line, of 1 peer, at tcp/9100 (12)"
check "hosts: by which rule" contains "$hosts" "let in by hq-print"
check "hosts: two systems at one address" matches "$hosts" "$staff, of staff: TTL 64 \([0-9]+\), 128 \([0-9]+\), by turns, [0-9]+ times"
check "hosts: in JSON" same "$(lab_ctl hosts --log "$log" --json | field '["hosts"][0]["looks_like"]')" "['several-machines']"
rules=$(lab_ctl rules --policy "$LAB_DIR/policies")
sed 's/^/    /' <<<"$rules"
check "rules: the unused" contains "$rules" "no-phishing, "
check "rules: the exception that ends" contains "$rules" "open-news-example: ends"

rm "$LAB_DIR/policies/open.yaml"
sed -i '/^  finance:/,/default:/s/default: block/default: observe/' "$LAB_DIR/policies/site.yaml"
check "finance is observed" lab_ctl apply --wait --reason "to learn what finance needs"
check "finance has its page, and what it loads" page_is finance https://erp.example/ 200
check "the news pass" page_is finance https://news.example/ 200
check "they are recorded as observed" lab_wait 10 recorded observed news.example
suggested=$(lab_ctl suggest --network finance --policy "$LAB_DIR/policies" --log "$log")
sed 's/^/    /' <<<"$suggested"
check "suggest: what one client used on one day is commented out" contains "$suggested" "      # - news.example"
check "suggest: what it loads with" contains "$suggested" "loads with erp.example"
check "suggest: who would still be blocked" contains "$suggested" "$finance: "
sed 's/^# \(lists:\|rules:\|  finance-\|  - name\|    \)/\1/; s/^      # - /      - /' <<<"$suggested" >"$LAB_DIR/policies/suggested.yaml"
check "suggest: put in, it is a part of the policy" lab_ctl check "$LAB_DIR/policies"
sed -i '/^  finance:/,/default:/s/default: observe/default: block/' "$LAB_DIR/policies/site.yaml"
check "suggest: it is applied, and the rest blocked" lab_ctl apply --wait --reason "what finance needs"
check "suggest: what it has is open" page_is finance https://news.example/ 200
check "suggest: what it has not is blocked" page_is finance https://luckybet.example/ 000
check "suggest: by the policy as it is now, nothing is left but that" \
  contains "$(sleep 1; lab_ctl suggest --network finance --policy "$LAB_DIR/policies" --log "$log")" "luckybet.example"
check "suggest: no such network" refused "it has " lab_ctl suggest --network fin --policy "$LAB_DIR/policies" --log "$log"
check "suggest: a network without records" contains "$(lab_ctl suggest --network guests --log "$log")" "nothing of network guests"

for asked in "hosts --log $log" "why $staff --log $log" "top --log $log" "rules --policy $LAB_DIR/policies" "suggest --network finance --log $log"; do
  # shellcheck disable=SC2086
  check "40 columns are enough: ${asked%% *}" at_most "$(widest $asked)" 40
done
check "a pipe that closes is no crash" bash -c "'$LAB_BUILD/control/sluicectl' top --log '$log' | head -1"
