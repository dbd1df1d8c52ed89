// control/policy: list files that are response policy zones.
// Source: draft-vixie-dnsop-dns-rpz-00; RFC 1035 5.1 (master files).
#include <algorithm>
#include <array>

#include "control/policy/lists/list_formats.h"

namespace sluice::control {
namespace {

constexpr size_t kMaxTokens = 12;        ///< of a record that matter; an SOA has twelve at most
constexpr size_t kMaxRecordLines = 100;  ///< a parenthesis that is never closed does not swallow the file
constexpr std::string_view kWriteRpz =
    "a list takes `name CNAME .`, `*.name CNAME .` and `32.1.2.0.192.rpz-ip CNAME .`";

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

bool is_one_of(std::string_view word, std::span<const std::string_view> words) {
  return std::ranges::any_of(words, [&](std::string_view one) { return same(word, one); });
}

/// Cuts `.below` off the end of name. Returns whether it was there.
bool cut_suffix(std::string_view& name, std::string_view below) {
  if (name.size() <= below.size() || !same(name.substr(name.size() - below.size()), below)) return false;
  if (name[name.size() - below.size() - 1] != '.') return false;
  name.remove_suffix(below.size() + 1);
  return true;
}

/// `24.0.2.0.192` or `48.zz.bad.db8.2001` as 192.0.2.0/24 and 2001:db8:bad::/48.
std::string written_forward(std::string_view reversed) {
  const size_t dot = reversed.find('.');
  std::string length(reversed.substr(0, dot));
  if (dot == reversed.npos) return length;
  reversed.remove_prefix(dot + 1);
  const bool v4 = std::ranges::count(reversed, '.') == 3 && reversed.find("zz") == reversed.npos;
  std::string out;
  for (;;) {
    const size_t before = reversed.rfind('.');
    const std::string_view label = reversed.substr(before == reversed.npos ? 0 : before + 1);
    const bool last = before == reversed.npos;
    if (label == "zz") {
      out += out.empty() || last ? ":" : "";
    } else {
      out += label;
    }
    if (last) break;
    out += v4 ? '.' : ':';
    reversed = reversed.substr(0, before);
  }
  return out + '/' + length;
}

class ZoneReader {
 public:
  explicit ZoneReader(ListLines& lines) : lines_(lines) {}

  void read() {
    while (next_record()) {
      if (count_ > 0) take_record();
    }
  }

 private:
  enum class Says : uint8_t {
    Covered,
    Excepted,
    Neither
  };

  /// Gathers the words of the next record, over several lines where it has parentheses.
  bool next_record() {
    count_ = 0;
    depth_ = 0;
    if (!lines_.next_line()) return false;
    indented_ = lines_.indented();
    take_tokens(lines_.line());
    for (size_t more = 0; depth_ > 0; ++more) {
      if (more < kMaxRecordLines && lines_.next_line()) {
        take_tokens(lines_.line());
        continue;
      }
      lines_.leave_out(count_ > 0 ? tokens_[0] : lines_.line(), "has a parenthesis that is never closed",
                       kWriteRpz);
      count_ = 0;
      depth_ = 0;
    }
    return true;
  }

  void take_tokens(std::string_view line) {
    for (size_t at = 0; at < line.size();) {
      const char c = line[at];
      size_t end = at + 1;
      if (c == ';') return;
      if (c == '(') {
        ++depth_;
      } else if (c == ')') {
        depth_ -= depth_ > 0 ? 1 : 0;
      } else if (c == '"') {
        while (end < line.size() && line[end] != '"') end += line[end] == '\\' ? 2 : 1;
        end = std::min(end + 1, line.size());
        add_token(line.substr(at, end - at));
      } else if (ListLines::kBlank.find(c) == ListLines::kBlank.npos) {
        end = std::min(line.find_first_of(" \t\r\v\f;()\"", at), line.size());
        add_token(line.substr(at, end - at));
      }
      at = end;
    }
  }

  void add_token(std::string_view token) {
    if (count_ < kMaxTokens) tokens_[count_++] = token;
  }

  void take_record() {
    if (tokens_[0].starts_with('$')) return take_directive();
    size_t at = 0;
    if (!indented_) owner_ = tokens_[at++];
    static constexpr std::string_view kClasses[] = {"IN", "CH", "HS"};
    const auto is_time = [](std::string_view token) { return token[0] >= '0' && token[0] <= '9'; };
    while (at < count_ && (is_one_of(tokens_[at], kClasses) || is_time(tokens_[at]))) ++at;
    static constexpr std::string_view kTypes[] = {"A",    "AAAA",  "CNAME", "DNAME", "MX",  "TXT",
                                                  "SRV",  "PTR",   "NS",    "SOA",   "CAA", "NAPTR",
                                                  "SVCB", "HTTPS", "SSHFP", "TLSA"};
    static constexpr std::string_view kSigning[] = {"RRSIG",  "NSEC", "NSEC3", "NSEC3PARAM",
                                                    "DNSKEY", "DS",   "CDS"};
    if (at < count_ && is_one_of(tokens_[at], kSigning)) return;
    if (at >= count_ || !is_one_of(tokens_[at], kTypes))
      return lines_.leave_out(tokens_[0], "begins no record of a zone", kWriteRpz);
    if (same(tokens_[at], "SOA")) return begin_zone();
    std::string_view target;
    if (same(tokens_[at], "CNAME") && at + 1 < count_) target = tokens_[at + 1];
    take_trigger(target);
  }

