#!/bin/bash
# smoke: a month's report against what jq adds up of the log; incidents, reviews, a person's file, manuals, of the running gateway.
#
#   report.sh
source "$(dirname "$0")/lib/smoke.bash"
log=$LAB_DIR/log policies=$LAB_DIR/policies
staff=10.20.1.7 finance=10.20.8.21
month=$(TZ=Asia/Shanghai date +%Y-%m)

where=(--log "$log" --policy "$policies")
monthly() { lab_ctl report --month "$month" "${where[@]}" --state "$LAB_DIR/control" "$@"; }
figure() { monthly --json | jq -r ".figures.$1"; } # figure PATH
# sum FILTER: what jq adds up of accesses, or of flows' ends, with zstd's tool alone.
accesses() { lab_records | jq -s "[.[] | select(.event.action and (.sluice.ended | not)) | select($1) | (.event.count // 1)] | add // 0"; }
bytes() { lab_records | jq -s "[.[] | select(.sluice.ended) | select($1) | .source.bytes + .destination.bytes] | add // 0"; }
agree() { same "$(figure "$1")" "$(accesses "$2")"; } # agree PATH FILTER
ended() { lab_records | grep -q "erp.example.*\"ended\""; }
failed() { # failed TEXT COMMAND...: exit status 2, and the text on standard error
  local text=$1 said code
  shift
  said=$("$@" 2>&1 >/dev/null)
  code=$?
  same "$code" 2 && contains "$said" "$text"
}
is_page() { # is_page FILE TEXT...: a whole page without anything of elsewhere that has the texts
  local file=$1 text
  shift
  contains "$(head -c 15 "$file")" "<!DOCTYPE html>" && ! grep -qE '<script|<link|<img|https?://|@import' "$file" || return 1
  for text in "$@"; do grep -qF -- "$text" "$file" || { echo "no \"$text\" in $file"; return 1; }; done
}

need "the office is up" office_up
check "staff reads the news" page_is staff https://news.example/ 200
check "staff does not bet" page_is staff https://luckybet.example/ 000
check "finance has its page" page_is finance https://erp.example/ 200
check "finance does not bet either" page_is finance https://luckybet.example/ 000
in_ns stranger curl -s -m 1 -o /dev/null http://198.51.100.12/
check "flows have ended in the log" lab_wait 30 ended
lab_wait 10 test "$(accesses '.event.reason == "unregistered-source"')" -ge 1
lab_ctl apply --wait --reason "<b>a reason</b>" >/dev/null
# What is compared is read from a log that does not grow any more.
sleep 3
lab_stop dataplane
sleep 2

check "accesses are what jq adds up" agree accesses true
check "blocks too" agree blocked '.event.action == "blocked"'
check "those of a network" same "$(monthly --json | jq '.figures.networks.rows[] | select(.name == "staff").accesses')" "$(accesses '.sluice.network == "staff"')"
check "those of a rule" same "$(monthly --json | jq '.figures.rules.rows[] | select(.name == "no-gambling").blocked')" "$(accesses '.rule.name == "no-gambling" and .event.action == "blocked"')"
check "a name's blocks" same "$(monthly --json | jq '[.figures.blocked_names.rows[] | select(.name == "luckybet.example").blocked] | add')" "$(accesses '.destination.domain == "luckybet.example" and .event.action == "blocked"')"
check "unregistered sources" agree unregistered_accesses '.event.reason == "unregistered-source"'
# A flow's end names its access, whose line says that a rule opened the name.
opened='([.[] | select(.event.action == "allowed" and .event.reason == "rule" and .destination.domain and (.sluice.ended | not)) | {key: .event.id, value: true}] | from_entries) as $opened'
opened_bytes() { lab_records | jq -s "$opened | [.[] | select(.sluice.ended and .destination.domain and ((\$opened[.sluice.access // \"\"] // false) == $1)) | .source.bytes + .destination.bytes] | add // 0"; }
check "bytes to essentials" same "$(figure 'bytes.essentials | .up + .down')" "$(opened_bytes true)"
check "bytes to other names" same "$(figure 'bytes.other_names | .up + .down')" "$(opened_bytes false)"
check "bytes without a name" same "$(figure 'bytes.unnamed | .up + .down')" "$(bytes '.destination.domain | not')"
check "some bytes went to essentials" test "$(figure 'bytes.essentials.down')" -gt 0
check "the hours add up to the accesses" same "$(figure 'hours | map(.accesses) | add')" "$(accesses true)"
check "the days too" same "$(figure 'days | map(.accesses) | add')" "$(accesses true)"
check "the log is found whole" same "$(monthly --json | jq -c '[.log.error, .log.altered, .log.gap_count]')" '[null,false,0]'
check "the change of the policy has its reason" contains "$(monthly --json | jq -r '.history.changes[].reason')" "<b>a reason</b>"
check "a page in English" monthly -o "$LAB_DIR/report.html"
check "is one, and escapes what is from outside" is_page "$LAB_DIR/report.html" "Access report" "&lt;b&gt;a reason&lt;/b&gt;" "The month has not ended" "luckybet.example"
check "a page in Chinese" monthly --lang zh -o "$LAB_DIR/report-zh.html"
check "is one too" is_page "$LAB_DIR/report-zh.html" "访问报告" "专线流量去向"
check "a month without a record is a report" contains "$(lab_ctl report --month 2020-01 "${where[@]}" --json | jq -c '[.over, .figures.accesses]')" "[true,0]"
check "no month is said" failed "is no month" lab_ctl report --month 2026-13 "${where[@]}"

