// fuzz: small edits of a text that was right.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace sluice::test {

/// text after the edits that data says, each of four bytes: what to do, where (two bytes), and a byte or a
/// length. What is left of data behind the last whole edit is not looked at.
inline std::string edited(std::string text, const uint8_t* data, size_t size) {
  for (size_t at = 0; at + 4 <= size; at += 4) {
    const size_t place = (size_t{data[at + 1]} << 8 | data[at + 2]) % (text.size() + 1);
    const auto more = static_cast<char>(data[at + 3]);
    switch (data[at] % 5) {
      case 0:
        if (place < text.size()) text[place] = more;
        break;
      case 1:
        text.insert(place, 1, more);
        break;
      case 2:
        text.erase(place, data[at + 3]);
        break;
      case 3:  // a line once more, or a part of one
        text.insert(place, text.substr(place, size_t{data[at + 3]} * 4));
        break;
      default:
        text.resize(place);
        break;
    }
  }
  return text;
}

}  // namespace sluice::test
