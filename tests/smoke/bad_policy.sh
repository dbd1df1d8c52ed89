#!/bin/bash
# smoke: a policy with errors leaves the old one in force, and status, metrics and log say so.
source "$(dirname "$0")/lib/smoke.bash"

old_in_force() {
  page_is staff http://luckybet.example/ 403 && page_is staff http://news.example/ 200 && page_is finance https://erp.example/ 200
}
refused() {
  local said
  said=$(lab_ctl apply --reason "a mistake" 2>&1) && { echo "it was applied: $said"; return 1; }
  # Both mistakes at once, each with its place.
  grep -Eq '95-mistake\.yaml:2:[0-9]+: ' <<<"$said" && grep -Eq '95-mistake\.yaml:3:[0-9]+: ' <<<"$said" && return
  echo "$said"
  return 1
}
status_shows() { contains "$(lab_ctl status 2>&1)" 95-mistake.yaml; }
log_shows() { grep -q '95-mistake.yaml:2' "$LAB_DIR/control.log" || { tail "$LAB_DIR/control.log"; return 1; }; }

need "the office is up" office_up
check "the policy is enforced" old_in_force
before=$(metric '^sluice_policy_reloads_total.*refused')
cat >"$LAB_DIR/policies/95-mistake.yaml" <<'YAML'
rules:
  - {name: typo, from: [staf], to: [news.example], action: block}
  - {name: nonsense, to: [news.example], action: explode}
YAML
check "apply refuses it, with every mistake's place" refused
check "the old policy stays in force" old_in_force
check "status shows the mistake" status_shows
check "the log shows the mistake" log_shows
check "a metric counts it" same "$(metric '^sluice_policy_reloads_total.*refused')" $((before + 1))
kill -HUP "$(lab_pid control)"
sleep 1
check "SIGHUP refuses it too" old_in_force
rm "$LAB_DIR/policies/95-mistake.yaml"
echo 'rules: [{name: no-news, to: [news.example], action: block}]' >"$LAB_DIR/policies/95-fixed.yaml"
kill -HUP "$(lab_pid control)"
check "SIGHUP brings a good one into force" lab_wait 3 page_is staff http://news.example/ 403
