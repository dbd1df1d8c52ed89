# smoke: the data plane under a service manager that keeps its memory, as systemd does; sourced after smoke.bash.

# gateway_kept [OPTION...]: the manager writes dataplane.pid.
gateway_kept() {
  mkdir -p "$LAB_DIR/dataplane"
  lab_spawn manager gw "$SMOKE_LIB/service_manager.py" "$LAB_DIR/dataplane.pid" "$LAB_BUILD/dataplane/boot/sluice-dataplane" \
    --pair iplc-sg "$LAB_DRIVER:lan" "$LAB_DRIVER:line" --socket "$LAB_DIR/dataplane.sock" --state "$LAB_DIR/dataplane" "$@"
  lab_wait 20 gateways_kept 1
}
gateways_kept() { (($(grep -cx ready "$LAB_DIR/manager.log") >= $1)); }
# gateway_killed: the running data plane, and wait for the next one.
gateway_killed() {
  local had
  had=$(grep -cx ready "$LAB_DIR/manager.log")
  kill -KILL "$(lab_pid dataplane)" && lab_wait 10 gateways_kept $((had + 1))
}
