#!/bin/bash
# smoke: what the running data plane has given up; a worker that hangs ends it, and the next one goes on with its policy.
source "$(dirname "$0")/lib/smoke.bash"
source "$(dirname "$0")/lib/traffic.bash"

# threads FIELD: what /proc says of it for each thread, one line.
threads() { sort -u <(awk -v field="$1:" '$1 == field { print $2 }' /proc/"$(lab_pid dataplane)"/task/*/status) | paste -sd' '; }
worker_thread() { grep -lx 'lcore-worker-1\|rte-worker-1\|lcore-worker-01' /proc/"$(lab_pid dataplane)"/task/*/comm | head -n1 | cut -d/ -f5; }
main_and_workers() {
  local each
  for each in "$(lab_pid dataplane)" "$(worker_thread)"; do
    awk '/^Cap(Prm|Eff|Inh|Amb):/ && $2 != "0000000000000000" { print FILENAME, $0; bad = 1 } END { exit bad }' \
      "/proc/$(lab_pid dataplane)/task/$each/status" || return
  done
}
gone() { ! lab_alive dataplane; }

need "the office is up" office_up
check "the main thread and the worker have no capability" main_and_workers
check "every thread's system calls are filtered" same "$(threads Seccomp)" 2
check "no thread can gain privileges" same "$(threads NoNewPrivs)" 1

lab_spawn holder gw "$SMOKE_LIB/hold_thread.py" "$(worker_thread)"
need "the worker hangs" lab_wait 5 grep -q held "$LAB_DIR/holder.log"
check "the data plane ends by itself" lab_wait 20 gone
check "and says which worker hung" grep -q 'worker 0 has not turned for 10 seconds' "$LAB_DIR/dataplane.log"
lab_stop holder KILL
rm -f "$LAB_DIR/dataplane.sock"
need "the next data plane starts" lab_gateway_start
check "with the policy that was in force" lab_wait 5 grep -q 'the last good one, is in force' "$LAB_DIR/dataplane.log"
check "an allowed name is open" lab_wait 5 page_is staff https://news.example/ 200
check "a blocked name is blocked" page_is staff http://luckybet.example/ 403
