#!/bin/bash
# smoke: every test that deploy/SECURITY.md names is there.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
failed=0
named=$(sed -n '/^## A hostile/,/^## What the units/p' deploy/SECURITY.md | grep -o '`[^` ]*`' | tr -d '`' | grep -E '^tests/|^[A-Z][A-Za-z]*\.[A-Z][A-Za-z]*$' | sort -u)
(($(wc -l <<<"$named") > 40)) || { echo "not ok - SECURITY.md names tests"; exit 1; }
while read -r name; do
  if [[ $name == tests/* ]]; then
    [[ -f $name ]] && continue
  else
    grep -rqE "TEST(_F|_P)?\(${name%.*}, ${name#*.}\)" tests/unit && continue
  fi
  echo "not ok - SECURITY.md: $name is there"
  failed=1
done <<<"$named"
((failed)) || echo "ok - all $(wc -l <<<"$named") tests that SECURITY.md names are there"
exit $failed
