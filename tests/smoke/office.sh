#!/bin/bash
# smoke: a day in an office, as its admin has it: a page without its pictures, a department that learns what it needs, an
# auditor, a rule too late, a night without the line. Prints each command and what it said.
source "$(dirname "$0")/lib/smoke.bash"
LAB_SITES=(erp.example office.example news.example luckybet.example pictures.example freight.example payslips.example vendor.example)
log=$LAB_DIR/log policies=$LAB_DIR/policies
anna=10.20.8.21 bo=10.20.8.22 auditor=10.20.9.7 # all of finance

hour() { printf '\n    == %s ==\n' "$*"; }
# types WORDS...: what the admin types; said: what came of it.
types() {
  printf '    $ sluicectl'
  printf ' %q' "$@"
  said=$(lab_ctl "$@" 2>&1)
  code=$?
  printf '\n'
  sed 's/^/      /' <<<"$said"
  return $code
}
# visits WHO NAME STATUS: somebody of finance opens a page; 000 where it is blocked.
visits() {
  local number=10 site
  for site in "${LAB_SITES[@]}"; do
    [[ $site == "$2" ]] && break
    ((number++))
  done
  same "$(in_ns finance curl -s -m 4 -o /dev/null -w '%{http_code}' --interface "$1" --cacert "$LAB_DIR/tls/ca.pem" \
    --resolve "$2:443:198.51.100.$number" "https://$2/")" "$3"
}
recorded() { lab_records | python3 -c '
import json, sys
lines = map(json.loads, sys.stdin)
sys.exit(not any([line["source"]["ip"], line["destination"].get("domain"), line["event"]["action"]] == sys.argv[1:] for line in lines
                 if "ended" not in line["sluice"]))' "$@"; }
finance_is() { sed -i "/^  finance:/,/default:/s/default: .*/default: $1/" "$policies/site.yaml"; }
says() { contains "$said" "$1"; }
lacks() { [[ $said != *"$1"* ]] || { echo "\"$1\" in: $said"; return 1; }; }
verdict() { types status >/dev/null; grep -m1 -E '^(iplc-sg|is it us\?) ' <<<"$said" | grep -q " $1:"; }

office_of_finance() {
  lab_down
  lab_up && policies_copied && lab_servers_start && lab_gateway_start && lab_control_start "$policies" --status-seconds 4 &&
    in_ns finance ip address add $bo/16 dev eth0 && in_ns finance ip address add $auditor/16 dev eth0
}
need "the office is up" office_of_finance

hour "08:40, Anna: \"the ERP has no pictures\""
check "Anna has the ERP" visits $anna erp.example 200
check "and not its pictures" visits $anna pictures.example 000
check "that is recorded" lab_wait 10 recorded $anna pictures.example blocked
types why $anna --log "$log"
check "why shows what was blocked" says "pictures.example:443"
check "and the page that it belongs to" says "erp.example (1)"
types except --from $anna --to pictures.example --for 4h --owner li.wei --ticket IT-4711
check "an exception opens it" visits $anna pictures.example 200
check "for Anna alone" visits $bo pictures.example 000

hour "10:00, finance is to have what it needs, and nothing else"
finance_is observe
types apply --wait --reason "to learn what finance needs"
learn() { for who in $anna $bo; do for name in erp.example freight.example payslips.example; do visits $who $name 200 || return; done; done; }
check "finance works" learn
check "Bo reads the news once" visits $bo news.example 200
check "and may not bet" visits $bo luckybet.example 000
check "all of it is recorded" lab_wait 10 recorded $bo luckybet.example blocked
types suggest --network finance --log "$log"
check "suggest proposes what both used" says "      - freight.example "
check "not what one read on one day" says "      # - news.example"
check "nor what a rule blocks" lacks "- luckybet.example"
echo "    (the admin looks it through, and saves it as 60-finance.yaml)"
sed -n '/^lists:/,$p' <<<"$said" >"$policies/60-finance.yaml"
types check "$policies"
check "what was suggested is a part of the policy" says "is valid"
finance_is block
types apply --wait --reason "finance: what it needs"
check "apply shows first whom that newly blocks" says "news.example"
check "finance has its freight" visits $bo freight.example 200
check "and no news" visits $bo news.example 000

hour "14:00, an auditor"
check "the auditor does not get to the vendor" visits $auditor vendor.example 000
types explain --from $auditor --host vendor.example
types except --from $auditor --to vendor.example --for 2h --owner li.wei --ticket AUDIT-2026
check "with an exception the auditor does" visits $auditor vendor.example 200
check "and nobody else" visits $anna vendor.example 000
types except --list
check "it is listed, with who answers for it" says "audit-2026"

hour "16:30, a rule that comes too late"
echo 'rules: [{name: bets-for-all, to: [luckybet.example], action: allow}]' >"$policies/zz-bets.yaml"
types check "$policies"
check "check says that it never decides" says "the rule 'bets-for-all' never decides: 'no-gambling', at $policies/rules.yaml:"
types apply --wait --reason "bets"
check "it opens nothing" visits $bo luckybet.example 000
types rules --log "$log"
check "rules names it" says "the rule 'bets-for-all' never decides: 'no-gambling'"
rm "$policies/zz-bets.yaml"
types apply --wait --reason "without it"
check "without it nothing is covered" same "$(lab_ctl rules --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["covered"])')" "[]"
has_top() { lab_ctl top clients --log "$log" --limit 5 | grep -q "$1"; }
lab_wait 10 has_top $auditor
types top clients --log "$log" --limit 5
check "the day's clients" says $auditor
types hosts --log "$log"
check "nobody looks like anything else than a client" says "none of "

hour "02:10, the line is down"
in_ns line ip link set eth0 down
check "status says that it is the line" lab_wait 15 verdict line
types status
check "and why" says "its port has no link"
in_ns line ip link set eth0 up
still_line() { ! verdict line; }
check "it comes back" lab_wait 15 still_line
in_ns line ip route replace 10.20.0.0/16 dev eth0 2>/dev/null
check "and finance works" lab_wait 10 visits $bo freight.example 200
types history
check "the history tells of the day" says "finance: what it needs"
