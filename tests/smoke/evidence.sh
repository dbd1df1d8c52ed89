#!/bin/bash
# smoke: the line register of a running gateway; evidence of its log is made, checked without it, and every forgery is named.
source "$(dirname "$0")/lib/smoke.bash"
source "$(dirname "$0")/lib/log.bash"

OUT=$LAB_DIR/evidence.tar.zst ELSEWHERE=$LAB_DIR/elsewhere
evidence() { lab_ctl evidence --log "$LAB_DIR/log" --state "$LAB_DIR/control" "$@"; }
year() { evidence --since 2020-01-01 --until 2090-12-31 "$@"; }
field() { python3 -c 'import json, sys; value = json.load(sys.stdin)
for key in sys.argv[1:]: value = value[int(key) if key.isdigit() else key]
print(value)' "$@"; }
fails_with() { local wanted=$1; shift; "$@" >"$LAB_DIR/said" 2>&1; same "$?" "$wanted" || { cat "$LAB_DIR/said"; return 1; }; }
said() { contains "$(<"$LAB_DIR/said")" "$1"; }
leftovers() { find "$LAB_DIR" -maxdepth 1 -name '*.tmp' | wc -l; }
fresh() { rm -rf "$ELSEWHERE" && mkdir "$ELSEWHERE" && tar -C "$ELSEWHERE" --zstd -xf "${1:-$OUT}"; }
verify() { python3 -I "$ELSEWHERE"/*/verify.py "$@"; }
# More than a frame's worth of time.
browse() {
  local part i
  for part in 1 2 3; do
    for i in {1..9}; do page staff http://news.example/; page finance http://erp.example/; done >/dev/null
    sleep 0.6
  done
}
logged() { [[ $(metric '^sluice_log_records_total') -ge $1 ]] && ring_empty; }
# forged KIND NAME: the forgery is found, and called so.
forged() {
  fresh && "$SMOKE_LIB/forge.py" "$1" "$ELSEWHERE"/* && fails_with 1 verify && said "$2 / "
}

policies_with_papers() {
  policies_copied && mkdir "$LAB_DIR/policies/papers" && printf 'a scan of the contract\n' >"$LAB_DIR/policies/papers/contract.pdf" &&
    sed -i 's/^    on-expiry: warn/    on-expiry: warn\n    papers: [papers\/contract.pdf]/' "$LAB_DIR/policies/site.yaml" &&
    printf 'company: {name: 示例贸易 <Example>, registration: 91350100M000100Y43, responsible: Li Wei, contact: ext. 7}\n' >"$LAB_DIR/policies/company.yaml"
}
up() { lab_down; lab_up && policies_with_papers && lab_servers_start && lab_gateway_start && lab_control_start; }

need "the office is up" up
check "the register says who rents the line out" contains "$(lab_ctl lines)" "Example Telecom, licence A1-20210001"
check "it has the paper's sum" same "$(lab_ctl lines --json | field lines 0 papers 0 sha256)" "$(sha256sum <"$LAB_DIR/policies/papers/contract.pdf" | cut -d' ' -f1)"
check "it says how the line is" contains "$(lab_ctl lines --json | field lines 0 line_link)" "up"
check "a metric has what is left of the term" at_most 4000 "$(metric '^sluice_line_term_days_left{line="iplc-sg"}')"
mv "$LAB_DIR/policies/papers/contract.pdf" "$LAB_DIR/policies/papers/away.pdf"
check "a paper that is missing is a problem" fails_with 2 lab_ctl check "$LAB_DIR/policies"
check "it is named" said "cannot read the paper 'papers/contract.pdf'"
mv "$LAB_DIR/policies/papers/away.pdf" "$LAB_DIR/policies/papers/contract.pdf"
lab_ctl bypass --for 1m --reason 'the line is tested' >/dev/null && lab_ctl bypass --end >/dev/null
for round in 1 2 3; do  # three segments
  browse
  need "accesses of round $round are logged" lab_wait 20 logged 50
  lab_stop control
  check "without the daemon there is no evidence" fails_with 2 year -o "$OUT"
  need "control comes back" lab_control_start
done
printf '<html>November</html>\n' >"$LAB_DIR/report-2026-11.html"
check "evidence is made" fails_with 0 year -o "$OUT" --report "$LAB_DIR/report-2026-11.html"
cat "$LAB_DIR/said" >"$LAB_DIR/made"
check "nobody else may read it" same "$(stat -c %a "$OUT")" 600
check "what is there already is not written over" fails_with 2 year -o "$OUT"
check "nothing half made is left" same "$(leftovers)" 0
fingerprint=$(lab_ctl status --json | field log key)
check "the log says who made it" same "$(tail -n 1 "$LAB_DIR/log/heads.jsonl" | field user)" root
check "the log is not altered by that" fails_with 0 log_unaltered
need "tar opens it" fresh
check "the sheet comes first" contains "$(tar --zstd -tf "$OUT" | head -n 1)" 00-sheet.html
sheet=$(<"$(echo "$ELSEWHERE"/*/00-sheet.html)")
check "the sheet names the company, escaped" contains "$sheet" "示例贸易 &lt;Example&gt;"
check "and the bypass" contains "$sheet" "the line is tested"
check "all is as it was made" fails_with 0 verify --fingerprint "$fingerprint"
check "it says so in both languages" said "AS IT WAS MADE / 与制作时一致"
check "the records are those of the log" contains "$(<"$LAB_DIR/said")" "$(zcat -f /dev/null; zstdcat "$ELSEWHERE"/*/log/access-*.zst | wc -l) records in 3 segments"
check "another key's fingerprint is a fault" fails_with 1 verify --fingerprint "${fingerprint//[0-9]/a}"

check "a record that was changed" forged record-changed "record changed"
check "one that was changed with its header" forged record-remade "record changed"
check "a record that was cut out" forged record-cut "record cut"
check "records that were moved" forged records-moved "record moved"
check "a frame that was cut out" forged frame-cut "frame cut"
check "a segment whose end was cut off" forged end-cut "segment cut"
check "a segment that is missing" forged segment-missing "segment missing"
check "a policy's source that was changed" forged policy-changed "policy changed"
check "a paper that was changed" forged paper-changed "paper changed"
check "a line of the history that was changed" forged history-changed "line changed"
check "one that was removed" forged history-line-removed "lines cut"
check "a head that another key signed" forged head-other-key "other key"
check "a signed line that was changed" forged heads-changed "line changed"
check "signed lines that were cut off" forged heads-cut "lines cut"
check "a manifest that was changed" forged manifest-changed "manifest changed"
check "a file that was added" forged file-added "foreign file"
check "a sheet that was changed" forged sheet-changed "file changed"
fresh && "$SMOKE_LIB/forge.py" all-other-key "$ELSEWHERE"/*
check "a log that another key signed anew shows by the fingerprint alone" fails_with 0 verify
check "with it" fails_with 1 verify --fingerprint "$fingerprint"

check "evidence with pseudonyms is made" fails_with 0 year --pseudonyms -o "$LAB_DIR/pseudonyms.tar.zst"
need "tar opens it" fresh "$LAB_DIR/pseudonyms.tar.zst"
check "no address of a client is in it" fails_with 1 sh -c "zstdcat '$ELSEWHERE'/*/log/*.pseudonyms.jsonl.zst | grep -e '10\.20\.1\.7' -e '10\.20\.8\.21'"
check "that no record is missing is checked" fails_with 0 verify --fingerprint "$fingerprint"
check "it says plainly what cannot be" said "what each says cannot be checked"
lines=$(find "$ELSEWHERE" -name '*.pseudonyms.jsonl.zst' | head -n 1)
zstdcat "$lines" | sed 1d | zstd -qf -o "$lines"
check "a line that was cut out is found" fails_with 1 verify
check "and called so" said "record cut / "

lab_ctl evidence --log "$LAB_DIR/log" --state "$LAB_DIR/control" --since 2020-01-01 --until 2090-12-31 -o "$LAB_DIR/stopped.tar.zst" >/dev/null 2>&1 &
kill -INT $! 2>/dev/null
wait $! 2>/dev/null
check "one that was stopped leaves nothing half made" same "$(leftovers)" 0
