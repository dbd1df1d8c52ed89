#!/bin/bash
# smoke: a change with a net: a trial that goes back by itself, an exception for a time, a bypass that ends with control dead.
source "$(dirname "$0")/lib/smoke.bash"

blocks_news() { echo 'rules: [{name: no-news-now, from: [staff], to: [news.example], action: block}]' >"$LAB_DIR/policies/91-news.yaml"; }
news_is() { page_is staff http://news.example/ "$1"; }
said() { contains "$("${@:2}" 2>&1)" "$1"; }
fails() { ! "$@" >/dev/null 2>&1; }
recorded() { lab_records | grep -q "\"$1\""; }
would_have_been() { lab_records | grep -q '"would":"blocked"'; }
bypass_metric() { same "$(metric '^sluice_bypass ')" "$1"; }
vendor() { lab_ctl except --from staff --to luckybet.example --for "$1" --owner li.wei --ticket IT-4711 "${@:2}"; }

need "the office is up" office_up
need "news are open" news_is 200

# A trial.
need "the log has it" lab_wait 10 recorded news.example
blocks_news
preview=$(lab_ctl apply --reason trial --confirm 8s --wait 2>&1)
check "apply shows first what it newly blocks" contains "$preview" "newly blocked"
check "and by which rule" contains "$preview" "by no-news-now"
need "a trial comes into force" contains "$preview" "is in force"
check "news are blocked" news_is 403
check "status counts down" said "unless sluicectl confirm" lab_ctl status
check "another apply is refused meanwhile" fails lab_ctl apply --reason another
kill -9 "$(lab_pid control)"
check "nobody confirms, control was killed: it goes back" lab_control_start
check "news are open again" lab_wait 20 news_is 200
check "the history says why" said "was not confirmed in time" lab_ctl history
need "a second trial" lab_ctl apply --reason trial --confirm 8s --wait
need "is confirmed" lab_ctl confirm
sleep 9
check "and stays" news_is 403
rm "$LAB_DIR/policies/91-news.yaml"
need "news are open" lab_ctl apply --reason open --wait

# An exception.
check "a betting page is blocked" page_is staff http://luckybet.example/ 403
blocks_news
check "an exception does not take other changes with it" fails vendor 1h
check "and leaves nothing behind" test ! -e "$LAB_DIR/policies/exceptions-sluicectl.yaml"
check "nor what is no name" fails vendor 1h --to 'no such thing'
rm "$LAB_DIR/policies/91-news.yaml"
check "an exception opens it" vendor 1h
check "at once" page_is staff http://luckybet.example/ 200
check "it is listed" said "it-4711" lab_ctl except --list
check "it is ended" lab_ctl except --end it-4711
check "and closes it again" page_is staff http://luckybet.example/ 403

# A bypass.
check "no bypass" bypass_metric 0
need "a bypass" lab_ctl bypass --for 12s --reason "is it us?"
check "lets everything pass" page_is staff http://luckybet.example/ 200
check "a stranger, too" page_is stranger http://news.example/ 200
check "status says so" said "EVERYTHING PASSES" lab_ctl status
check "the metric says so" bypass_metric 1
check "control's log says so" grep -q "BYPASS until" "$LAB_DIR/control.log"
check "the access log shows what would have been" lab_wait 5 would_have_been
kill -9 "$(lab_pid control)"
lab_stop dataplane
need "the data plane starts again" lab_gateway_start
check "the data plane keeps it over its own restart" page_is staff http://luckybet.example/ 200
sleep 12
check "it ends with control dead" page_is staff http://luckybet.example/ 403
need "control comes back" lab_control_start
check "and knows that it is over" bypass_metric 0
check "the history is signed and says who" said "not altered" lab_ctl history verify --state "$LAB_DIR/control"
need "another one" lab_ctl bypass --for 1h --reason "again"
check "is ended by hand" lab_ctl bypass --end --reason "it was not"
check "at once" page_is staff http://luckybet.example/ 403
