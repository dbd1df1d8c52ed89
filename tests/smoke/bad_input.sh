#!/bin/bash
# smoke: whatever a policy's files hold, check and apply say where it is wrong, in little time and memory, and the policy
# in force stays.
source "$(dirname "$0")/lib/smoke.bash"

MOST_SECONDS=20 MOST_KB=600000  # of one check; a policy file may have 64 MiB
MOST_GROWTH_KB=200000           # of control, over all of them
bad=$LAB_DIR/policies/95-bad.yaml feed=$LAB_DIR/policies/lists/bad
use='rules: [{name: bad, to: [bad], action: block}]'

bounded() { "$SMOKE_LIB/bounded.py" "$MOST_SECONDS" "$MOST_KB" "$@"; }

# refused COMMAND MESSAGE: it ends with status 2, within its bounds, and says MESSAGE (an extended regular expression).
refused() {
  local said status message=$2
  if [[ $1 == check ]]; then
    said=$(bounded "$LAB_BUILD/control/sluicectl" check "$LAB_DIR/policies" 2>&1)
  else
    said=$(bounded "$LAB_BUILD/control/sluicectl" --socket "$LAB_DIR/api.sock" apply --reason "bad input" 2>&1)
  fi
  status=$?
  ((status == 2)) || { echo "status $status: ${said:0:2000}"; return 1; }
  grep -Eq -- "$message" <<<"$said" || { echo "no $message in: ${said:0:2000}"; return 1; }
}
old_in_force() { page_is staff http://luckybet.example/ 403 && page_is staff http://news.example/ 200; }

# bad_policy NAME MESSAGE: the files are in place; both commands refuse them.
bad_policy() {
  check "$1: check says where" refused check "$2"
  check "$1: apply says where" refused apply "$2"
  check "$1: the old policy is in force" old_in_force
  rm -rf "$bad" "$feed"
}
# bad_text NAME MESSAGE TEXT: of the policy's last file.
bad_text() {
  printf '%s\n' "$3" >"$bad"
  bad_policy "$1" "$2"
}
# bad_list NAME MESSAGE: the list's file is in place.
bad_list() {
  printf 'lists: {bad: {files: [lists/bad]}}\n%s\n' "$use" >"$bad"
  bad_policy "$1" "$2"
}

need "the office is up" office_up
need "the policy is enforced" old_in_force
before=$(rss_kb control)

bad_text "a tab" '95-bad.yaml:2:1: a tab in the indentation' $'rules:\n\t- {name: a, action: block}'
bad_text "a key twice" "95-bad.yaml:1:34: 'action' is given twice; it stands at .*95-bad.yaml:1:19" \
  'rules: [{name: a, action: block, action: allow}]'
bomb='a: &a [x, x, x, x]'
for letter in b c d e f g h i j; do bomb+=$'\n'"$letter: &$letter [*a, *a, *a, *a]"; done
bad_text "anchors" '95-bad.yaml:1:4: YAML anchors are not used in a policy' "$bomb"
head -c 100M /dev/zero | tr '\0' '#' >"$bad"
bad_policy "a file of 100 MB" "'95-bad.yaml': it is larger than 64 MiB"
yes -- '- {name: a}' | head -c 24M | sed '1i rules:' >"$bad"
bad_policy "millions of rules" '95-bad.yaml:[0-9]+:[0-9]+: more than [0-9]+ values'
bad_text "a wrong type" '95-bad.yaml:1:11: .networks. has a single value; write a mapping' 'networks: 7'
bad_text "an unknown key" "95-bad.yaml:1:1: unknown key 'netwroks' in a policy; did you mean .networks." 'netwroks: {}'
bad_text "overlapping prefixes" '95-bad.yaml:1:[0-9]+: 10\.77\.0\.0/16 belongs to the network .one. too' \
  'networks: {one: {prefixes: [10.77.0.0/16], line: none}, two: {prefixes: [10.77.0.0/16], line: none}}'
bad_text "an empty name" "95-bad.yaml:1:[0-9]+: the name '' is empty" 'lists: {bad: {names: [""]}}'
bad_text "a lone star" "95-bad.yaml:1:[0-9]+: the name '\*' has stars where none may stand" 'lists: {bad: {names: ["*"]}}'
bad_text "a name of 300 bytes" "95-bad.yaml:1:[0-9]+: the name .* is longer than 253 bytes" \
  "lists: {bad: {names: [$(printf 'a.%.0s' {1..149})bc]}}"
bad_text "a pattern that explodes" "95-bad.yaml:1:[0-9]+: the pattern .* grows beyond" \
  "lists: {bad: {patterns: ['(a{1,900}b){500}c']}}"

head -c 4M /dev/urandom >"$feed"
bad_list "a list of random bytes" 'lists/bad: (it is no text|not one line is right|most of it)'
mkfifo "$feed"
bad_list "a list that never comes" "95-bad.yaml:1:23: cannot read 'lists/bad': it is not a regular file"
ln -s /dev/zero "$feed"
bad_list "a list that never ends" "95-bad.yaml:1:23: cannot read 'lists/bad': it is not a regular file"
ln -s bad "$feed"
bad_list "a list that leads to itself" "95-bad.yaml:1:23: cannot read 'lists/bad': Too many levels"
truncate -s 8G "$feed"
bad_list "a list of eight gigabytes" "95-bad.yaml:1:23: cannot read 'lists/bad': it is larger than"

after=$(rss_kb control)
echo "    control: $before kB before, $after kB after"
check "control did not keep what it refused" at_most "$((after - before))" "$MOST_GROWTH_KB"
check "a good policy is applied after all of them" lab_ctl apply --reason "good again"
