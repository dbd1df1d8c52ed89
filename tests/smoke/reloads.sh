#!/bin/bash
# smoke: many reloads in a row under traffic; no packet is lost, neither process grows, and what is open is judged again.
#
#   tests/smoke/reloads.sh [N]     default: 100
source "$(dirname "$0")/lib/smoke.bash"
source "$(dirname "$0")/lib/traffic.bash"
count=${1:-100}

# Each reload brings another policy into force: a rule comes and goes.
reload() {
  local toggle=$LAB_DIR/policies/90-toggle.yaml
  if (($1 % 2)); then
    echo 'rules: [{name: toggled, from: [staff], to: [toggled.example], action: block}]' >"$toggle"
  else
    rm -f "$toggle"
  fi
  lab_ctl apply --reason "reload $1"
}
reloads() {
  local number
  for ((number = $1; number <= $2; number++)); do
    reload "$number" >"$LAB_DIR/reload.out" 2>&1 || { echo "reload $number failed:"; cat "$LAB_DIR/reload.out"; return 1; }
  done
}

need "the office is up" office_up
traffic_start 1000
warm=$((count / 5 < 20 ? 20 : count / 5))  # allocators reach their size
need "$warm reloads to warm up" reloads 1 "$warm"
dataplane_before=$(rss_kb dataplane) control_before=$(rss_kb control)
need "$count reloads in a row" reloads $((warm + 1)) $((warm + count))
dataplane_after=$(rss_kb dataplane) control_after=$(rss_kb control)
traffic_stop
echo "    $sent datagrams sent, $received received"
echo "    memory: data plane $dataplane_before kB before, $dataplane_after kB after; control $control_before kB, $control_after kB"
check "no datagram was lost" nothing_lost
check "the data plane does not grow" grown "$dataplane_before" "$dataplane_after" 4096
check "control does not grow" grown "$control_before" "$control_after" 8192
check "the last policy is in force" page_is staff http://luckybet.example/ 403

# What is open already is judged again.
block_news() {
  echo 'rules: [{name: no-news-now, from: [staff], to: [news.example], action: block}]' >"$LAB_DIR/policies/91-news.yaml"
  lab_ctl apply --reason "no news"
}
export -f block_news lab_ctl
export LAB_BUILD LAB_DIR
check "an open connection ends within a second" in_ns staff python3 "$SMOKE_LIB/open_connection.py" \
  "$LAB_DIR/tls/ca.pem" news.example 198.51.100.12 1 bash -c block_news
