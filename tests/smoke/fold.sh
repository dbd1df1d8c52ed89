#!/bin/bash
# smoke: repeats of one access become one line, also while control is killed; each access is still told of, once.
#
#   fold.sh [KILLS]        default: 4
source "$(dirname "$0")/lib/smoke.bash"
source "$(dirname "$0")/lib/log.bash"
kills=${1:-4}

folding_office_up() {
  lab_down
  lab_up && policies_copied && echo "log: {fold: 60s}" >>"$LAB_DIR/policies/site.yaml" && lab_servers_start &&
    lab_gateway_start && lab_control_start
}
three_pages() { for _ in 1 2 3; do page_is staff http://news.example/ 200 || return 1; done; }
found() { lab_ctl logs --log "$LAB_DIR/log" --to news.example --action allowed "$@"; }
# Accesses alone: which lines there are, and of how many.
counts_found() { found --json | python3 -c '
import json, sys
lines = [json.loads(line) for line in sys.stdin]
print(*[line["event"].get("count", 1) for line in lines if "ended" not in line["sluice"]])'; }

need "the office is up, with repeats folded" folding_office_up
check "control does not say that it would not" bash -c "! grep -q 'more than this version does' '$LAB_DIR/control.log'"
check "three times a page" three_pages
sleep 1
check "lines wait for their repeats" same "$(counts_found)" ""
lab_stop control
check "control that stops writes what waited: one line of three" same "$(counts_found)" 3
check "people see how often" contains "$(found)" "  3 times, until "
check "the search counts records" contains "$(found --stats 2>&1 >/dev/null)" "1 line of 3 records"
found | sed 's/^/    /'

need "control is back" lab_control_start
sed -i 's/fold: 60s/fold: 1s/' "$LAB_DIR/policies/site.yaml"
check "another time is applied" lab_ctl apply --wait --reason "shorter"
lab_spawn questions staff "$SMOKE_LIB/questions.py" 198.51.100.12 1000 40
kill_control "$kills" 0.5 2.5
lab_stop questions
check "after $kills kills the log was whole each time" same "$altered false alarms" "0 false alarms"
check "no record was lost or doubled" log_complete
log_complete | sed 's/^/    /'
read -r written _ _ folded astray < <(log_counts)
echo "    $folded of $written records have no line of their own"
check "repeats were folded" test "$folded" -gt $((written / 4))
check "each end leads to the line of its access" same "$astray" 0
lab_stop control
check "the log is whole after an orderly stop" log_unaltered
log_unaltered | sed 's/^/    /'
