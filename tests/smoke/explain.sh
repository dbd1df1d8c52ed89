#!/bin/bash
# smoke: the running gateway and `sluicectl explain` decide the same random accesses alike; diff tells them apart.
#
#   explain.sh [QUESTIONS [SEED]]        default: 400
source "$(dirname "$0")/lib/smoke.bash"
questions=${1:-400}

# Beside the office's own rules some with schedules, exceptions, ports and patterns.
asking_office_up() {
  lab_down
  lab_up && policies_copied || return
  cat >"$LAB_DIR/policies/asked.yaml" <<YAML
schedules:
  always: {days: mon-sun, hours: "00:00-24:00"}
  never: {days: mon, hours: "03:33-03:34"}
lists:
  shops: {names: [shop.example, "=only.example", "*.below.example"], keywords: [video]}
exceptions:
  - {name: audit, from: [10.20.9.0/24], to: [vendor.example], action: allow, owner: li.wei, ticket: IT-1, expires: $(date -d "1 year" +%F)}
  - {name: over, to: [past.example], action: block, owner: li.wei, ticket: IT-2, expires: 2020-12-31}
YAML
  cat >"$LAB_DIR/policies/zz-asked.yaml" <<'YAML'
rules:
  - {name: timed, from: [staff], to: [timed.example], when: always, action: block}
  - {name: untimed, from: [staff], to: [never.example], when: never, action: block}
  - {name: some-ports, to: [ports.example], ports: [tcp/1-500], action: block}
  - {name: web-only, from: [finance], to: [ports.example], protocols: [tls], action: allow}
  - {name: watch-shops, to: [shops], action: observe}
YAML
  lab_servers_start && lab_gateway_start && lab_control_start
}
ask_both() {
  /usr/bin/python3 "$SMOKE_LIB/ask_both.py" "$LAB" "$LAB_BUILD/control/sluicectl" "$LAB_DIR/api.sock" "$LAB_DIR/log" "$@"
}
explained() { lab_ctl explain --from 10.20.1.7 --host "$1" "${@:2}"; }
status_of() { "$@" >/dev/null 2>&1; echo $?; }
diffed() { lab_ctl diff running "$LAB_DIR/policies" "$@"; }
replayed() { diffed --replay-log --since 1h --log "$LAB_DIR/${1:-log}" "${@:2}" 2>&1; }

need "the office is up" asking_office_up
asked() { ask_both "$@" >"$LAB_DIR/asked.txt" 2>&1 || { cat "$LAB_DIR/asked.txt"; return 1; }; }
check "$questions random accesses are decided as explain says" asked "$questions" ${2:+"$2"}
tail -n 1 "$LAB_DIR/asked.txt" | sed 's/^/    /'
# Random ones may all have been elsewhere.
news_is_recorded() { lab_records | grep '"domain":"news.example"' | grep -q '"ip":"10.20.1.7"'; }
page staff http://news.example/ >/dev/null
check "an access to the news is recorded" lab_wait 10 news_is_recorded
check "explain of the running gateway names file and line" contains "$(explained luckybet.example)" "lists.yaml:"
check "explain --exit-code ends with 1 for a block" same "$(status_of explained luckybet.example --exit-code)" 1
check "nothing is different before anything is changed" contains "$(diffed)" "nothing is written differently"
printf 'rules:\n  - {name: no-news, to: [news.example], action: block}\n' >"$LAB_DIR/policies/zzz.yaml"
check "diff tells of the new rule" contains "$(diffed)" "added no-news, for everyone"
check "diff finds recorded accesses that it would block" contains "$(replayed)" "blocked, no-news"
replayed log --limit 1 | sed 's/^/    /'
check "a log that is not there is told" contains "$(replayed nowhere)" "nowhere"
mkdir -p "$LAB_DIR/empty"
check "a log that is empty is told" contains "$(replayed empty)" "none in"
lab_stop control
check "explain of a gateway that is down ends with 2" same "$(status_of explained news.example)" 2
check "and says why" contains "$(explained news.example 2>&1)" "does sluice-control run?"
