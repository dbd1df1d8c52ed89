// replay: frames of other link layers become Ethernet, so that one pipeline takes them all.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace sluice::replay {

/// True where frames of this LINKTYPE (or, where it differs, Linux' DLT) can be replayed.
[[nodiscard]] bool link_is_known(uint32_t link);

/// "IEEE802_11 (105)": the type's name as libpcap has it, and its number.
[[nodiscard]] std::string link_name(uint32_t link);

/// Writes frame to out as an Ethernet frame; a header that is made has zeros for addresses.
/// link: one that is known. frame: as captured, cut anywhere. Returns false, and out is empty, where the
/// frame is too short for its link header or carries nothing that Ethernet has an ethertype for. Source:
/// tcpdump.org's list of link-layer header types.
bool to_ethernet(uint32_t link, std::span<const uint8_t> frame, std::vector<uint8_t>& out);

/// Gives an IP packet the length that is there, and a UDP datagram in it too, where its own is 0, as before
/// segmentation offload, or reaches beyond the frame, as in a frame that the capture cut short: so that what
/// was captured is read. frame: Ethernet, tagged or not; anything else stays as it is.
void mend_lengths(std::vector<uint8_t>& frame);

}  // namespace sluice::replay
