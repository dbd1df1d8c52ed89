#!/bin/bash
# smoke: what the package and its papers say agrees with what is here: tests, build dependencies, options, exposure. tests/long package installs it.
# shellcheck disable=SC2317  # check calls the functions
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
bin=${SLUICE_BUILD:-build}
failed=0

check() { # check NAME COMMAND...
  local name=$1 text
  shift
  if text=$("$@" 2>&1); then echo "ok - $name"; else echo "not ok - $name"; sed 's/^/    /' <<<"$text"; failed=1; fi
}

# Each row of a table, but what the units allow: the last column names a test at least.
claims_have_tests() {
  local row bare=0 rows=0
  while read -r row; do
    ((++rows))
    grep -qE '`(tests/|[A-Z][A-Za-z]*\.[A-Z])' <<<"${row##*| }" && continue
    echo "no test: $row"
    bare=1
  done < <(sed -n '/^## A hostile/,/^## What the units/p' deploy/SECURITY.md | sed 's/ *|$//' | grep '^| ' | grep -vE '^\| .*\| test$')
  ((rows > 40 && !bare))
}
named_tests_are_there() {
  local named name missing=0
  named=$(sed -n '/^## A hostile/,/^## What the units/p' deploy/SECURITY.md | grep -o '`[^` ]*`' | tr -d '`' | grep -E '^tests/|^[A-Z][A-Za-z]*\.[A-Z][A-Za-z]*$' | sort -u)
  while read -r name; do
    if [[ $name == tests/* ]]; then [[ -f $name ]]; else grep -rqE "TEST(_F|_P)?\(${name%.*}, ${name#*.}\)" tests/unit; fi && continue
    echo "$name"
    missing=1
  done <<<"$named"
  (($(wc -l <<<"$named") > 40 && !missing))
}
failures_have_tests() { # each row of the table names one at least, and each is there
  local row name missing=0 rows=0 known
  known=$(tests/smoke/failures.sh --names)
  while IFS='|' read -r _ _ _ row _; do
    ((++rows))
    [[ $row == *\`*\`* ]] || { echo "no test: $row"; missing=1; }
    for name in $(grep -o '`[^`]*`' <<<"$row" | tr -d '`' | tr ' ' @); do
      case $name in
        tests/smoke/failures.sh@*) grep -qx "${name#*@}" <<<"$known" ;;
        tests/*) [[ -f ${name%%@*} ]] ;;
        *) grep -rqE "TEST(_F|_P)?\(${name%.*}, ${name#*.}\)" tests/unit ;;
      esac && continue
      echo "$name"
      missing=1
    done
  done < <(sed -n '/^| failure | /,$p' deploy/FAILURES.md | tail -n +3 | grep '^|')
  while read -r name; do
    grep -q "failures.sh $name\`" deploy/FAILURES.md || { echo "not in the table: $name"; missing=1; }
  done <<<"$known"
  ((rows >= 13 && !missing))
}
same_packages() { # of deploy/deps and of the package; g++ comes with every build of a package
  local build
  # shellcheck disable=SC1090
  source <(sed -n '/^build=(/,/)$/p' deploy/deps)
  diff <(printf '%s\n' "${build[@]}" | grep -vx g++ | sort) \
    <(sed -n '/^Build-Depends:/,/^Standards/p' deploy/debian/control | grep -oE '\b[a-z][a-z0-9+.-]+[a-z0-9]' | grep -vxE 'debhelper-compat|help2man|uild-|epends|tandards-|ersion' | sort)
}
options_are_known() { # options_are_known UNIT PROGRAM: each option that the unit gives
  local option
  for option in $(sed -n 's/^ExecStart=//p' "deploy/systemd/$1.service" | grep -o -- '--[a-z-]*'); do
    "$2" --help | grep -q -- "^ *$option " || { echo "$1: $option"; return 1; }
  done
}
exposed_at_most() { # exposed_at_most UNIT MOST
  local said
  said=$(systemd-analyze security --offline=true "deploy/systemd/$1.service" 2>&1 | sed -n 's/.*exposure level for .*: \([0-9.]*\) .*/\1/p')
  echo "$said"
  awk -v said="$said" -v most="$2" 'BEGIN { exit !(said != "" && said <= most) }'
}
exposure_is_explained() { # what systemd-analyze finds of any unit stands in SECURITY.md, and nothing else
  local unit
  diff <(for unit in sluice-control sluice-dataplane sluice-follow; do
    LC_ALL=C.UTF-8 systemd-analyze security --offline=true "deploy/systemd/$unit.service" 2>/dev/null | sed -n 's/^✗ \([^ ]*\).*/\1/p'
  done | sort -u) <(sed -n '/^## What the units/,$s/^| `\([^`]*\)` .*/\1/p' deploy/SECURITY.md | sed 's/\\|/|/g' | sort -u)
}

check "each claim of SECURITY.md names a test" claims_have_tests
check "all tests that SECURITY.md names are there" named_tests_are_there
check "each failure of FAILURES.md has its tests" failures_have_tests
check "the package's build dependencies are deploy/deps'" same_packages
check "sluice-dataplane knows its unit's options" options_are_known sluice-dataplane "$bin/dataplane/boot/sluice-dataplane"
check "sluice-control knows its unit's options" options_are_known sluice-control "$bin/control/sluice-control"
if command -v systemd-analyze >/dev/null; then
  check "sluice-control is exposed as little as it says" exposed_at_most sluice-control 2.5
  check "sluice-dataplane is exposed as little as it says" exposed_at_most sluice-dataplane 2.5
  check "sluice-follow is exposed as little as it says" exposed_at_most sluice-follow 2.5
  check "what they are exposed to is explained" exposure_is_explained
fi
exit $failed
