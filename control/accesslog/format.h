// accesslog: one access as one line of JSON in Elastic Common Schema names, live and from replay alike.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "control/accesslog/names.h"
#include "control/base/utc.h"
#include "dataplane/contract/record.h"

namespace sluice::control {

/// Numbers of one worker's records, both included.
struct NumberRange {
  uint64_t first = 0, last = 0;
  bool operator==(const NumberRange&) const = default;
};

/// What a line says of the accesses that it stands for, see fold.h.
struct Folded {
  uint64_t count = 1;                ///< the line's own access included
  int64_t last_ns = 0;               ///< when the last of them was
  std::vector<NumberRange> numbers;  ///< of all but the line's own, ascending
};

/// What stands in a line in place of people.
struct RecordPseudonyms {
  std::string_view client;  ///< in place of the LAN side's address, which the line does not have then
  std::string_view mac;     ///< in place of its MAC address, where the record has one
};

/// What a line says that its record does not. Everything here outlives the call.
struct RecordContext {
  const ImageNames& names;                       ///< of the image of record.generation
  std::string_view line;                         ///< name of the pair; left out where empty
  std::string_view event_id;                     ///< see event_id
  std::string_view log_file_path;                ///< replay: the capture; left out where empty
  const Folded* folded = nullptr;                ///< of an access that stands for its repeats too
  std::string_view user = {};                    ///< who it was; any bytes; left out where empty
  std::string_view machine = {};                 ///< the name of their machine; the same
  const RecordPseudonyms* pseudonyms = nullptr;  ///< where the line is to have them
};

/// Appends one JSON object and a line feed. name: the record's name, any bytes; what is not UTF-8 is escaped
/// byte by byte, so the line is valid JSON whatever the names hold. Enumerators out of range become "?".
void append_record(std::string& out, const Record& record, std::string_view name,
                   const RecordContext& context);

/// The same as a string, without the line feed.
[[nodiscard]] std::string format_record(const Record& record, std::string_view name, const ImageNames& names,
                                        std::string_view line_name, std::string_view event_id,
                                        std::string_view log_file_path = {});

/// `<boot as 16 hexadecimal digits>-<worker>-<number>`: one access has one id, however often control
/// restarts.
[[nodiscard]] std::string event_id(uint64_t boot, uint32_t worker, uint64_t number);

/// Appends text as the inside of a JSON string (RFC 8259 7). Valid UTF-8 stays as it is, other bytes become
/// \u00XX.
void append_json_text(std::string& out, std::string_view text);

}  // namespace sluice::control
