// control/policy: list files that are answers of Microsoft's endpoints web service.
// An endpoint set has urls (host names, with stars), ips, and the ports on which they are reached.
#include <netinet/in.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "control/policy/lists/list_formats.h"
#include "control/policy/port_range.h"

namespace sluice::control {
namespace {

constexpr size_t kMaxJsonBytes = size_t{16} << 20;  ///< the service answers with 100 KB
constexpr size_t kMaxPorts = 64;                    ///< ranges of one set; they are a handful
constexpr size_t kMaxDepth = 8;                     ///< of brackets; it has three
constexpr std::string_view kWriteMicrosoft365 =
    "it is a list of endpoint sets, as [{\"urls\": [...], \"ips\": [...], \"tcpPorts\": \"443\"}]";

struct EndpointSet {
  std::vector<std::string_view> urls, ips;
  std::vector<PortRange> ports;
  std::string_view wrong_ports;
};

/// Takes the parser's events set by set, so that a hostile text never becomes a tree.
class EndpointReader final : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit EndpointReader(ListLines& lines) : lines_(lines) {}

  bool null() override { return expect(depth_ >= kInSet); }
  bool boolean(bool) override { return expect(depth_ >= kInSet); }
  bool number_integer(number_integer_t) override { return expect(depth_ >= kInSet); }
  bool number_unsigned(number_unsigned_t) override { return expect(depth_ >= kInSet); }
  bool number_float(number_float_t, const string_t&) override { return expect(depth_ >= kInSet); }
  bool binary(binary_t&) override { return expect(false); }

  bool string(string_t& text) override {
    const std::string_view word = place_of(text);
    if (depth_ == kInSet + 1 && key_ == "urls") set_.urls.push_back(word);
    if (depth_ == kInSet + 1 && key_ == "ips") set_.ips.push_back(word);
    if (depth_ == kInSet && key_ == "tcpPorts") read_ports(word, IPPROTO_TCP);
    if (depth_ == kInSet && key_ == "udpPorts") read_ports(word, IPPROTO_UDP);
    return expect(depth_ >= kInSet);
  }

  bool start_array(size_t) override {
    ++depth_;
    return expect(depth_ != kInSet && depth_ <= kMaxDepth);
  }
  bool start_object(size_t) override {
    if (++depth_ == kInSet) set_ = {};
    return expect(depth_ >= kInSet && depth_ <= kMaxDepth);
  }
  bool key(string_t& text) override {
    if (depth_ == kInSet) key_ = text;
    return true;
  }
  bool end_array() override {
    --depth_;
    return true;
  }
  bool end_object() override {
    if (depth_-- == kInSet) take_set();
    return !lines_.failed();
  }
  bool parse_error(size_t position, const std::string&, const nlohmann::json::exception&) override {
    const std::string_view text = lines_.text();
    const size_t at = std::min(std::max<size_t>(position, 1) - 1, text.size());
    lines_.fail("it is no JSON from here on", std::string(kWriteMicrosoft365), text.substr(at, 0));
    return false;
  }

 private:
  static constexpr size_t kInSet = 2;  ///< depth of what stands in the map of a set

  bool expect(bool fits) {
    if (!fits) lines_.fail("it is JSON, but no endpoint sets", std::string(kWriteMicrosoft365));
    return fits;
  }

  /// Where the file has this value, so that a message can point to it; the parser hands out copies.
  std::string_view place_of(const std::string& value) {
    const std::string_view text = lines_.text();
    const size_t at = escaped_ ? text.npos : text.find(value, seen_);
    if (at == text.npos) {
      escaped_ = true;  // from here on the search would go through the whole rest each time
      return lines_.keep(value);
    }
    seen_ = at + value.size();
    return text.substr(at, value.size());
  }

  /// `80,443` or `50000-50059`.
  void read_ports(std::string_view text, uint8_t transport) {
    for (size_t at = 0; at < text.size();) {
      const size_t end = std::min(text.find(',', at), text.size());
      PortRange range{transport, 0, 0, 0};
      if (set_.ports.size() < kMaxPorts &&
          parse_port_range(text.substr(at, end - at), range.first, range.last)) {
        set_.ports.push_back(range);
      } else {
        set_.wrong_ports = text;
      }
      at = end + 1;
    }
  }

  void take_set() {
    if (!set_.wrong_ports.empty())
      return lines_.leave_out(set_.wrong_ports, "has a port that is none",
                              "without ports the whole set is left out");
    lines_.begin_ports(set_.ports);
    for (const std::string_view url : set_.urls) {
      const bool below = url.starts_with("*.");
      lines_.take_name(below ? url.substr(2) : url, below ? NameScope::Below : NameScope::Self);
    }
    for (const std::string_view ip : set_.ips) take_prefix_word(ip, lines_);
  }

  ListLines& lines_;
  EndpointSet set_;
  std::string key_;
  size_t depth_ = 0;
  size_t seen_ = 0;  ///< end of the last value's place in the text
  bool escaped_ = false;
};

}  // namespace

void read_microsoft365(ListLines& lines) {
  if (lines.text().size() > kMaxJsonBytes)
    return lines.fail("it is larger than " + std::to_string(kMaxJsonBytes >> 20) + " MiB",
                      "the service's answer is much smaller");
  EndpointReader reader(lines);
  nlohmann::json::sax_parse(lines.text(), &reader);
}

}  // namespace sluice::control