id=$(lab_ctl violations --month "$month" "${where[@]}" --json | jq -r ".incidents[] | select(.who == \"$staff\").id")
check "the two who bet are two incidents" same "$(lab_ctl violations --month "$month" "${where[@]}" --json | jq -c '[.incidents[].who] | sort')" "[\"$staff\",\"$finance\"]"
check "none is confirmed yet" contains "$(lab_ctl violations --month "$month" "${where[@]}")" "open"
check "one is confirmed" contains "$(lab_ctl violations confirm "$id" --by "Wang Fang" --finding "said so" "${where[@]}")" "confirmed by Wang Fang"
check "and dismissed later" contains "$(lab_ctl violations dismiss "$id" --by "Wang Fang" --finding "was an ad" "${where[@]}")" "before it was confirmed"
check "the later word counts, both stay" same "$(monthly --json | jq -c ".violations[] | select(.id == \"$id\") | [.state, (.words | length)]")" '["dismissed",2]'
check "no such incident is said" failed "no incident" lab_ctl violations confirm 20200101T000000Z-0123456789 --by x --finding y "${where[@]}"
check "what is no id, too" failed "is no incident" lab_ctl violations confirm "$id'" --by x --finding y "${where[@]}"
check "a month that runs cannot be reviewed" failed "is not over" lab_ctl review --month "$month" --by x --finding y "${where[@]}"
check "one that is over can" contains "$(lab_ctl review --month 2020-01 --by "Wang Fang" --finding "nothing there" "${where[@]}")" "is reviewed by Wang Fang"
check "it is listed" contains "$(lab_ctl review "${where[@]}")" "reviewed by Wang Fang"
check "no review is overdue, says the metric" same "$(metric '^sluice_reviews_overdue')" 0
lab_stop control KILL
need "the data plane is back" lab_gateway_start
need "control comes back" lab_control_start
check "after its kill the words are there" contains "$(lab_ctl review "${where[@]}")" "reviewed by Wang Fang"
sed -i 's/was an ad/was no ad/' "$log/reviews.jsonl"
check "a word that is changed shows" contains "$(lab_ctl violations --month "$month" "${where[@]}" 2>&1)" "ALTERED"
sed -i 's/was no ad/was an ad/' "$log/reviews.jsonl"

check "a person's lines are all there" same "$(lab_ctl subject $staff "${where[@]}" --json | jq '.lines | length')" "$(lab_records | jq -s "[.[] | select(.event.action and .source.ip == \"$staff\")] | length")"
check "and counted" same "$(lab_ctl subject $staff "${where[@]}" --json | jq .accesses)" "$(accesses ".source.ip == \"$staff\"")"
check "in a file too" lab_ctl subject $staff "${where[@]}" --json -o "$LAB_DIR/subject.json"
check "which is JSON" same "$(jq -r .who "$LAB_DIR/subject.json")" "$staff"
check "a page of a person" lab_ctl subject $staff "${where[@]}" -o "$LAB_DIR/subject.html"
check "is one" is_page "$LAB_DIR/subject.html" "What is held on" "news.example" "$id"
check "a whole prefix is no person" failed "is a whole prefix" lab_ctl subject 10.20.0.0/16 "${where[@]}"
check "nobody is said to be so" contains "$(lab_ctl subject nobody "${where[@]}")" "none in that time"

check "the manual of the policy in force" lab_ctl manual -o "$LAB_DIR/manual.html"
check "is one" is_page "$LAB_DIR/manual.html" "From policy generation" "IT service desk" "advertising"
# shellcheck disable=SC2164
check "a file in the directory at hand" bash -c "cd $LAB_DIR && $LAB_BUILD/control/sluicectl notice --policy policies -o here.html && test -s here.html"
check "the notice in Chinese, of a directory" lab_ctl notice --lang zh --policy "$policies" -o "$LAB_DIR/notice.html"
check "is one too" is_page "$LAB_DIR/notice.html" "上网告知书"
sed -i 's/IT service desk, ext. 4711/another desk/' "$policies/site.yaml"
check "it changes with the policy" contains "$(lab_ctl manual --policy "$policies")" "another desk"

for asked in "report --month $month ${where[*]}" "violations --month $month ${where[*]}" "review ${where[*]}" "subject $staff ${where[*]}"; do
  # shellcheck disable=SC2086
  check "40 columns are enough: ${asked%% *}" at_most "$(widest $asked)" 40
done
