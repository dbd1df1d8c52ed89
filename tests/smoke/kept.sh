#!/bin/bash
# smoke: data planes are killed under load while control is away; the records that they wrote wait in the service manager's store.
source "$(dirname "$0")/lib/smoke.bash"
source "$(dirname "$0")/lib/log.bash"
source "$(dirname "$0")/lib/kept.bash"
kills=3

office_kept() { lab_down; lab_up && policies_copied && lab_servers_start && gateway_kept --workers 2 && lab_control_start; }
said() { same "$(grep -c "$1" "$LAB_DIR/manager.log")" "$2"; }
refused_one() { same "$(metric '^sluice_shared_memory_refused_total')" 1; }

need "the office is up, its data plane under a service manager" office_kept
check "its memory is kept" said '^keeps shared-memory' 1
lab_spawn questions staff "$SMOKE_LIB/questions.py" 198.51.100.12 2000
sleep 2
lab_stop control KILL
for ((kill = 1; kill <= kills; ++kill)); do
  sleep "0.$((RANDOM % 9 + 1))"
  need "killed $kill of $kills times without control, the data plane is back" gateway_killed
done
check "each went on in the memory of the one before" said 'goes on in the memory' "$kills"
sleep 1
need "control comes back" lab_control_start
sleep 1
# With control there the same.
need "the data plane is killed beside control, and back" gateway_killed
sleep 1
lab_stop questions
check "no record was lost or doubled over the kills" log_complete
log_complete | sed 's/^/    /'
check "the data planes are counted" same "$(metric '^sluice_dataplane_starts_total')" $((kills + 2))
check "no memory was refused" same "$(metric '^sluice_shared_memory_refused_total')" 0
check "the log is whole" log_unaltered

kill -USR1 "$(lab_pid manager)"
need "memory that somebody could shorten is put in its place" lab_wait 5 grep -qx replaced "$LAB_DIR/manager.log"
need "the data plane is killed, and back" gateway_killed
check "it says that it does not take it" said 'the kept .shared-memory. is not taken: it is not sealed as ours is' 1
check "it gives new memory to be kept" said '^keeps shared-memory' 2
check "control counts the refusal" lab_wait 10 refused_one
