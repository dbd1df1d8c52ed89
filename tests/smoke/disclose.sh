#!/bin/bash
# smoke: one client's lines of a running log are disclosed, signed, and proved elsewhere; what is changed shows.
source "$(dirname "$0")/lib/smoke.bash"
source "$(dirname "$0")/lib/log.bash"

CASE=$LAB_DIR/case.jsonl ELSEWHERE=$LAB_DIR/elsewhere
disclose() { lab_ctl logs disclose --log "$LAB_DIR/log" --case 2026-7 "$@"; }
prove() { "$LAB_BUILD/control/sluicectl" logs prove "$@"; }
kinds() { python3 -c 'import collections, json, sys; print(collections.Counter(json.loads(line)["kind"] for line in open(sys.argv[1]))[sys.argv[2]])' "$1" "$2"; }
searched() { lab_ctl logs --log "$LAB_DIR/log" --json "$@"; }
field() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }
fails_with() { local wanted=$1; shift; "$@" >"$LAB_DIR/said" 2>&1; same "$?" "$wanted" || { cat "$LAB_DIR/said"; return 1; }; }
said() { contains "$(<"$LAB_DIR/said")" "$1"; }
leftovers() { find "$LAB_DIR" -maxdepth 1 -name '*.tmp' | wc -l; }
logged() { [[ -n $(searched --from 10.20.1.7) && -n $(searched --from 10.20.8.21) ]]; }

need "the office is up" office_up
page staff http://news.example/ >/dev/null
page finance http://erp.example/ >/dev/null
need "both accesses are logged" lab_wait 10 logged
check "what is not signed yet is not disclosed" fails_with 2 disclose --from 10.20.1.7 --out "$CASE"
check "it is said that it is not signed yet" said "not signed yet"
check "and no file is there" test ! -e "$CASE" -a "$(leftovers)" = 0
lab_stop control  # closes the segment
check "without the daemon nothing is disclosed" fails_with 2 disclose --from 10.20.1.7 --out "$CASE"
need "control comes back" lab_control_start
check "the whole log is no disclosure" fails_with 2 disclose --out "$CASE"
check "one client's lines are disclosed" fails_with 0 disclose --from 10.20.1.7 --out "$CASE"
check "nobody else may read them" same "$(stat -c %a "$CASE")" 600
check "what is there already is not written over" fails_with 2 disclose --from 10.20.8.21 --out "$CASE"
check "nothing half made is left" same "$(leftovers)" 0

mkdir "$ELSEWHERE" && cp "$CASE" "$LAB_DIR/log/heads.jsonl" "$ELSEWHERE"
fingerprint=$(lab_ctl logs verify --log "$LAB_DIR/log" --json | field key)
check "the log says that it was disclosed" same "$(lab_ctl logs verify --log "$LAB_DIR/log" --json | field disclosures)" 1
searched --from 10.20.1.7 >"$LAB_DIR/wanted"
lines=$(kinds "$CASE" line)
check "the lines are those that a search finds" \
  same "$(python3 -c 'import json, sys; [print(json.loads(line)["line"]) for line in open(sys.argv[1]) if json.loads(line)["kind"] == "line"]' "$CASE")" \
  "$(head -n "$lines" "$LAB_DIR/wanted")"
check "there is no word of the other client" fails_with 1 grep -q -e '10\.20\.8\.21' -e erp.example "$CASE"
lab_stop control
rm -r "$LAB_DIR/log"
cd "$ELSEWHERE" || exit 1
check "elsewhere, without the log, the lines are proved" fails_with 0 prove case.jsonl --fingerprint "$fingerprint" --witness heads.jsonl
check "it says how many" said "proven: $lines of "
check "it says who disclosed them" said "disclosed by root"
check "another key is a fault" fails_with 1 prove case.jsonl --fingerprint "${fingerprint//[0-9]/a}"
sed 's/news\.example/good.example/' case.jsonl >other.jsonl
check "a line that was changed shows" fails_with 1 prove other.jsonl
check "it says which" said "its path does not lead to the frame's root"
sed '$d' case.jsonl >cut.jsonl
check "a file that was cut shows" fails_with 1 prove cut.jsonl
check "what is no disclosure is refused" fails_with 2 prove heads.jsonl
