#!/bin/bash
# smoke: the log's disk is full: what `log-full` says becomes of new connections, all of it is recorded, and it goes on.
source "$(dirname "$0")/lib/smoke.bash"
source "$(dirname "$0")/lib/log.bash"

# A small disk of the log's own, and a small ring before it.
disk_up() {
  disk_down; lab_down
  lab_up && policies_copied && lab_servers_start && mkdir -p "$LAB_DIR/log" &&
    mount -t tmpfs -o size=8m tmpfs "$LAB_DIR/log" && setting "$1" && lab_gateway_start --ring-mb 1 && lab_control_start
}
setting() { sed -i "s/^  log-full: .*/  log-full: $1/" "$LAB_DIR"/policies/rules.yaml; }
disk_down() { ! mountpoint -q "$LAB_DIR/log" || umount "$LAB_DIR/log"; }
trap 'code=$?; disk_down; (exit "$code"); smoke_finish' EXIT
fill() { dd if=/dev/zero of="$LAB_DIR/log/filler" bs=64k 2>/dev/null; [[ -s $LAB_DIR/log/filler ]]; }
ring_full() { (($(metric '^sluice_records_lost') > 0)); }
new_connection() { page staff http://news.example/; }

for setting in block allow; do
  need "$setting: the office is up" disk_up "$setting"
  lab_spawn questions staff "$SMOKE_LIB/questions.py" 198.51.100.12 2000
  sleep 1
  check "$setting: before, a new connection passes" same "$(new_connection)" 200
  need "$setting: the disk is filled" fill
  need "$setting: the ring fills up" lab_wait 30 ring_full
  [[ $setting == block ]] && wanted=000 || wanted=200
  check "$setting: a new connection" same "$(new_connection)" "$wanted"
  check "$setting: metrics say that the disk refuses" test "$(metric '^sluice_log_errors_total')" -gt 0
  rm "$LAB_DIR/log/filler"
  sleep 3
  lab_stop questions
  check "$setting: afterwards a new connection passes" same "$(new_connection)" 200
  sleep 2
  lost=$(metric '^sluice_records_lost')
  check "$setting: every record is written, or said to be lost" log_complete "$lost"
  log_complete "$lost" | sed 's/^/    /'
  check "$setting: the log is whole" log_unaltered
  log_unaltered | sed 's/^/    /'
  lab_stop control
  disk_down
done
