#!/bin/bash
# smoke: control is killed at random moments while it writes the log; nothing that was synced is lost, nothing is told wrong.
#
#   log_kill.sh [KILLS]        default: 5
source "$(dirname "$0")/lib/smoke.bash"
source "$(dirname "$0")/lib/log.bash"
kills=${1:-5}

need "the office is up" office_up
lab_spawn questions staff "$SMOKE_LIB/questions.py" 198.51.100.12 2000
altered=0
for ((kill = 1; kill <= kills; ++kill)); do
  sleep "$(awk -v seed="$RANDOM" 'BEGIN { srand(seed); printf "%.3f", rand() * 1.2 }')"
  lab_stop control KILL
  log_unaltered >"$LAB_DIR/verify.log" || { ((++altered)); cat "$LAB_DIR/verify.log"; }
  lab_control_start || { echo "not ok - control does not come back after kill $kill"; exit 1; }
  ((kill % 20)) || echo "    killed $kill of $kills times, $altered false alarms"
done
lab_stop questions
sleep 2
check "after $kills kills the log was whole each time" same "$altered false alarms" "0 false alarms"
check "no record was lost or doubled" log_complete
log_complete | sed 's/^/    /'
lab_stop control
check "the log is whole after an orderly stop" log_unaltered
log_unaltered | sed 's/^/    /'
