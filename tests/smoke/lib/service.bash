# smoke: the data plane as its unit has it, without systemd, by the very commands of the unit; sourced after smoke.bash.
SERVICE_SETUP=$LAB_CHECKOUT/deploy/host/setup

# service_decides FAIL [FOLLOW]: what dataplane.conf says of the line.
service_decides() {
  mkdir -p "$LAB_DIR/host/etc/sluice"
  printf 'PAIRS="--pair iplc-sg %s:lan %s:line"\nWORKERS="--workers 1"\nFAIL="%s"\nFOLLOW="%s"\n' \
    "$LAB_DRIVER" "$LAB_DRIVER" "iplc-sg=$1" "${2:+--follow $2}" >"$LAB_DIR/host/etc/sluice/dataplane.conf"
}
service_setup() { in_ns gw "$SERVICE_SETUP" --root "$LAB_DIR/host" --programs "$@"; }
# service_start: ExecStartPre, ExecStart, ExecStartPost, and as often as it ends ExecStopPost, RestartSec and all of it anew.
# Not within `check`, which would wait for its end; `need NAME lab_wait 20 service_forwards` comes after it.
service_start() { service_loop </dev/null >>"$LAB_DIR/setup.log" 2>&1 8>&- & }
service_loop() {
  local pid
  while :; do
    service_setup --ready
    rm -f "$LAB_DIR/dataplane.sock" "$LAB_DIR/forwards"
    : >"$LAB_DIR/dataplane.log"
    SECONDS=0  # which one that does not start moves on
    if lab_gateway_start "${SERVICE_OPTIONS[@]}" && lab_wait 10 grep -q 'control connects' "$LAB_DIR/dataplane.log"; then
      service_setup --forwards
      touch "$LAB_DIR/forwards"
    fi
    pid=$(lab_pid dataplane)
    while kill -0 "$pid" 2>/dev/null; do sleep 0.01; done
    rm -f "$LAB_DIR/forwards"
    SERVICE_RESULT=signal service_setup --gone
    touch "$LAB_DIR/gone"
    while [[ -e $LAB_DIR/away ]]; do sleep 0.02; done
    sleep 0.5
  done
}
SERVICE_OPTIONS=()
service_forwards() { [[ -e $LAB_DIR/forwards ]]; }
service_gone() { [[ -e $LAB_DIR/gone ]]; }
# service_kill [away]: kills the data plane; with `away` it does not come back before service_back.
service_kill() {
  rm -f "$LAB_DIR/gone"
  [[ -z ${1:-} ]] || touch "$LAB_DIR/away"
  kill -KILL "$(lab_pid dataplane)" && lab_wait 10 service_gone
}
service_back() { rm -f "$LAB_DIR/away"; lab_wait 20 service_forwards; }
# line_changes: what became of the line, one word after the other.
line_changes() { cut -d' ' -f3 "$LAB_DIR/host/var/lib/sluice/lines.log" | paste -sd' '; }
