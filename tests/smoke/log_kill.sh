#!/bin/bash
# smoke: control is killed at random moments while it writes the log; nothing that was synced is lost, nothing is told wrong.
#
#   log_kill.sh [KILLS]        default: 5
source "$(dirname "$0")/lib/smoke.bash"
source "$(dirname "$0")/lib/log.bash"
kills=${1:-5}

need "the office is up" office_up
lab_spawn questions staff "$SMOKE_LIB/questions.py" 198.51.100.12 2000
kill_control "$kills" 0 1.2
lab_stop questions
sleep 2
check "after $kills kills the log was whole each time" same "$altered false alarms" "0 false alarms"
check "no record was lost or doubled" log_complete
log_complete | sed 's/^/    /'
lab_stop control
check "the log is whole after an orderly stop" log_unaltered
log_unaltered | sed 's/^/    /'