  void take_directive() {
    if (same(tokens_[0], "$TTL")) return;
    if (!same(tokens_[0], "$ORIGIN") || count_ < 2)
      return lines_.leave_out(tokens_[0], "is a directive that a list does not follow", kWriteRpz);
    origin_ = absolute(tokens_[1]);
    if (!has_zone_) zone_ = origin_;
    has_zone_ = true;
  }

  void begin_zone() {
    if (seen_soa_) return;
    seen_soa_ = true;
    zone_ = absolute(owner_);
    if (!has_zone_) origin_ = zone_;
    has_zone_ = true;
  }

  /// Without the final dot.
  std::string absolute(std::string_view name) const {
    if (name == "@") return origin_;
    if (name.ends_with('.')) return std::string(name.substr(0, name.size() - 1));
    return origin_.empty() ? std::string(name) : std::string(name) + '.' + origin_;
  }

  /// The owner as seen from the zone; false where it lies outside or is the zone itself.
  bool trigger(std::string_view& out) {
    const bool is_absolute = owner_.ends_with('.');
    out = owner_;
    if (!is_absolute && owner_ != "@" && origin_ == zone_) return true;
    if (is_absolute && zone_.empty()) return true;
    if (is_absolute) {
      out.remove_suffix(1);
    } else {
      out = lines_.keep(absolute(owner_));
    }
    if (zone_.empty() || same(out, zone_)) return false;
    if (cut_suffix(out, zone_)) return true;
    lines_.leave_out(owner_, "lies outside of the zone", kWriteRpz);
    return false;
  }

  Says what_says(std::string_view target, std::string_view name) const {
    if (same(target, "rpz-passthru.")) return Says::Excepted;
    if (same(target, "rpz-tcp-only.")) return Says::Neither;
    // As the first zones of this kind said that a name is to pass.
    if (target.ends_with('.') && same(target.substr(0, target.size() - 1), name)) return Says::Excepted;
    return Says::Covered;
  }

  void take_trigger(std::string_view target) {
    std::string_view name;
    if (!trigger(name)) return;
    const Says says = what_says(target, name);
    if (says == Says::Neither) return lines_.leave_out(owner_, "is to be asked for over TCP only", kWriteRpz);
    static constexpr std::string_view kOthers[] = {"rpz-client-ip", "rpz-nsdname", "rpz-nsip"};
    const size_t dot = name.rfind('.');
    const std::string_view last = name.substr(dot == name.npos ? 0 : dot + 1);
    if (is_one_of(last, kOthers))
      return lines_.leave_out(owner_, "is a trigger on who asks or who answers", kWriteRpz);
    if (same(last, "rpz-ip")) return take_address(name.substr(0, std::min(dot, name.size())), says);
    if (name == "*") return lines_.leave_out(owner_, "is every name", "a network's `default` speaks of them");
    NameScope scope = NameScope::Self;
    if (name.starts_with("*.")) {
      name.remove_prefix(2);
      scope = NameScope::Below;
    }
    says == Says::Excepted ? lines_.take_exception(name, scope) : lines_.take_name(name, scope);
  }

  void take_address(std::string_view reversed, Says says) {
    if (says == Says::Excepted)
      return lines_.leave_out(owner_, "is an address that is to pass",
                              "a list takes names out, no addresses");
    Prefix prefix;
    const PrefixError error = parse_prefix(written_forward(reversed), prefix);
    if (error == PrefixError::HostBits)
      lines_.doubt(owner_, "has host bits set", "it is read as " + to_string(prefix));
    if (error != PrefixError::None && error != PrefixError::HostBits)
      return lines_.leave_out(owner_, "is no reversed prefix", kWriteRpz);
    lines_.take_prefix(prefix, owner_);
  }

  ListLines& lines_;
  std::array<std::string_view, kMaxTokens> tokens_;
  size_t count_ = 0, depth_ = 0;
  bool indented_ = false;
  std::string_view owner_ = "@";  ///< of the last record; one that begins with a blank has it too
  std::string zone_, origin_;     ///< without their final dots
  bool has_zone_ = false, seen_soa_ = false;
};

}  // namespace

void read_rpz(ListLines& lines) {
  ZoneReader(lines).read();
}

}  // namespace sluice::control
