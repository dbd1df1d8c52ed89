#!/bin/bash
# smoke: reloads at a rate, under traffic: no packet is lost, neither process grows, and what was enforced is counted.
#
#   tests/smoke/reload_rate.sh [SECONDS [RATE [NAMES]]]     default: 5 seconds, 100 a second, the sample policy
#
# Each change is a file put in place of another, and an apply that does not wait for the one before: where compiling does
# not keep up, the newest takes the place of those that wait. With NAMES, the policy has a list of so many names, and
# each change adds one to it.
source "$(dirname "$0")/lib/smoke.bash"
source "$(dirname "$0")/lib/traffic.bash"
seconds=${1:-5} rate=${2:-100} names=${3:-0}

compiler_rss_kb() { awk '/^VmRSS/ { print $2 }' "/proc/$(pgrep -P "$(lab_pid control)" sluice-compile)/status"; }
change() { python3 "$SMOKE_LIB/reloads.py" "$LAB_DIR/policies" "$LAB_DIR/api.sock" "$@"; }
settled() { (($(metric '^sluice_policy_wanted_generation') == $(metric '^sluice_policy_generation'))); }

need "the office is up" office_up
need "the first changes are enforced" change "$rate" 3 "$names"  # allocators reach their size
need "they settle" lab_wait 30 settled
traffic_start 1000
dataplane_before=$(rss_kb dataplane) control_before=$(rss_kb control) compiler_before=$(compiler_rss_kb)
enforced_before=$(metric '^sluice_policy_reloads_total.*enforced') compiled_before=$(metric '^sluice_policy_compilations_total')
began=$EPOCHREALTIME
said=$(change "$rate" "$seconds" "$names")
took=$(elapsed "$began")
need "the last change settles" lab_wait 30 settled
enforced=$(($(metric '^sluice_policy_reloads_total.*enforced') - enforced_before))
compiled=$(($(metric '^sluice_policy_compilations_total') - compiled_before))
refused=$(metric '^sluice_policy_reloads_total.*refused')
dataplane_after=$(rss_kb dataplane) control_after=$(rss_kb control) compiler_after=$(compiler_rss_kb)
traffic_stop
echo "    $said in $took s; $compiled compiled, $enforced enforced, $refused refused"
echo "    $sent datagrams sent, $received received"
echo "    memory: data plane $dataplane_before kB before, $dataplane_after kB after; control $control_before kB," \
  "$control_after kB; compiler $compiler_before kB, $compiler_after kB"
check "no datagram was lost" nothing_lost
check "reloads went on all the time" at_most $((seconds / 5)) "$enforced"
check "nothing was refused" same "$refused" 0
# A generation is in memory beside the next one, and may be so when it is measured.
check "the data plane does not grow" grown "$dataplane_before" "$dataplane_after" $((4096 + names * 128 / 1024))
check "control does not grow" grown "$control_before" "$control_after" 8192
check "the history is unaltered" lab_ctl history verify --state "$LAB_DIR/control"
