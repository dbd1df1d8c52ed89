#!/bin/bash
# smoke: the log's signed lines reach a witness; a log written anew afterwards shows.
source "$(dirname "$0")/lib/smoke.bash"
source "$(dirname "$0")/lib/log.bash"

witnessed() { [[ $(lab_ctl status --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["log"]["witness"]["line"])') -ge $1 ]]; }
witness_status() { lab_ctl status; }
verify() { "$LAB_BUILD/control/sluicectl" logs verify --log "$LAB_DIR/log" "$@"; }

need "the office is up" office_up
mkdir -p "$LAB_DIR/witness"
page staff http://news.example/ >/dev/null
sleep 1
lab_stop control  # closes the first segment
need "control comes back" lab_control_start
check "without a witness, status says since when" contains "$(sleep 6; witness_status)" "unwitnessed since"
check "metrics say it too" test "$(metric '^sluice_log_unwitnessed_since')" != 0
grep -q '^log:' "$LAB_DIR"/policies/*.yaml && sed -i '/^log:/d' "$LAB_DIR"/policies/*.yaml
printf 'log: {witness: {folder: %s}}\n' "$LAB_DIR/witness" >"$LAB_DIR/policies/witness.yaml"
need "a policy with a witness is applied" lab_ctl apply --wait --reason "a witness"
check "the witness has the line" lab_wait 15 witnessed 1
check "a file of it lies in the folder" same "$(cat "$LAB_DIR"/witness/heads-1-1.jsonl)" "$(cat "$LAB_DIR/log/heads.jsonl")"
check "nothing is unwitnessed any more" same "$(metric '^sluice_log_unwitnessed_since')" 0
lab_stop control
cat "$LAB_DIR"/witness/*.jsonl >"$LAB_DIR/witnessed.jsonl"
check "the log fits what the witness has" verify --witness "$LAB_DIR/witnessed.jsonl"
fingerprint=$(verify --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["key"])')
check "the key is the one that was noted" verify --fingerprint "$fingerprint"
# Whoever has the key writes another log.
rm -r "$LAB_DIR/log"
need "control begins a log anew with the same key" lab_control_start
page staff http://news.example/ >/dev/null
sleep 1
lab_stop control
check "by itself the new log is unaltered" verify --fingerprint "$fingerprint"
verify --witness "$LAB_DIR/witnessed.jsonl" >"$LAB_DIR/verify.log"
check "the witness shows that it is another one" same "$? $(grep -c 'than the witness has' "$LAB_DIR/verify.log")" "1 1"
