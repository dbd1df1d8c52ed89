// control/dnstap: takes Frame Streams apart; libfstrm reads and writes the control frames.
#include "control/dnstap/frame_stream.h"

#include <fstrm.h>

#include <memory>
#include <string_view>

namespace sluice::control {
namespace {

constexpr std::string_view kContentType = "protobuf:dnstap.Dnstap";
constexpr size_t kLengthBytes = 4;

using Control = std::unique_ptr<fstrm_control, void (*)(fstrm_control*)>;

Control make_control() {
  return {fstrm_control_init(), [](fstrm_control* control) { fstrm_control_destroy(&control); }};
}

const uint8_t* content_type() {
  return reinterpret_cast<const uint8_t*>(kContentType.data());
}

size_t length_at(std::span<const uint8_t> bytes) {
  return size_t{bytes[0]} << 24 | size_t{bytes[1]} << 16 | size_t{bytes[2]} << 8 | bytes[3];
}

/// A control frame with its escape and its length.
std::string control_frame(fstrm_control_type type) {
  const Control control = make_control();
  uint8_t bytes[FSTRM_CONTROL_FRAME_LENGTH_MAX];
  size_t size = sizeof bytes;
  fstrm_control_set_type(control.get(), type);
  if (type == FSTRM_CONTROL_ACCEPT)
    fstrm_control_add_field_content_type(control.get(), content_type(), kContentType.size());
  if (fstrm_control_encode(control.get(), bytes, &size, FSTRM_CONTROL_FLAG_WITH_HEADER) != fstrm_res_success)
    return {};
  return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace

std::string FrameStream::take(std::span<const uint8_t> bytes, const Frame& frame, std::string& reply) {
  kept_.insert(kept_.end(), bytes.begin(), bytes.end());
  std::span<const uint8_t> rest = kept_;
  std::string error;
  while (error.empty() && rest.size() >= kLengthBytes) {
    size_t size = length_at(rest);
    const bool control = size == 0;
    const size_t header = control ? 2 * kLengthBytes : kLengthBytes;
    if (rest.size() < header) break;
    if (control) size = length_at(rest.subspan(kLengthBytes));
    if (size > (control ? size_t{FSTRM_CONTROL_FRAME_LENGTH_MAX} : kMaxFrame)) {
      error = "a frame of " + std::to_string(size) + " bytes";
      break;
    }
    if (rest.size() < header + size) break;
    const auto payload = rest.subspan(header, size);
    rest = rest.subspan(header + size);
    if (control) {
      error = take_control(payload, reply);
    } else if (state_ == State::Open) {
      frame(payload);
    } else {
      error = "a data frame before START or after STOP";
    }
  }
  kept_.erase(kept_.begin(), kept_.end() - static_cast<ptrdiff_t>(rest.size()));
  return error;
}

std::string FrameStream::take_control(std::span<const uint8_t> bytes, std::string& reply) {
  const Control control = make_control();
  fstrm_control_type type;
  if (fstrm_control_decode(control.get(), bytes.data(), bytes.size(), 0) != fstrm_res_success ||
      fstrm_control_get_type(control.get(), &type) != fstrm_res_success)
    return "a control frame that cannot be read";
  const bool opens = type == FSTRM_CONTROL_READY || type == FSTRM_CONTROL_START;
  if (opens && fstrm_control_match_field_content_type(control.get(), content_type(), kContentType.size()) !=
                   fstrm_res_success)
    return "frames of another content than dnstap";
  if (type == FSTRM_CONTROL_READY && state_ == State::Opening) {
    both_ways_ = true;
    state_ = State::Accepted;
    reply += control_frame(FSTRM_CONTROL_ACCEPT);
  } else if (type == FSTRM_CONTROL_START && (state_ == State::Opening || state_ == State::Accepted)) {
    state_ = State::Open;
  } else if (type == FSTRM_CONTROL_STOP && state_ == State::Open) {
    state_ = State::Ended;
    if (both_ways_) reply += control_frame(FSTRM_CONTROL_FINISH);
  } else {
    return "a control frame of type " + std::to_string(type) + " out of turn";
  }
  return {};
}

}  // namespace sluice::control
