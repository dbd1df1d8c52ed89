#!/bin/bash
# smoke: every command of every document runs, at a gateway that lies as an installed one does; links lead somewhere.
#
#   documents.sh [DOCUMENT...]     these alone, as docs/admin.md
#
# In a mount namespace of its own: what the documents write below /etc, /run, /var and /mnt is gone with it.
# shellcheck disable=SC2317  # need calls the functions
here=$(cd "$(dirname "$0")" && pwd)
if [[ -z ${DOCUMENTS_APART:-} ]]; then
  # In a chroot, whose mounts are apart already, unshare cannot set them apart.
  apart=()
  unshare --mount true 2>/dev/null || apart=(--propagation unchanged)
  DOCUMENTS_APART=1 exec unshare --mount "${apart[@]}" "$here/documents.sh" "$@"
fi
python3 "$here/lib/document_links.py"
links=$?

# cover FOLDER: a FOLDER in memory, with links to what was there, but for what the documents write.
cover() {
  local under=/run/under$1 each
  mkdir -p "$under" && mount --bind "$1" "$under" && mount -t tmpfs -o mode=755 tmpfs "$1" || return
  for each in "$under"/*; do
    [[ ${each##*/} == @(sluice|grafana|witness) ]] || ln -s "$each" "$1/" || return
  done
}
folders_of_its_own() {
  mount -t tmpfs -o mode=755 tmpfs /run && cp -a /etc /run/etc && mount --bind /run/etc /etc &&
    cover /var/log && cover /var/lib && cover /mnt && cover /usr/share
}
folders_of_its_own || { echo "not ok - documents: folders of its own"; exit 1; }
source "$(dirname "$0")/lib/smoke.bash"
# shellcheck source=tests/smoke/lib/copies.bash
source "$here/lib/copies.bash"
# clickhouse-client's own port.
# shellcheck disable=SC2034
COPIES_TCP=9000

# What the package installs: programs, samples, folders. The policy is the package's, by the package's own script.
installed() {
  local each
  mkdir -p "$LAB_DIR"/{bin,documents} /run/sluice /var/log/sluice /var/lib/sluice/control /mnt/witness || return
  for each in control/sluice{ctl,-control,-compile} dataplane/replay/sluice-replay dataplane/boot/sluice-dataplane; do
    ln -s "$LAB_BUILD/$each" "$LAB_DIR/bin/" || return
  done
  ln -s "$LAB_CHECKOUT/deploy/host/setup" "$LAB_DIR/bin/sluice-setup" && ln -s "$LAB_CHECKOUT/deploy/host/selftest" "$LAB_DIR/bin/sluice-selftest" &&
    ln -s "$LAB_BUILD" "$LAB_DIR/documents/build"
  cat >"$LAB_DIR/policy" <<POLICY
rm -rf /etc/sluice /usr/share/sluice && DESTDIR='' sh "$LAB_CHECKOUT/deploy/install_policies" "$LAB_CHECKOUT/policies" &&
  install -m 644 "$LAB_CHECKOUT/policies/sluice.schema.json" -t /etc/sluice
POLICY
  cat >"$LAB_DIR/reset" <<RESET
sluicectl bypass --end
sluicectl confirm
{ sh "$LAB_DIR/policy" && sluicectl apply --no-preview --wait --reason "as it was installed"; } 2>&1
RESET
  sh "$LAB_DIR/policy"
}
PATH=$LAB_DIR/bin:$PATH
control_start() {
  lab_spawn control gw sluice-control --policies /etc/sluice/policies --dataplane "$LAB_DIR/dataplane.sock" \
    --api /run/sluice/control.sock --state /var/lib/sluice/control --log /var/log/sluice --metrics "$LAB_METRICS" &&
    lab_wait 20 lab_in_force
}
office_as_installed() {
  lab_up && installed && lab_servers_start && lab_gateway_start && control_start && copies_certificate && clickhouse_conf &&
    "$LAB_BUILD/bench/bench-captures" "$LAB_DIR/captures" data64 --flows 10 && ln -s "$LAB_DIR/captures/data64.pcap" "$LAB_DIR/documents/capture.pcap"
}
# What the log is to have: open and blocked sites, names that are asked for, a stranger; in files that are closed, and signed.
browse() {
  local each
  for each in news.example luckybet.example erp.example; do
    page staff "http://$each/"
    page staff "https://$each/"
    in_ns staff dig +short +time=1 +tries=1 @10.20.0.10 "$each" || return
  done
  page finance http://luckybet.example/
  in_ns guest curl -s -m 1 http://198.51.100.12/
  page_is staff https://news.example/ 200 && page_is staff http://luckybet.example/ 403
}
recorded() { zstdcat -q /var/log/sluice/access-*.jsonl.zst 2>/dev/null | grep -q '"blocked".*10\.99\.0\.9'; }
witnessed() { [[ -s $(echo /mnt/witness/heads-*.jsonl) ]]; }

need "an office whose gateway lies as an installed one does" office_as_installed
need "its people browse" browse
need "that is recorded" lab_wait 10 recorded
lab_stop control
need "control comes back, the log's file is closed" control_start
need "and its signed line is the witness'" lab_wait 10 witnessed
need "ClickHouse" clickhouse_start
in_ns gw python3 "$SMOKE_LIB/documents.py" "$LAB_DIR/documents" "$LAB_DIR/reset" "$@" || exit 1
exit $links
