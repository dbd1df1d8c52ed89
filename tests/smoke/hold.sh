#!/bin/bash
# smoke: what is held for a case stands, signed, beside the log, and takes two persons to be released.
source "$(dirname "$0")/lib/smoke.bash"
source "$(dirname "$0")/lib/log.bash"

need "the office is up" office_up
check "a case is held" lab_ctl hold audit-7 --since 2026-01-01 --reason "an audit"
check "it is listed with its reason" contains "$(lab_ctl holds)" "an audit"
check "metrics count it" same "$(metric '^sluice_log_holds')" 1
check "one person asks for its release" contains "$(lab_ctl release audit-7)" "second person"
check "the same one again does not release it" contains "$(lab_ctl release audit-7 2>&1)" "somebody else"
check "it is still held" contains "$(lab_ctl holds)" "audit-7"
lab_stop control KILL
need "control comes back" lab_control_start
check "after a restart it is still held" contains "$(lab_ctl holds)" "audit-7"
term_known() { lab_ctl status | grep -q 'kept.*185 days'; }
check "status says the term" lab_wait 10 term_known
check "the log is whole" log_unaltered
