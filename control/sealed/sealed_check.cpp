// control/sealed: reads a history and tells where it was altered.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "control/base/files.h"
#include "control/base/sha256.h"
#include "control/sealed/sealed_file.h"
#include "control/sealed/sealed_form.h"

namespace sluice::control {
namespace {

using nlohmann::json;

constexpr size_t kHeadSize = 512, kSignatureDigits = 128;
constexpr std::string_view kMember = ",\"signature\":\"", kEnd = "\"}";

std::string head_body(const SealedHead& head) {
  return json{{"line", head.number}, {"sha256", head.sha256}}.dump();
}

std::string number_of(uint64_t line) {
  return "line " + std::to_string(line);
}

class Checker {
 public:
  Checker(const SigningKey& key, std::optional<SealedHead> head, const TakeLine& take, SealedFindings& out)
      : key_(key), head_(std::move(head)), take_(take), out_(out) {
    out_.head_number = head_ ? head_->number : 0;
  }

  void line(std::string_view text) {
    ++out_.lines;
    std::optional<SignedLine> parts = take_apart(text);
    if (!parts && out_.signed_lines == 0) {
      old_.update(text);
      old_.update("\n");
      out_.last_number = out_.lines;
    } else if (!parts) {
      problem(number_of(out_.lines) + " was changed, or somebody else wrote it: it bears no signature");
      last_good_ = false;
      out_.last_sha256 = sha256_hex(text);
      ++out_.last_number;
    } else {
      chained(text, *parts);
    }
    meet_head();
    if (take_) {
      take_(text);
    }
  }

  void finish(bool head_there) {
    if (out_.signed_lines == 0) {
      out_.last_sha256 = old_.hex();
      if (head_ && head_->number == out_.last_number) {
        compare_head();
      } else if (head_ && head_->number < out_.last_number) {
        problem("no line bears a signature, but the signed head names line " + std::to_string(head_->number));
      }
    }
    if (!head_ && (head_there || out_.signed_lines != 0)) {
      problem(head_there ? "the signed head was changed, or another key signed it"
                         : "the signed head is missing");
    } else if (head_ && head_->number > out_.last_number) {
      problem("cut: after " + number_of(out_.lines) +
              (out_.last_number + 1 == head_->number
                   ? ", line " + std::to_string(head_->number) + " is missing"
                   : ", lines " + std::to_string(out_.last_number + 1) + " to " +
                         std::to_string(head_->number) + " are missing"));
    }
  }

 private:
  void problem(std::string what) {
    ++out_.problem_count;
    out_.unrecorded = true;
    if (out_.problems.size() < SealedFindings::kMaxProblems) {
      out_.problems.push_back(std::move(what));
    }
  }

  void chained(std::string_view text, const SignedLine& parts) {
    if (out_.signed_lines++ == 0) {
      out_.last_sha256 = old_.hex();
    }
    const json value = json::parse(parts.body, nullptr, false);
    const auto member = [&](const char* key) {
      return value.is_object() ? value.value(key, json()) : json();
    };
    const json number = member("line"), previous = member("previous"), altered = member("altered");
    const bool follows = previous.is_string() && previous == out_.last_sha256;
    // The chain itself vouches for a line once a later one, or the head, names it; the signature tells which
    // of two that do not fit was changed.
    const uint64_t expected = out_.last_number + 1;
    const uint64_t claims = number.is_number_unsigned() ? number.get<uint64_t>() : 0;
    const bool looked = !follows || claims != expected || !head_ || expected > head_->number;
    const bool good = !looked || (claims != 0 && key_.verify(parts.body, parts.signature));
    if (!good) {
      problem(number_of(out_.lines) + " was changed, or another key signed it");
    } else if (!follows) {
      explain(claims);
    } else if (claims != expected) {
      problem("before " + number_of(out_.lines) + ", lines " + std::to_string(out_.last_number + 1) + " to " +
              std::to_string(claims - 1) + " were missing when it was written");
    }
    last_good_ = good;
    out_.last_number = good ? claims : expected;
    out_.last_sha256 = sha256_hex(text);
    previous_text_ = text;
    if (good && altered.is_array()) {
      problem(number_of(out_.lines) + " says that an alteration was found then: " +
              (altered.empty() ? std::string("unknown") : altered[0].dump()));
      out_.unrecorded = false;  // this line is the record of all before it
    }
  }

