// control/pseudonyms: which fields of a line may go as they are, which become pseudonyms.
#include "control/pseudonyms/pseudonyms.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <nlohmann/json.hpp>
#include <span>

#include "control/base/files.h"
#include "control/base/hex.h"
#include "control/base/log_line.h"
#include "control/policy/prefix.h"

namespace sluice::control {
namespace {

using OrderedJson = nlohmann::ordered_json;  // the fields keep their order
constexpr size_t kMaxKeyFile = 256;
constexpr size_t kPseudonymBytes = 16;

/// What tells of nobody, by its place in the line. A field that comes to the log later goes abroad only when
/// it stands here.
constexpr std::string_view kOpen[] = {
    "@timestamp",        "event.kind",        "event.action",     "event.reason",      "event.id",
    "event.type",        "event.duration",    "event.start",      "event.end",         "event.count",
    "network.transport", "network.protocol",  "network.type",     "network.vlan.id",   "source.port",
    "source.bytes",      "source.packets",    "destination.port", "destination.bytes", "destination.packets",
    "rule.name",         "rule.ruleset",      "observer.name",    "sluice.network",    "sluice.line",
    "sluice.seen",       "sluice.generation", "sluice.would",     "sluice.ended",      "sluice.access",
    "sluice.left_out",   "sluice.lost",       "sluice.worker",    "sluice.from",       "sluice.until",
    "sluice.folded",     "sluice.ttl"};

/// Names below these tell of single machines: of a questioned address, or of a neighbour on the LAN.
constexpr std::string_view kOfMachines[] = {"arpa",     "local",    "localdomain", "lan",    "home",
                                            "internal", "intranet", "corp",        "private"};

Sha256Bytes hmac(const Sha256Bytes& key, std::string_view text) {
  Sha256Bytes out{};
  unsigned size = out.size();
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const uint8_t*>(text.data()), text.size(), out.data(), &size) == nullptr ||
      size != out.size()) {
    throw std::bad_alloc();
  }
  return out;
}

/// A key of kind and text that no other two have.
std::string joined(std::string_view kind, std::string_view text) {
  return std::string(kind) + '\0' + std::string(text);
}

/// nullptr where there is no such member.
const OrderedJson* member(const OrderedJson* object, std::string_view name) {
  if (object == nullptr || !object->is_object()) {
    return nullptr;
  }
  const auto found = object->find(std::string(name));
  return found != object->end() ? &*found : nullptr;
}

const OrderedJson* at_path(const OrderedJson& line, std::string_view path) {
  const OrderedJson* out = &line;
  while (out != nullptr && !path.empty()) {
    const size_t dot = std::min(path.find('.'), path.size());
    out = member(out, path.substr(0, dot));
    path.remove_prefix(std::min(dot + 1, path.size()));
  }
  return out;
}

void set_path(OrderedJson& line, std::string_view path, OrderedJson value) {
  OrderedJson* out = &line;
  while (!path.empty()) {
    const size_t dot = std::min(path.find('.'), path.size());
    out = &(*out)[std::string(path.substr(0, dot))];
    path.remove_prefix(std::min(dot + 1, path.size()));
  }
  *out = std::move(value);
}

/// One value, or a list of texts: nothing in which another field could hide.
bool is_plain(const OrderedJson& value) {
  return (value.is_primitive() && !value.is_binary()) ||
         (value.is_array() &&
          std::ranges::all_of(value, [](const OrderedJson& each) { return each.is_string(); }));
}

bool is_public_address(const std::string& text) {
  Address address;
  return parse_address(text, address) && !is_private({address, 128});
}

/// A name of the Internet: its last label is letters alone, or an internationalised one, as all of the root
/// zone are (RFC 3696 2), and none of those that networks use within.
bool is_public_name(const std::string& name) {
  const size_t dot = name.rfind('.');
  const std::string_view last = dot == std::string::npos ? "" : std::string_view(name).substr(dot + 1);
  const bool letters = std::ranges::all_of(last, [](char c) { return c >= 'a' && c <= 'z'; });
  return !last.empty() && (letters || last.starts_with("xn--")) &&
         std::ranges::find(kOfMachines, last) == std::end(kOfMachines);
}

}  // namespace

std::unique_ptr<const Pseudonyms> Pseudonyms::open_or_make(const std::filesystem::path& key_file,
                                                           const std::string& recipient, std::string& error) {
  struct stat status {};
  Sha256Bytes key{};
  if (::lstat(key_file.c_str(), &status) != 0 && errno == ENOENT) {
    if (RAND_priv_bytes(key.data(), static_cast<int>(key.size())) != 1) {
      error = "cannot make a key";
      return nullptr;
    }
    if (error = make_private_file(key_file, hex_text(key) + "\n"); !error.empty()) {
      return nullptr;
    }
  } else {
    if ((status.st_mode & 077) != 0) {
      log_warning(key_file.string() + " can be read by others; its mode should be 0600");
    }
    const std::string text = read_tail(key_file, kMaxKeyFile).value_or("");
    if (!text.ends_with('\n') || !bytes_of_hex(std::string_view(text).substr(0, text.size() - 1), key)) {
      error = key_file.string() +
              " holds no key; put it back from a backup, or remove it: then everybody gets "
              "another pseudonym";
      return nullptr;
    }
  }
  return std::unique_ptr<const Pseudonyms>(new Pseudonyms(hmac(key, joined("recipient", recipient))));
}

std::string Pseudonyms::of(std::string_view kind, std::string_view text) const {
  const Sha256Bytes sum = hmac(key_, joined(kind, text));
  return "p-" + hex_text(std::span(sum).first(kPseudonymBytes));
}

std::optional<std::string> Pseudonyms::line(std::string_view line) const {
  const OrderedJson said = OrderedJson::parse(line, nullptr, false);
  if (!said.is_object()) {
    return std::nullopt;
  }
  OrderedJson out = OrderedJson::object();
  for (const std::string_view path : kOpen) {
    if (const OrderedJson* value = at_path(said, path); value != nullptr && is_plain(*value)) {
      set_path(out, path, *value);
    }
  }
  const auto text = [&](std::string_view path) -> const std::string* {
    const OrderedJson* value = at_path(said, path);
    return value != nullptr ? value->get_ptr<const OrderedJson::string_t*>() : nullptr;
  };
  // A line bears a MAC address where the LAN's side opened the flow, and only there. Where it has none, the
  // client may be either end.
  const bool outbound = text("source.mac") != nullptr;
  // ECS: an `ip` holds nothing but addresses, an `address` may be anything: in the log, a pseudonym already.
  for (const std::string_view path : {"source.ip", "source.address", "destination.address"}) {
    if (const std::string* ip = text(path)) {
      set_path(out, path == "source.ip" ? "source.address" : path, of("ip", *ip));
    }
  }
  if (const std::string* ip = text("destination.ip")) {
    const bool open = outbound && is_public_address(*ip);
    set_path(out, open ? "destination.ip" : "destination.address", open ? *ip : of("ip", *ip));
  }
  if (const std::string* name = text("destination.domain")) {
    set_path(out, "destination.domain",
             outbound && is_public_name(*name) ? *name : of("name", *name) + ".invalid");
  }
  if (const std::string* mac = text("source.mac")) {
    set_path(out, "source.mac", of("mac", *mac));
  }
  if (const std::string* user = text("user.name")) {
    set_path(out, "user.name", of("user", *user));
  }
  // People name their machines after themselves.
  if (const std::string* machine = text("host.name")) {
    set_path(out, "host.name", of("host", *machine));
  }
  set_path(out, "sluice.pseudonyms", true);
  return out.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

}  // namespace sluice::control
