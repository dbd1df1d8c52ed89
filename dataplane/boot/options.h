// boot: the command line.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sluice {

/// A port as the admin names it, and as EAL must hear of it.
struct PortSpec {
  std::string text;           ///< as given
  std::string device;         ///< the name DPDK knows it by once it is probed
  std::string eal;            ///< the EAL argument that brings it; empty: its owner makes it once EAL runs
  std::string interface;      ///< the kernel interface it needs; may be empty
  bool brings_bpf = false;    ///< its driver loads a BPF program, and takes it back when the port closes
  bool whole_frames = false;  ///< its driver puts each frame into one buffer; others chain them
};

struct PairSpec {
  std::string line;  ///< name of a line in the policy
  PortSpec lan, toward_line;
  bool follow = false;  ///< a card of it that loses its link takes the other one's down

  /// Cards are ours; what is an interface of the kernel's too, the kernel's admin takes down.
  bool is_cards() const { return lan.interface.empty() && toward_line.interface.empty(); }
};

struct Options {
  std::vector<PairSpec> pairs;
  uint32_t workers = 1;
  uint32_t flows = 262'144;  ///< of each worker
  uint32_t ring_mb = 0;      ///< of each worker; 0: enough for kRingSeconds at kRingRecords in all
  uint32_t buffers = 0;      ///< packet buffers; 0: enough for the workers and their ports
  uint16_t mtu = 0;          ///< 0: the port's own
  uint64_t seed = 0;         ///< keys the tables; 0: chosen at random
  bool huge = false;
  bool spin = false;  ///< never sleep, on software ports too
  std::string socket = "/run/sluice/dataplane.sock";
  std::string state = "/var/lib/sluice/dataplane";
  std::string control_user;     ///< empty: the user who runs this
  std::vector<unsigned> cores;  ///< of the workers; empty: chosen among those this process may use
};

/// options.buffers, or what the workers need.
[[nodiscard]] uint32_t buffer_count(const Options& options);
/// Data bytes of one packet buffer.
[[nodiscard]] uint32_t buffer_bytes(const Options& options);

enum class Parsed : uint8_t {
  Run,
  Help,
  Version,
  Wrong
};

/// why: one line where the result is Wrong.
[[nodiscard]] Parsed parse_options(int argc, char** argv, Options& out, std::string& why);
[[nodiscard]] const char* help_text();

/// text: a PCI address (0000:03:00.0), af_packet:IFACE, af_xdp:IFACE, or a DPDK vdev string
/// (net_tap0,iface=t0). number: makes the device's name unique. queues: how many the workers need. mtu: 0 for
/// 1500.
[[nodiscard]] bool parse_port(const std::string& text, unsigned number, uint32_t queues, uint16_t mtu,
                              PortSpec& out);

}  // namespace sluice
