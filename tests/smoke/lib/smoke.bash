# smoke: what the smoke tests share; sourced. A test makes a lab of its own and prints `ok` or `not ok` lines.

set -uo pipefail
if ((EUID != 0)); then
  echo "not ok - $(basename "$0"): must run as root: it makes network namespaces"
  exit 1
fi
SMOKE_LIB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
SMOKE_NAME=$(basename "$0" .sh)
export LAB=sluice-smoke-$SMOKE_NAME
# shellcheck source=deploy/demo.d/lab.sh
source "$SMOKE_LIB/../../../deploy/demo.d/lab.sh"
smoke_failed=0
# Two runs of one test would take each other's namespaces away.
exec 8>"/run/$LAB.lock"
flock -w 300 8 || { echo "not ok - $SMOKE_NAME: another run of it does not end"; exit 1; }

smoke_finish() {
  local code=$?
  trap '' INT TERM HUP
  # shellcheck disable=SC2046
  kill $(jobs -p) 2>/dev/null
  [[ -n ${SMOKE_KEEP:-} ]] || lab_down
  ((code)) || code=$smoke_failed
  exit $code
}
trap smoke_finish EXIT
trap 'exit 143' INT TERM HUP

# report NAME CODE [TEXT]: one line, and what explains a failure below it.
report() {
  local name=$1 code=$2 text=${3:-}
  if ((code == 0)); then
    echo "ok - $name${smoke_began:+ # time=$(elapsed "$smoke_began")}"
  else
    echo "not ok - $name"
    smoke_failed=1
    [[ -z $text ]] || sed 's/^/    /' <<<"$text"
  fi
}
elapsed() { awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.2f", b - a }'; }

# check NAME COMMAND...: ok where the command succeeds.
check() {
  local name=$1 text code smoke_began=$EPOCHREALTIME
  shift
  text=$("$@" 2>&1)
  code=$?
  report "$name" $code "$text"
  return $code
}

# need NAME COMMAND...: the same; without it the rest makes no sense.
need() {
  if ! check "$@"; then
    for log in dataplane control; do
      [[ -f $LAB_DIR/$log.log ]] && { echo "    $log.log:"; tail -n 15 "$LAB_DIR/$log.log" | sed 's/^/    /'; }
    done
    exit 1
  fi
}

# office_up [GATEWAY OPTION...]: lab, servers, gateway, and control on a copy of policies/.
office_up() {
  lab_down
  lab_up && policies_copied && lab_servers_start && lab_gateway_start "$@" && lab_control_start
}
# Tests say themselves when an edited policy is to be enforced.
policies_copied() {
  cp -r "$LAB_CHECKOUT/policies" "$LAB_DIR/policies" && sed -i 's/^reload: on-save/reload: on-apply/' "$LAB_DIR"/policies/*.yaml
}

same() { [[ $1 == "$2" ]] || { echo "wanted: $2"; echo "got:    $1"; return 1; }; }
at_most() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a <= b) }' || { echo "$1 is more than $2"; return 1; }; }
contains() { [[ $1 == *"$2"* ]] || { echo "no \"$2\" in: $1"; return 1; }; }

# page NAMESPACE URL: what curl says of it: the status, or 000.
page() {
  local host=${2#*://}
  host=${host%%/*}
  local -A at=([erp.example]=10 [office.example]=11 [news.example]=12 [luckybet.example]=13)
  in_ns "$1" curl -s -m 4 -o /dev/null -w '%{http_code}' --cacert "$LAB_DIR/tls/ca.pem" \
    --resolve "$host:80:198.51.100.${at[$host]}" --resolve "$host:443:198.51.100.${at[$host]}" "$2"
}
page_is() { same "$(page "$1" "$2")" "$3"; }
rss_kb() { awk '/^VmRSS/ { print $2 }' "/proc/$(lab_pid "$1")/status"; }
# grown BEFORE AFTER MOST: by no more than that.
grown() { at_most "$(($2 - $1))" "$3"; }
# metric PATTERN: the sum of the series that match.
metric() { lab_metrics | awk -v pattern="$1" '$0 ~ pattern && !/^#/ { sum += $NF } END { print sum + 0 }'; }
# The longest line that sluicectl prints to a terminal of 40 columns.
widest() {
  local words
  words=$(printf '%q ' "$LAB_BUILD/control/sluicectl" --socket "$LAB_DIR/api.sock" "$@")
  script -qec "stty cols 40; $words" /dev/null </dev/null | python3 -c '
import re, sys
plain = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", sys.stdin.buffer.read().decode()).replace("\r", "\n")
print(max(len(line) for line in plain.split("\n")))'
}
