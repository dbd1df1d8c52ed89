// control/evidence: a sealed file at one moment.
#include "control/evidence/sealed_copy.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "control/base/files.h"
#include "control/base/json_fields.h"
#include "control/sealed/sealed_form.h"

namespace sluice::control {
namespace {

constexpr size_t kMostHead = 1024;

}  // namespace

/// The head is read first: a line that comes meanwhile is left out, so what is copied fits together.
std::string copy_sealed(const SealedPaths& paths, const SigningKey& key, const TakeLine& take,
                        SealedCopy& out) {
  const std::optional<std::string> text = read_tail(paths.head, kMostHead);
  const std::optional<SealedHead> head = text ? read_head(*text, key) : std::nullopt;
  out.head = text.value_or("");
  uint64_t offset = 0, at_head = 0;
  std::string error = read_sealed(
      paths, key,
      [&](std::string_view line) {
        offset += line.size() + 1;
        if (head && at_head == 0 &&
            number_at(nlohmann::json::parse(line, nullptr, false), "line") == head->number) {
          at_head = offset;
        }
        if (at_head == 0 || at_head == offset) {
          take(line);
        }
      },
      out.found);
  if (!error.empty()) {
    return error;
  }
  out.bytes = at_head != 0 ? at_head : offset;
  out.lines.reset(::open(paths.lines.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  return out.lines ? std::string() : errno_text("cannot read " + paths.lines.string());
}

}  // namespace sluice::control
