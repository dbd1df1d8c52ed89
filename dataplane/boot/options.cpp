// boot: reading the command line.
#include "dataplane/boot/options.h"

#include <getopt.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstring>
#include <set>

#include "dataplane/contract/shared.h"

namespace sluice {
namespace {

constexpr uint32_t kBuffers = 16'383, kBuffersPerWorker = 8'192;
constexpr uint32_t kPlainBufferBytes = 2048, kJumboBufferBytes = 16'384, kUsualMtu = 1500;
constexpr uint32_t kMaxFlows = 64'000'000, kMaxRingMb = 65'536, kMaxMtu = 9600;

template <class T>
bool number(const char* text, uint64_t least, uint64_t most, T& out) {
  uint64_t value = 0;
  const char* end = text + std::strlen(text);
  const auto [at, error] = std::from_chars(text, end, value);
  if (error != std::errc{} || at != end || value < least || value > most) return false;
  out = static_cast<T>(value);
  return true;
}

bool core_list(const char* text, std::vector<unsigned>& out) {
  std::string part;
  for (const char* at = text;; ++at) {
    if (*at != ',' && *at != '\0') {
      part += *at;
      continue;
    }
    unsigned core = 0;
    if (!number(part.c_str(), 0, 1023, core)) return false;
    out.push_back(core);
    part.clear();
    if (*at == '\0') return true;
  }
}

bool is_pci(const std::string& text) {
  // dddd:bb:dd.f
  if (text.size() != 12 || text[4] != ':' || text[7] != ':' || text[10] != '.') return false;
  for (size_t i = 0; i < text.size(); ++i)
    if (i != 4 && i != 7 && i != 10 && !std::isxdigit(static_cast<unsigned char>(text[i]))) return false;
  return true;
}

struct Reader {
  int argc;
  char** argv;
  Options& out;
  std::string& why;
  std::vector<const char*> pair_words{};
  std::vector<std::string> followed{};

  bool wrong(const char* option, const char* value, const char* wanted) {
    why = std::string(option) + " " + value + ": " + wanted;
    return false;
  }

  /// --pair takes three words: getopt gives the first, the other two follow it.
  bool pair() {
    if (optind + 1 >= argc) return wrong("--pair", optarg, "takes LINE LANPORT LINEPORT");
    pair_words.push_back(optarg);
    pair_words.push_back(argv[optind]);
    pair_words.push_back(argv[optind + 1]);
    optind += 2;
    return true;
  }

  bool option(int letter) {
    switch (letter) {
      case 'p':
        return pair();
      case 'w':
        return number(optarg, 1, kMaxWorkers, out.workers) || wrong("--workers", optarg, "takes 1 to 64");
      case 'f':
        return number(optarg, 8, kMaxFlows, out.flows) || wrong("--flows", optarg, "takes 8 to 64000000");
      case 'r':
        return number(optarg, 1, kMaxRingMb, out.ring_mb) || wrong("--ring-mb", optarg, "takes 1 to 65536");
      case 'm':
        return number(optarg, 1280, kMaxMtu, out.mtu) || wrong("--mtu", optarg, "takes 1280 to 9600");
      case 'c':
        return core_list(optarg, out.cores) || wrong("--cores", optarg, "takes numbers with commas between");
      case 's':
        out.socket = optarg;
        return true;
      case 't':
        out.state = optarg;
        return true;
      case 'u':
        out.control_user = optarg;
        return true;
      case 'l':
        followed.emplace_back(optarg);
        return true;
      case 'H':
        out.huge = true;
        return true;
      case 'S':
        out.spin = true;
        return true;
      default:
        why = "unknown option, or one without its value; see --help";
        return false;
    }
  }

