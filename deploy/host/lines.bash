# deploy: what becomes of each line when the data plane comes and goes; sourced by sluice-setup, whose helpers it uses.
# shellcheck shell=bash disable=SC2154  # sluice-setup has the rest
#
# The service runs it as root: --ready before the data plane opens its ports, --forwards once it has, --gone when it has
# ended, whatever of. --outlast is control's, before it stops; --watch is a service of its own.

declare -A fail_of=() follow_of=()
closes_after_s=5     # a restart takes less, and is no reason to have a switch think again
quick_tries=3        # of a data plane that does not start; a port may only not yet be free
tries_after_s=10     # after these it is tried again after that, for a line changes its state each time
kernel_takes_s=5     # for a port to be an interface again
settles_s=10         # what a port that was brought up has to find its link
bypass_s=3           # what the hook of a bypass card may take, of eight lines well within TimeoutStopSec
outlasts_s=50        # well within control's own TimeoutStopSec
looks_s=1            # events of links may be lost, so it also looks
kept_changes=1000    # in lines.log
bridge_name=sluice-fail
# Bridges keep these to themselves otherwise: all of 01-80-C2-00-00-0x but PAUSE, which no kernel forwards.
group_fwd_mask=65533

changes_file() { echo "$root/var/lib/sluice/lines.log"; }
tries_file() { echo "$root/run/sluice-tries"; }
followed_file() { echo "$root/run/sluice-follow/$1"; }
# loud TEXT: an alert in the journal.
loud() { echo "${JOURNAL_STREAM:+<1>}sluice-setup: $*" >&2; }

