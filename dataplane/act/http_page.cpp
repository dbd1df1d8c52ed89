// act: the page that a blocked HTTP request gets.
#include <algorithm>
#include <charconv>
#include <cstring>

#include "dataplane/act/maker.h"

namespace sluice {
namespace {

constexpr std::string_view kHead =
    "HTTP/1.1 403 Forbidden\r\nContent-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\n"
    "Connection: close\r\nContent-Length: ";
constexpr std::string_view kHeadEnd = "\r\n\r\n";
constexpr std::string_view kOpen =
    "<!doctype html><html lang=en><meta charset=utf-8><title>Blocked / 已阻止</title>"
    "<body style=\"font:16px sans-serif;margin:3em\"><h1>Blocked / 已阻止</h1>"
    "<p>The company's line is for office work only.<br>公司专线仅供内部办公使用。<p>";
constexpr std::string_view kRule = "<p>Rule / 规则: ", kMessage = "<p>",
                           kReference = "<br>Reference / 编号: ", kContact = "<br>Contact / 联系人: ",
                           kEnd = "</html>\n";
constexpr size_t kMaxLengthDigits = 4;
// Bytes after escaping: together with the fixed text they fit one segment.
constexpr size_t kMaxHost = 260, kMaxRule = 120, kMaxReference = 64, kMaxContact = 120;
static_assert(kHead.size() + kMaxLengthDigits + kHeadEnd.size() + kOpen.size() + kMaxHost + kMessage.size() +
                  kMaxMessage + kRule.size() + kMaxRule + kReference.size() + kMaxReference +
                  kContact.size() + kMaxContact + kEnd.size() <=
              kMaxPage);

class Text {
 public:
  explicit Text(char* at) : start_(at), at_(at) {}
  void add(std::string_view text) {
    copy(at_, text.data(), text.size());
    at_ += text.size();
  }
  /// At most max_bytes, cut between characters; what HTML would read as markup is escaped.
  void add_escaped(std::string_view text, size_t max_bytes) {
    for (size_t at = 0; at < text.size();) {
      const size_t size = std::min(character_size(text[at]), text.size() - at);
      const std::string_view shown = escaped(text.substr(at, size));
      if (shown.size() > max_bytes) return;
      add(shown);
      max_bytes -= shown.size();
      at += size;
    }
  }
  size_t size() const { return static_cast<size_t>(at_ - start_); }

 private:
  static size_t character_size(char first) {
    const auto byte = static_cast<uint8_t>(first);
    return byte < 0xc0 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
  }
  static std::string_view escaped(std::string_view character) {
    switch (character[0]) {
      case '<':
        return "&lt;";
      case '>':
        return "&gt;";
      case '&':
        return "&amp;";
      case '"':
        return "&quot;";
      case '\'':
        return "&#39;";
      default:
        return static_cast<uint8_t>(character[0]) < 0x20 ? " " : character;
    }
  }
  char* start_;
  char* at_;
};

}  // namespace

size_t write_page(std::span<char, kMaxPage> out, const Refusal& refusal) {
  char body_bytes[kMaxPage];
  Text body(body_bytes);
  body.add(kOpen);
  body.add_escaped(refusal.host, kMaxHost);
  if (!refusal.page_message.empty()) {
    body.add(kMessage);
    body.add_escaped(refusal.page_message, kMaxMessage);
  }
  body.add(kRule);
  body.add_escaped(refusal.rule, kMaxRule);
  body.add(kReference);
  body.add_escaped(refusal.reference, kMaxReference);
  if (!refusal.contact.empty()) {
    body.add(kContact);
    body.add_escaped(refusal.contact, kMaxContact);
  }
  body.add(kEnd);
  char digits[kMaxLengthDigits];
  const auto length = std::to_chars(digits, digits + sizeof digits, body.size());
  Text page(out.data());
  page.add(kHead);
  page.add({digits, length.ptr});
  page.add(kHeadEnd);
  page.add({body_bytes, body.size()});
  return page.size();
}

}  // namespace sluice
