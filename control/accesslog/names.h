// accesslog: the names that a policy image gives to rules, lists, networks and its site.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "control/base/sha256.h"
#include "dataplane/contract/image.h"

namespace sluice::control {

/// Copies of an image's names, found by the indexes that records carry. Immutable, so any number of threads
/// may ask.
class ImageNames {
 public:
  /// No names at all, for records that no image decided. site: what stands as observer.name; may be empty.
  static ImageNames only_site(std::string_view site);

  /// image: compiled by this process, or read back and found intact (see image_intact); still, no offset in
  /// it is followed beyond its end. Returns nothing where its header, its sections or a name does not fit.
  [[nodiscard]] static std::optional<ImageNames> read(std::span<const std::byte> image);

  uint32_t generation() const { return generation_; }
  std::string_view site() const { return site_; }
  /// The socket on which resolvers tell what they answered; may be empty.
  std::string_view dnstap() const { return dnstap_; }
  /// All of them; of rules also exceptions and tunnels.
  const std::vector<std::string>& rules() const { return rules_; }
  const std::vector<std::string>& networks() const { return networks_; }
  /// Each is empty for kNone16 and for an index outside.
  std::string_view rule(uint16_t index) const { return at(rules_, index); }
  std::string_view list(uint16_t index) const { return at(lists_, index); }
  std::string_view network(uint16_t index) const { return at(networks_, index); }
  /// Whether many people are behind each address of the network.
  bool is_shared(uint16_t index) const { return index < shared_.size() && shared_[index]; }

 private:
  static std::string_view at(const std::vector<std::string>& names, uint16_t index) {
    return index < names.size() ? std::string_view(names[index]) : std::string_view();
  }

  uint32_t generation_ = 0;
  std::string site_, dnstap_;
  std::vector<std::string> rules_, lists_, networks_;
  std::vector<bool> shared_;  ///< by network
};

/// The image without its large tables: what `ImageNames::read` needs, of no generation, so that policies that
/// name things alike have the same one. Nothing where a section does not fit.
[[nodiscard]] std::optional<std::vector<std::byte>> names_image(std::span<const std::byte> image);

/// True where image is a whole one of this version: magic, version, size and its own SHA-256 agree.
[[nodiscard]] bool image_intact(std::span<const std::byte> image);

/// The SHA-256 of an image as its header has to say it: of all bytes, with the field itself zeroed.
/// image: at least a header.
[[nodiscard]] Sha256Bytes image_sha256(std::span<const std::byte> image);

/// Where an image's own checksum stands in it, as 64 hexadecimal digits. image: at least a header.
[[nodiscard]] std::string image_sha256_text(std::span<const std::byte> image);

}  // namespace sluice::control