  bool finish() {
    if (optind < argc) return wrong("argument", argv[optind], "not understood; see --help");
    if (pair_words.empty()) return why = "no --pair LINE LANPORT LINEPORT given", false;
    if (pair_words.size() / 3 > kMaxPairs) return why = "more than 8 pairs", false;
    if (!out.cores.empty() && out.cores.size() != out.workers)
      return why = "--cores must name one core for each worker", false;
    for (size_t i = 0; i < pair_words.size(); i += 3) {
      PairSpec spec;
      spec.line = pair_words[i];
      if (spec.line.empty() || spec.line.size() >= kPairNameBytes)
        return wrong("--pair", pair_words[i], "a line's name has 1 to 31 bytes");
      const auto first = static_cast<unsigned>(i / 3 * 2);
      if (!parse_port(pair_words[i + 1], first, out.workers, out.mtu, spec.lan))
        return wrong("--pair", pair_words[i + 1],
                     "neither a PCI address, af_packet:IFACE, af_xdp:IFACE nor a DPDK vdev");
      if (!parse_port(pair_words[i + 2], first + 1, out.workers, out.mtu, spec.toward_line))
        return wrong("--pair", pair_words[i + 2],
                     "neither a PCI address, af_packet:IFACE, af_xdp:IFACE nor a DPDK vdev");
      out.pairs.push_back(std::move(spec));
    }
    for (const std::string& line : followed) {
      const auto pair = std::find_if(out.pairs.begin(), out.pairs.end(),
                                     [&](const PairSpec& each) { return each.line == line; });
      if (pair == out.pairs.end()) return wrong("--follow", line.c_str(), "no --pair is of that line");
      pair->follow = true;
    }
    std::set<std::string> ports;
    for (const PairSpec& pair : out.pairs)
      for (const PortSpec* port : {&pair.lan, &pair.toward_line})
        if (!ports.insert(port->interface.empty() ? port->device : port->interface).second)
          return wrong("--pair", port->text.c_str(), "the port is named twice");
    return true;
  }
};

}  // namespace

uint32_t buffer_count(const Options& options) {
  return options.buffers != 0 ? options.buffers : kBuffers + kBuffersPerWorker * options.workers;
}

uint32_t buffer_bytes(const Options& options) {
  const bool whole = std::any_of(options.pairs.begin(), options.pairs.end(), [](const PairSpec& pair) {
    return pair.lan.whole_frames || pair.toward_line.whole_frames;
  });
  return whole && options.mtu > kUsualMtu ? kJumboBufferBytes : kPlainBufferBytes;
}

bool parse_port(const std::string& text, unsigned number, uint32_t queues, uint16_t mtu, PortSpec& out) {
  out.text = text;
  const auto rest_after = [&](const char* prefix) {
    const size_t size = std::strlen(prefix);
    return text.compare(0, size, prefix) == 0 && text.size() > size ? text.substr(size) : std::string{};
  };
  if (is_pci(text)) {
    out.device = text;
    out.eal = "--allow=" + text;
    return true;
  }
  if (const std::string interface = rest_after("af_packet:"); !interface.empty()) {
    out.interface = interface;
    out.whole_frames = true;
    out.device = "net_af_packet" + std::to_string(number);
    // The driver gives each frame one slot of its ring; a jumbo frame needs a larger one, which must divide
    // the block.
    const char* frames = mtu > kUsualMtu ? ",framesz=16384,blocksz=65536,framecnt=512"
                                         : ",framesz=2048,blocksz=4096,framecnt=1024";
    out.eal = "--vdev=" + out.device + ",iface=" + interface + ",qpairs=" + std::to_string(queues) + frames;
    return true;
  }
  if (const std::string interface = rest_after("af_xdp:"); !interface.empty()) {
    out.interface = interface;
    out.brings_bpf = true;
    out.device = "net_af_xdp" + std::to_string(number);
    out.eal = "--vdev=" + out.device + ",iface=" + interface +
              ",start_queue=0,queue_count=" + std::to_string(queues);
    return true;
  }
  if (rest_after("net_").empty()) return false;
  out.device = text.substr(0, text.find(','));
  out.eal = "--vdev=" + text;
  return true;
}

Parsed parse_options(int argc, char** argv, Options& out, std::string& why) {
  static const option kOptions[] = {{"pair", required_argument, nullptr, 'p'},
                                    {"workers", required_argument, nullptr, 'w'},
                                    {"flows", required_argument, nullptr, 'f'},
                                    {"ring-mb", required_argument, nullptr, 'r'},
                                    {"mtu", required_argument, nullptr, 'm'},
                                    {"cores", required_argument, nullptr, 'c'},
                                    {"socket", required_argument, nullptr, 's'},
                                    {"state", required_argument, nullptr, 't'},
                                    {"control-user", required_argument, nullptr, 'u'},
                                    {"follow", required_argument, nullptr, 'l'},
                                    {"huge", no_argument, nullptr, 'H'},
                                    {"spin", no_argument, nullptr, 'S'},
                                    {"help", no_argument, nullptr, 'h'},
                                    {"version", no_argument, nullptr, 'V'},
                                    {nullptr, 0, nullptr, 0}};
  Reader reader{argc, argv, out, why};
  opterr = 0;
  for (int letter; (letter = getopt_long(argc, argv, "+h", kOptions, nullptr)) != -1;) {
    if (letter == 'h') return Parsed::Help;
    if (letter == 'V') return Parsed::Version;
    if (!reader.option(letter)) return Parsed::Wrong;
  }
  return reader.finish() ? Parsed::Run : Parsed::Wrong;
}

const char* help_text() {
  return R"(sluice-dataplane: forwards between a LAN and its line, and lets nothing by that the policy does not allow.

usage: sluice-dataplane --pair LINE LANPORT LINEPORT [--pair ...] [options]

  --pair LINE LANPORT LINEPORT   two ports, bridged; LINE is a line's name in the policy.
                                 A port is a PCI address (0000:03:00.0), af_packet:IFACE, af_xdp:IFACE,
                                 or a DPDK vdev (net_tap0,iface=t0). At most 8 pairs.
  --workers N                    poll-mode workers, 1 to 64 (1)
  --cores LIST                   the workers' cores, one each: 2,3 (the last ones this process may use)
  --flows N                      flows that each worker remembers (262144)
  --ring-mb N                    event ring of each worker (384 to 512 in all)
  --follow LINE                  a card of this line that loses its link takes the other one's down, until it is
                                 back; for interfaces of the kernel, sluice-follow does it
  --mtu N                        bytes of IP packet on software ports, up to 9600 (1500)
  --huge                         use huge pages; they must be reserved
  --spin                         never sleep when idle, on software ports too
  --socket PATH                  where control connects (/run/sluice/dataplane.sock)
  --control-user NAME            the user that control runs as (the one who runs this)
  --state DIR                    where the last good policy is kept (/var/lib/sluice/dataplane)
  --help                         this text
  --version                      the version of this program

Without a policy nothing but link control passes. It stops on SIGTERM and SIGINT.
)";
}

}  // namespace sluice
