#!/bin/bash
# smoke: who reads the log is logged, signed, before anything is shown; that the list was cut shows.
source "$(dirname "$0")/lib/smoke.bash"
source "$(dirname "$0")/lib/log.bash"

DIR=$LAB_DIR/log
searched() { lab_ctl logs --log "$DIR" "$@"; }
list() { lab_ctl readings --log "$DIR" "$@"; }
of() { list --json "$@" | python3 -c 'import json, sys; print(" ".join(each["what"] for each in json.load(sys.stdin)["readings"]))'; }
count() { list --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["count"])'; }
fails_with() { local wanted=$1; shift; "$@" >"$LAB_DIR/said" 2>&1; same "$?" "$wanted" || { cat "$LAB_DIR/said"; return 1; }; }
said() { contains "$(<"$LAB_DIR/said")" "$1"; }
logged() { [[ -n $(searched --to news.example 2>/dev/null) ]]; }

need "the office is up" office_up
page staff http://news.example/ >/dev/null
need "an access is logged" lab_wait 10 logged
before=$(count)
searched --from 10.20.1.7 --since 1h >/dev/null
lab_ctl top clients --log "$DIR" >/dev/null
lab_ctl why 10.20.1.7 --log "$DIR" >/dev/null
lab_ctl suggest --network staff --log "$DIR" >/dev/null
check "each command that reads accesses is on record" same "$(count)" "$((before + 4))"
check "of one client there are those who asked for it" same "$(of --of 10.20.1.7)" "logs why"
check "also by its prefix" same "$(of --of 10.20.0.0/16)" "logs why"
check "the list says who, by the kernel's word" contains "$(list)" root
check "and what was asked for" contains "$(list --of 10.20.1.7)" "since 1h"
lab_ctl rules --policy "$LAB_DIR/policies" >/dev/null
check "names of rules are nobody's accesses" same "$(count)" "$((before + 4))"
searched --from 10.20.1.7 --since 1h >/dev/null
searched --from 10.20.1.7 --since 1h >/dev/null
check "the same within a minute is only counted" same "$(count)" "$((before + 4))"
check "the list is whole" fails_with 0 list verify
check "logs verify says so" contains "$(lab_ctl logs verify --log "$DIR")" "readings: not altered"

cp "$DIR/readings.jsonl" "$DIR/readings.head" "$LAB_DIR"
searched --from 10.20.8.21 >/dev/null
lab_stop control
need "control comes back" lab_control_start
check "the counts were written" contains "$(list --of 10.20.1.7)" "again, 2 times"
heads_name() { grep -c '"kind":"readings"' "$DIR/heads.jsonl"; }
check "the witness' lines name the list's last one" same "$(heads_name)" 1
check "and nobody" fails_with 1 grep -q 'root\|10\.20' "$DIR/heads.jsonl"
lab_stop control
check "without the daemon the log can be read" fails_with 0 searched --from 10.20.1.7
check "and it is said that this is not on record" said "this reading is not on record"
cp "$LAB_DIR/readings.jsonl" "$LAB_DIR/readings.head" "$DIR"
check "a list that was put back as it was shows" fails_with 1 list verify
check "it says what is missing" said "which heads.jsonl names, is missing"
check "logs verify finds it too" fails_with 1 lab_ctl logs verify --log "$DIR"
