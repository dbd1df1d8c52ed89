// control/policy: reads files of names.
#include "control/policy/list_reader.h"

#include <algorithm>

#include "control/policy/prefix.h"

namespace sluice::control {
namespace {

constexpr std::string_view kBlank = " \t\r\v\f";
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

/// What every hosts file says of the machine itself.
constexpr std::string_view kOwnNames[] = {"localhost",     "localhost.localdomain", "local",
                                          "broadcasthost", "ip6-localhost",         "ip6-loopback",
                                          "0.0.0.0",       "ip6-localnet",          "ip6-mcastprefix",
                                          "ip6-allnodes",  "ip6-allrouters",        "ip6-allhosts"};

class ListReader {
 public:
  ListReader(std::string& text, uint32_t file, Report& report, const TakeName& take)
      : text_(text), file_(file), report_(report), take_(take) {}

  size_t read(ListFormat format) {
    size_t at = text_.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
    for (; at < text_.size(); ++line_) {
      line_start_ = at;
      const size_t end = std::min(text_.find('\n', at), text_.size());
      at = end + 1;
      rest_at_ = line_start_;
      const std::string_view line(text_.data() + line_start_, end - line_start_);
      rest_end_ = line_start_ + std::min(line.find('#'), line.size());
      if (format == ListFormat::Names) {
        read_names_line();
      } else {
        read_hosts_line();
      }
    }
    summarise(format);
    return taken_;
  }

 private:
  /// Cuts the next word of the line; empty at its end.
  std::string_view next_word() {
    const std::string_view rest(text_.data() + rest_at_, rest_end_ - rest_at_);
    const size_t begin = rest.find_first_not_of(kBlank);
    if (begin == rest.npos) {
      rest_at_ = rest_end_;
      return {};
    }
    const size_t end = std::min(rest.find_first_of(kBlank, begin), rest.size());
    rest_at_ += end;
    return rest.substr(begin, end - begin);
  }

  void warn(std::string_view word, std::string what, std::string instead) {
    if (++wrong_ > kMaxListWarnings) return;
    const auto column = static_cast<int>(word.data() - text_.data() - line_start_) + 1;
    report_.warn({file_, line_, column}, std::move(what), std::move(instead));
  }

  void take_name(std::string_view word) {
    char* const start = text_.data() + (word.data() - text_.data());
    const std::string shown = in_quotes(word);  // before it is changed
    const ParsedName parsed = parse_host_name(start, word.size());
    if (parsed.error != NameError::None) {
      return warn(word, shown + ' ' + std::string(what_of(parsed.error)) + "; the line is left out",
                  std::string(instead_of(parsed.error)));
    }
    take_(parsed.name, parsed.scope);
    ++taken_;
  }

  void read_names_line() {
    const std::string_view word = next_word();
    if (word.empty()) return;
    const std::string_view second = next_word();
    if (!second.empty()) {
      return warn(second, "more than one word; the line is left out",
                  "write one name a line, or format: hosts");
    }
    take_name(word);
  }

  void read_hosts_line() {
    const std::string_view address_word = next_word();
    if (address_word.empty()) return;
    Address address;
    // The zone of a link-local address (fe80::1%lo0) says nothing here.
    if (!parse_address(address_word.substr(0, address_word.find('%')), address)) {
      return warn(address_word, in_quotes(address_word) + " is not an address; the line is left out",
                  "write 0.0.0.0 example.com, or format: names");
    }
    std::string_view word = next_word();
    if (word.empty()) return warn(address_word, "an address without a name", "write 0.0.0.0 example.com");
    for (; !word.empty(); word = next_word()) {
      if (std::ranges::find(kOwnNames, word) == std::end(kOwnNames)) take_name(word);
    }
  }

  void summarise(ListFormat format) {
    const Position whole{file_, 0, 0};
    if (taken_ == 0 && wrong_ > 0) {
      report_.error(whole, "not one line is right",
                    format == ListFormat::Names ? "is it a hosts file? then write format: hosts"
                                                : "is it one name a line? then write format: names");
    } else if (taken_ == 0) {
      report_.warn(whole, "there is no name in it", "");
    }
    if (wrong_ > kMaxListWarnings) {
      report_.warn(whole, "and " + std::to_string(wrong_ - kMaxListWarnings) + " more lines are left out",
                   "");
    }
  }

  std::string& text_;
  uint32_t file_;
  Report& report_;
  const TakeName& take_;
  size_t line_start_ = 0, rest_at_ = 0, rest_end_ = 0;
  int line_ = 1;
  size_t taken_ = 0, wrong_ = 0;
};

}  // namespace

size_t read_list(std::string& text, ListFormat format, uint32_t file, Report& report, const TakeName& take) {
  return ListReader(text, file, report, take).read(format);
}

}  // namespace sluice::control
