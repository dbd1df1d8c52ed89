// tests: reads a frame back, independently of the gateway's own decoder.
#pragma once

#include <string>

#include "tests/support/frame.h"

namespace sluice::test {

/// What stands in a frame. Fields of layers that are not there stay as they are here.
struct Wire {
  Mac from{}, to{};
  std::vector<uint16_t> vlans;  ///< outermost first
  uint16_t ethertype = 0;
  bool ip = false;
  std::string source, destination;
  uint8_t hops = 0, protocol = 0;
  uint16_t ip_id = 0, ip_flags = 0;  ///< IPv4: id; flags and fragment offset
  uint32_t flow_label = 0;
  size_t ip_size = 0;  ///< bytes of the IP packet by its own length
  uint16_t source_port = 0, destination_port = 0;
  uint32_t seq = 0, ack = 0;
  uint8_t flags = 0;
  uint16_t window = 0;
  uint8_t icmp_type = 0, icmp_code = 0;
  uint32_t icmp_rest = 0;
  Bytes payload;
  bool ip_checksum_right = false, l4_checksum_right = false;
};

/// Ends in a Wire with ip false where frame holds no whole IP packet. Extension headers are not walked.
Wire read_wire(const Bytes& frame);

}  // namespace sluice::test