  /// The line at hand is whole, and does not follow from what stands before it.
  void explain(uint64_t claims) {
    if (out_.signed_lines == 1) {
      return problem(out_.lines == 2 ? "line 1 was changed"
                                     : "lines 1 to " + std::to_string(out_.lines - 1) +
                                           ", which bear no signature, were changed");
    }
    const std::optional<SignedLine> before = take_apart(previous_text_);
    if (last_good_ && before && !key_.verify(before->body, before->signature)) {
      return problem(number_of(out_.lines - 1) + " was changed");
    }
    if (last_good_ && claims > out_.last_number + 1) {
      return problem("before " + number_of(out_.lines) + ", lines " + std::to_string(out_.last_number + 1) +
                     " to " + std::to_string(claims - 1) + " were removed");
    }
    if (last_good_) {
      problem(number_of(out_.lines) + " stands at another place than it was written at");
    }
  }

  void meet_head() {
    if (head_ && out_.signed_lines != 0 && head_->number == out_.last_number) {
      compare_head();
    }
  }
  void compare_head() {
    if (head_->sha256 != out_.last_sha256 && last_good_) {
      problem(number_of(out_.lines) + " was changed: it is not the one that the signed head names");
    }
  }

  const SigningKey& key_;
  const std::optional<SealedHead> head_;
  const TakeLine& take_;
  SealedFindings& out_;
  Sha256 old_;  ///< of all lines of the old form
  std::string previous_text_;
  bool last_good_ = true;
};

/// Calls line for each whole line of a file. Returns an empty string, or why the file cannot be read.
std::string each_line(int fd, Checker& checker, uint64_t& torn) {
  std::string pending;
  std::string block(size_t{1} << 18, '\0');
  uint64_t skipped = 0;
  for (;;) {
    const ssize_t got = ::read(fd, block.data(), block.size());
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return errno_text("cannot read its lines");
    }
    if (got == 0) {
      break;
    }
    std::string_view rest(block.data(), static_cast<size_t>(got));
    for (size_t end; (end = rest.find('\n')) != rest.npos; rest.remove_prefix(end + 1)) {
      pending += rest.substr(0, end);
      checker.line(pending);
      pending.clear();
    }
    if (pending.size() + rest.size() > kMaxSealedLine) {  // no line of ours: it shows as a changed one
      skipped += rest.size();
      rest = {};
    }
    pending += rest;
  }
  torn = pending.size() + skipped;
  return {};
}

}  // namespace

std::string head_text(const SealedHead& head, const SigningKey& key) {
  const std::string body = head_body(head);
  std::string out = with_signature(body, key.sign(body));
  out.resize(kHeadSize - 1, ' ');
  return out + "\n";
}

std::optional<SealedHead> read_head(std::string_view text, const SigningKey& key) {
  const size_t end = text.find_last_not_of(" \n");
  const std::optional<SignedLine> parts = take_apart(text.substr(0, end == text.npos ? 0 : end + 1));
  if (!parts || !key.verify(parts->body, parts->signature)) {
    return std::nullopt;
  }
  const json value = json::parse(parts->body, nullptr, false);
  if (!value.is_object() || !value.contains("line") || !value["line"].is_number_unsigned() ||
      !value.contains("sha256") || !value["sha256"].is_string()) {
    return std::nullopt;
  }
  SealedHead out{value["line"].get<uint64_t>(), value["sha256"].get<std::string>()};
  std::string whole = with_signature(head_body(out), parts->signature);
  whole.resize(kHeadSize - 1, ' ');
  return whole + "\n" == text ? std::optional(out) : std::nullopt;
}

std::string with_signature(std::string_view body, std::string_view signature) {
  return std::string(body.substr(0, body.size() - 1)) + std::string(kMember) + std::string(signature) +
         std::string(kEnd);
}

std::optional<SignedLine> take_apart(std::string_view line) {
  constexpr size_t kTail = kMember.size() + kSignatureDigits + kEnd.size();
  if (line.size() <= kTail || !line.ends_with(kEnd) ||
      line.substr(line.size() - kTail, kMember.size()) != kMember) {
    return std::nullopt;
  }
  return SignedLine{std::string(line.substr(0, line.size() - kTail)) + "}",
                    line.substr(line.size() - kEnd.size() - kSignatureDigits, kSignatureDigits)};
}

std::string read_sealed(const SealedPaths& paths, const SigningKey& key, const TakeLine& take,
                        SealedFindings& findings) {
  findings = {};
  findings.last_sha256 = sha256_hex("");
  const std::optional<std::string> head = read_tail(paths.head, kHeadSize + 1);
  const std::string path = paths.lines.string();
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return errno_text("cannot read " + path);
  }
  Checker checker(key, head ? read_head(*head, key) : std::nullopt, take, findings);
  if (std::string why = each_line(fd.get(), checker, findings.torn_bytes); !why.empty()) {
    return why;
  }
  checker.finish(head.has_value());
  return {};
}

}  // namespace sluice::control