# read_ports: pairs, fail_of, follow_of and workers, as dataplane.conf has them.
read_ports() {
  local PAIRS='' WORKERS='' FAIL='' FOLLOW='' list word
  # shellcheck source=/dev/null
  source "$root/etc/sluice/dataplane.conf"
  read -ra list <<<"$PAIRS"
  pairs=()
  for word in "${list[@]}"; do [[ $word == --pair ]] || pairs+=("$word"); done
  read -ra list <<<"$FAIL"
  for word in "${list[@]}"; do [[ $word != *=* ]] || fail_of[${word%%=*}]=${word#*=}; done
  read -ra list <<<"$FOLLOW"
  for word in "${list[@]}"; do [[ $word == --follow ]] || follow_of[$word]=1; done
  workers=${WORKERS##* }
}
# each_line COMMAND: COMMAND LINE LANPORT LINEPORT for each; one that fails does not keep the others from it.
each_line() {
  local at failed=0
  for ((at = 0; at < ${#pairs[@]}; at += 3)); do "$1" "${pairs[@]:at:3}" || failed=1; done
  return $failed
}

# ---- what is known of them

# note_line LINE STATE: gateway, open or closed, since now; control and people read it.
note_line() {
  local file
  file=$(changes_file)
  [[ $(last_of "$1") != "$2" ]] || return 0
  # A full disk keeps no line from being what it is to be.
  append "$file" "$(date -u +%FT%TZ) $1 $2" || return 0
  (($(wc -l <"$file") <= kept_changes)) || { tail -n "$kept_changes" "$file" >"$file.new" && mv "$file.new" "$file"; } || true
}
last_of() { awk -v line="$1" '$2 == line { last = $3 } END { print last }' "$(changes_file)" 2>/dev/null || true; }

# bypass LINE on|off: a bypass card's own program, where there is one. Fails where there is none, or it does.
bypass() {
  local hook=$root/etc/sluice/bypass
  [[ -x $hook ]] || return
  timeout -k 1 "$bypass_s" "$hook" "$1" "$2" || { loud "$hook $1 $2 failed"; return 1; }
}

# ---- before the data plane starts

make_ready() {
  read_ports
  local port
  remove_bridges
  for port in "${pairs[@]}"; do
    if is_pci "$port"; then
      [[ -d $sys/bus/pci/devices/$port ]] || fail "$port: no such port"
      to_vfio "$port" || fail "$port: vfio-pci does not take it"
    elif [[ $port == af_packet:* || $port == af_xdp:* ]]; then
      ready_interface "${port#*:}" "${port%%:*}" "${workers:-1}" || fail "${port#*:}: cannot be brought up"
    fi
  done
  each_line ready_line || true
}
ready_line() {
  [[ ! -x $root/etc/sluice/bypass ]] || bypass "$1" off
  [[ ${fail_of[$1]:-} =~ ^(open|closed)$ ]] || loud "$1: FAIL in dataplane.conf says neither $1=open nor $1=closed: nobody has decided what becomes of it without the gateway"
}
# Frames come one by one as from the wire, and the host itself keeps silent.
ready_interface() {
  [[ $2 != af_xdp ]] || host ethtool -L "$1" combined "$3" 2>/dev/null || true
  host ethtool -K "$1" gro off gso off tso off lro off >/dev/null 2>&1 || true
  [[ ! -e /proc/sys/net/ipv6/conf/$1 ]] || host put "/proc/sys/net/ipv6/conf/$1/disable_ipv6" 1
  host ip link set "$1" up arp off promisc on
}
bridges() { host ip -o link show type bridge 2>/dev/null | sed -n "s/^[0-9]*: \(${bridge_name}[0-9]*\)[:@].*/\1/p"; }
remove_bridges() {
  local bridge
  for bridge in $(bridges); do host ip link del "$bridge" || fail "$bridge: cannot be taken away"; done
}

# ---- once it forwards

make_forwarding() {
  local port
  read_ports
  cancel_closing
  rm -f "$(tries_file)"
  for port in "${pairs[@]}"; do
    # It may have been closed while the data plane was still starting.
    [[ $port != af_packet:* && $port != af_xdp:* ]] || host ip link set "${port#*:}" up || true
  done
  each_line forwarding_line
}
forwarding_line() { note_line "$1" gateway; }

# ---- once it is gone

make_gone() {
  local tried=0
  read_ports
  ((${#pairs[@]})) || return 0
  if [[ -n $now ]]; then each_line close_line || true; return; fi
  # How often it has not started since it was gone.
  append "$(tries_file)" gone && tried=$(($(wc -l <"$(tries_file)") - 1))
  each_line gone_line || true
  ((tried < quick_tries)) && close_later || each_line close_line || true
  # What was done for the lines stays done for a while.
  ((tried < quick_tries)) || [[ -z ${SERVICE_RESULT:-} ]] || sleep "$tries_after_s"
}
gone_line() {
  case ${fail_of[$1]:-} in
    open) open_line "$@"; return ;;
    closed) [[ ! -x $root/etc/sluice/bypass ]] || bypass "$1" off || true ;;
    *) loud "$1: the data plane is gone; nobody decided between open and closed: nothing passes, and the links stay as they are" ;;
  esac
  note_line "$1" closed
}

open_line() {
  local line=$1 lan outside bridge=$bridge_name$(($(pair_of "$1") + 1))
  if bypass "$line" on; then
    loud "$line is OPEN: the data plane is gone, the bypass card joins the ports; nothing is judged, nothing is logged"
    note_line "$line" open
    return
  fi
  if lan=$(kernel_interface "$2") && outside=$(kernel_interface "$3") && bridge_ports "$bridge" "$lan" "$outside"; then
    loud "$line is OPEN: the data plane is gone, the kernel bridges $lan and $outside; nothing is judged, nothing is logged"
    note_line "$line" open
  else
    loud "$line is to be open without the data plane, and cannot be: nothing passes"
    note_line "$line" closed
    return 1
  fi
}
pair_of() {
  local at
  for ((at = 0; at < ${#pairs[@]}; at += 3)); do [[ ${pairs[at]} != "$1" ]] || echo $((at / 3)); done
}
# kernel_interface PORT: its interface; the kernel's own driver gets the port back first, where vfio-pci has it.
kernel_interface() {
  local until=$((SECONDS + kernel_takes_s))
  case $1 in
    af_packet:* | af_xdp:*) echo "${1#*:}"; return ;;
  esac
  is_pci "$1" || return
  [[ $(link_name "$sys/bus/pci/devices/$1/driver" || true) != vfio-pci ]] || to_driver "$1" '' || return
  while [[ -z $(interface_of "$1") ]]; do
    ((SECONDS < until)) || { loud "$1: no driver of the kernel takes it"; return 1; }
    sleep 0.05
  done
  host udevadm settle --timeout="$kernel_takes_s" 2>/dev/null || true  # which gives it its name
  interface_of "$1"
}
# bridge_ports BRIDGE A B: a wire. No spanning tree of its own, nothing learnt, no addresses, what is the neighbour's passes.
bridge_ports() {
  local port
  # A program of AF_XDP may have outlived the data plane.
  for port in "$2" "$3"; do
    host ip link set "$port" xdp off 2>/dev/null || true
    host ip link set "$port" xdpgeneric off 2>/dev/null || true
  done
  [[ -n $(host ip -o link show "$1" 2>/dev/null) ]] ||
    host ip link add "$1" type bridge stp_state 0 forward_delay 0 ageing_time 0 mcast_snooping 0 || return
  [[ ! -e /proc/sys/net/ipv6/conf/$1 ]] || host put "/proc/sys/net/ipv6/conf/$1/disable_ipv6" 1 || return
  for port in "$2" "$3"; do
    ready_interface "$port" af_packet 1 && host ip link set "$port" master "$1" &&
      host ip link set "$port" type bridge_slave learning off group_fwd_mask "$group_fwd_mask" || return
  done
  host ip link set "$1" up arp off
}

close_line() {
  local port
  [[ ${fail_of[$1]:-} == closed ]] || return 0
  for port in "$2" "$3"; do
    # A card's link goes with the data plane that had it.
    [[ $port != af_packet:* && $port != af_xdp:* ]] || host ip link set "${port#*:}" down || loud "${port#*:}: cannot be taken down"
  done
  loud "$1 is closed: the data plane is gone, its ports are down"
}
# close_later: by systemd, in a while; the first time counts. Fails where there is no systemd.
close_later() {
  [[ -z $root && -d /run/systemd/system ]] || return
  systemctl -q is-active sluice-closes.timer ||
    systemd-run --quiet --collect --unit=sluice-closes --on-active="$closes_after_s" --timer-property=AccuracySec=100ms "$(readlink -f "$0")" --gone --now
}
cancel_closing() {
  [[ -n $root || ! -d /run/systemd/system ]] || systemctl -q stop sluice-closes.timer sluice-closes.service 2>/dev/null || true
}

# ---- before control stops

# outlast_dataplane: where one order stops or restarts both, until the data plane is down, so that control reads the last it wrote. The line
# waits for nothing: there is no order between the two units.
outlast_dataplane() {
  local until=$((SECONDS + outlasts_s))
  while dataplane_is_to_end; do
    ((SECONDS < until)) || { say "the data plane does not end; control does, without what it writes now"; return; }
    sleep 0.05
  done
}
# Its job is one of the same order until it is down; a restart is then a start.
dataplane_is_to_end() { systemctl --no-legend list-jobs sluice-dataplane.service 2>/dev/null | grep -Eq ' (stop|restart) '; }

# ---- link follow

# watch_links: for ever; a port that loses its link takes the other one of its line down, and brings it back up with its own.
watch_links() {
  local -A peer=() had=() since=()
  local at lan outside events event
  read_ports
  for ((at = 0; at < ${#pairs[@]}; at += 3)); do
    [[ -n ${follow_of[${pairs[at]}]:-} ]] || continue
    lan=${pairs[at + 1]} outside=${pairs[at + 2]}
    [[ $lan == af_*:* && $outside == af_*:* ]] || continue  # cards: the data plane does it
    peer[${lan#*:}]=${outside#*:} peer[${outside#*:}]=${lan#*:}
  done
  ((${#peer[@]})) || { say "no line's link is to be followed"; return; }
  mkdir -p "$(dirname "$(followed_file x)")"
  say "watches ${!peer[*]}"
  exec {events}< <(exec ip -o monitor link)
  while look_at_links; do
    event=0
    read -r -t "$looks_s" -u "$events" || event=$?
    # Over 128 its time is over; else the events have ended.
    ((event == 0 || event > 128)) || fail "the events of links have ended"
  done
}
look_at_links() {
  local -A up=() carrier=()
  local name flags port other
  while read -r _ name flags _; do
    name=${name%%[:@]*} flags=${flags//[<>]/,}
    [[ -n ${peer[$name]:-} ]] || continue
    [[ $flags != *,UP,* ]] || up[$name]=1
    [[ $flags != *,LOWER_UP,* ]] || carrier[$name]=1
  done < <(ip -o link show)
  for port in "${!peer[@]}"; do
    other=${peer[$port]}
    if [[ -z ${up[$port]:-} ]]; then
      had[$port]='' since[$port]=''
    elif [[ -n ${carrier[$port]:-} ]]; then
      had[$port]=1 since[$port]=''
      [[ ! -e $(followed_file "$other") ]] || link_back "$port" "$other"
    elif [[ -n ${up[$other]:-} ]] && link_lost "$port"; then
      touch "$(followed_file "$other")"
      ip link set "$other" down || continue
      up[$other]='' carrier[$other]=''
      say "$port has lost its link; takes $other down"
    fi
  done
}
# One that was just brought up has no link yet.
link_lost() {
  [[ -z ${had[$1]:-} ]] || return 0
  since[$1]=${since[$1]:-$SECONDS}
  ((SECONDS - since[$1] >= settles_s))
}
link_back() {
  rm -f "$(followed_file "$2")"
  [[ -z ${up[$2]:-} ]] || return 0
  ip link set "$2" up || return 0
  say "$1 has its link again; brings $2 up"
}
