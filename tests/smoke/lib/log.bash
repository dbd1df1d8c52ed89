# smoke: what stands in the access log, held against what the data plane counted; sourced after smoke.bash.

# log_counts: records that lines stand for, how many of them twice, the records that gap lines name; and how many of the
# records have no line of their own, and how many ends lead to no record.
log_counts() {
  lab_records | python3 -c '
import collections, json, sys
lines = [json.loads(line) for line in sys.stdin]
gaps = [line for line in lines if line["event"].get("kind") == "pipeline_error"]
def ids_of(line):
    own = line["event"]["id"]
    yield own
    for stretch in filter(None, line["sluice"].get("folded", "").split(",")):
        first, _, last = stretch.partition("-")
        yield from (f"{own[:own.rindex(chr(45))]}-{number}" for number in range(int(first), int(last or first) + 1))
ids = collections.Counter(id for line in lines for id in ids_of(line))
lost = sum(gap["sluice"].get("lost", 0) for gap in gaps)
records = sum(line["event"].get("count", 1) for line in lines) - len(gaps)
led = [line["sluice"]["access"] for line in lines if "access" in line["sluice"]]
print(records, sum(count - 1 for count in ids.values()), lost, records + len(gaps) - len(lines), sum(id not in ids for id in led))'
}
# log_complete [LOST]: every record that the data plane numbered is a line, or named by a gap line; none is there twice.
# Ends of flows come while it counts, so it counts again where the two differ.
log_complete() {
  local written doubled lost numbered try
  lab_wait 20 ring_empty || { echo "the ring does not empty: $(metric '^sluice_ring_used')"; return 1; }
  for try in 1 2 3 4 5; do
    numbered=$(metric '^sluice_(accesses|ends)_total')
    read -r written doubled lost _ < <(log_counts)
    ((written + lost == numbered)) && break
    sleep 1
  done
  echo "$written written, $doubled twice, $lost lost and said so, of $numbered"
  ((written + lost == numbered && doubled == 0 && numbered > 0)) && same "$lost" "${1:-0}"
}
ring_empty() { same "$(metric '^sluice_ring_used_slots')" 0 >/dev/null; }
log_unaltered() { lab_ctl logs verify --log "$LAB_DIR/log"; }
# kill_control KILLS LEAST_S MORE_S: kills control so often, each time after LEAST_S to LEAST_S + MORE_S seconds, and checks the log
# before it comes back. Counts in `altered` how often the check called it altered.
kill_control() {
  local kills=$1 kill
  altered=0
  for ((kill = 1; kill <= kills; ++kill)); do
    sleep "$(awk -v seed="$RANDOM" -v least="$2" -v more="$3" 'BEGIN { srand(seed); printf "%.3f", least + rand() * more }')"
    lab_stop control KILL
    log_unaltered >"$LAB_DIR/verify.log" || { ((++altered)); cat "$LAB_DIR/verify.log"; }
    lab_control_start || { echo "not ok - control does not come back after kill $kill"; exit 1; }
    ((kill % 20)) || echo "    killed $kill of $kills times, $altered false alarms"
  done
}
