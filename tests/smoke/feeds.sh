#!/bin/bash
# smoke: a list that is fetched: its changes come into force by themselves, too large ones wait, and a dead server changes nothing.
source "$(dirname "$0")/lib/smoke.bash"
served=$LAB_DIR/served

# offer NAME...: what the server has from now on.
offer() { printf '%s\n' "$@" >"$served/new" && mv "$served/new" "$served/fetched.names"; }
serve() { lab_spawn feed gw python3 -u -m http.server --bind 127.0.0.1 --directory "$served" 8099; }
served_up() { in_ns gw curl -sf -m 2 -o /dev/null http://127.0.0.1:8099/; }
feed() { lab_ctl feeds --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["feeds"][0][sys.argv[1]])' "$1"; }
feed_is() { same "$(feed "$1")" "$2"; }
news_is() { page_is staff http://news.example/ "$1"; }
refused() { ! "$@"; }
fails() { (($(metric '^sluice_feed_fetches_total.*"failed"') >= 1)); }
no_secret() {
  local pid
  pid=$(lab_pid control)
  ! { cat "$LAB_DIR/control.log" "/proc/$pid/cmdline"; lab_ctl status; lab_ctl status --json; lab_ctl feeds; lab_metrics
    cat "$LAB_DIR"/control/feeds/* "$LAB_DIR/control/history.jsonl"; } 2>&1 | grep -a topsecret
}

need "the office is up" office_up
mkdir -p "$served"
offer news.example
serve
need "the feed's server is up" lab_wait 5 served_up
check "nothing is fetched yet" same "$(lab_ctl feeds)" "the policy in force has no list that is fetched"
check "news is open" news_is 200
cat >"$LAB_DIR/policies/zz-feed.yaml" <<'YAML'
lists:
  fetched: {url: "http://user:topsecret@127.0.0.1:8099/fetched.names?key=topsecret", refresh: 5m}
rules:
  - {name: no-fetched, to: [fetched], action: block}
YAML
need "the policy is applied before its feed is there" lab_ctl apply --reason "a feed"
check "the feed is fetched and comes into force" lab_wait 10 news_is 403
check "it has an entry" feed_is entries 1
check "it is good" feed_is state good
offer other.example
check "another copy is asked for" lab_ctl feeds refresh fetched
check "and comes into force" lab_wait 10 news_is 200
echo 'rules: [{name: unapplied, from: [staff], to: [office.example], action: block}]' >"$LAB_DIR/policies/zzz-edit.yaml"
pending() { (($(metric '^sluice_policy_pending') == 1)); }
check "an edit that nobody applied is pending" lab_wait 5 pending
offer news.example
check "a feed comes meanwhile" lab_ctl feeds refresh
check "it comes into force" lab_wait 10 news_is 403
check "without the edit" page_is staff http://office.example/ 200
check "which is pending still" pending
rm "$LAB_DIR/policies/zzz-edit.yaml"
offer news.example {1..9}.example
check "a copy that is ten times as large" lab_ctl feeds refresh
check "is held back" lab_wait 10 feed_is state held
check "and shown" contains "$(lab_ctl status)" "held: fetched"
check "and not in force" feed_is entries 1
check "a metric says so" same "$(metric '^sluice_feed_held')" 1
check "it needs a reason" refused lab_ctl feeds accept fetched
check "it is accepted" lab_ctl feeds accept fetched --reason "it grew"
check "and comes into force" lab_wait 10 feed_is entries 10
check "the history says who and why" contains "$(tail -n 1 "$LAB_DIR/control/history.jsonl")" "feed fetched accepted: it grew"
lab_stop feed
check "without its server" lab_ctl feeds refresh fetched
check "a fetch fails" lab_wait 10 fails
check "and the list stays" news_is 403
check "as is shown" feed_is state failing
lab_stop control
need "control starts again" lab_control_start
check "with the copy it had" lab_wait 10 feed_is entries 10
check "and the list stays" news_is 403
check "nothing shows the password" no_secret
