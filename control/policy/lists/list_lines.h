// control/policy: walks through a list file, takes its entries, and counts what was not understood.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "control/policy/lists/list_reader.h"

namespace sluice::control {

/// What a reader of one format sees of the file, and where it puts what it reads. Views are into the text.
class ListLines {
 public:
  static constexpr std::string_view kBlank = " \t\r\v\f";

  ListLines(ListText& text, uint32_t file, Report& report, ListTaker& taker)
      : text_(text), file_(file), report_(report), taker_(taker) {}

  /// Goes to the next line. Returns false at the end of the file.
  bool next_line();
  std::string_view line() const { return line_; }  ///< without the blanks around it
  std::string_view text() const { return text_.text; }
  bool indented() const { return line_.data() != text_.text.data() + line_start_; }
  /// Forgets what stands in the line from here on.
  void cut_line(size_t at) { line_ = line_.substr(0, at); }
  /// Cuts the next word off the line; empty at its end.
  std::string_view next_word();

  /// word: a view into the text, with `=` or `*.` before it, or stars in it.
  bool take_name(std::string_view word);
  /// word: the same, and its scope is said otherwise.
  bool take_name(std::string_view word, NameScope scope);
  /// A name that the file's other entries are not to cover.
  bool take_exception(std::string_view word, NameScope scope);
  /// A name that does not stand in the text as it is.
  std::string_view keep(std::string name);
  void take_prefix(const Prefix& prefix, std::string_view word);
  void begin_ports(std::span<const PortRange> ports) { taker_.begin_ports(ports); }

  /// Leaves word out. what: a predicate, the kind by which the rest is counted; both live for ever.
  /// detail may say more of this word.
  void leave_out(std::string_view word, std::string_view what, std::string_view instead,
                 std::string_view detail = {});
  /// Takes word, with doubts.
  void doubt(std::string_view word, std::string_view what, std::string instead);
  /// The file cannot be read on. where: a view into the text, or nothing for the whole file.
  void fail(std::string what, std::string instead, std::string_view where = {});
  /// Something that such files have and that does not concern names. what lives for ever, as `a cosmetic
  /// rule`.
  void pass_over(std::string_view what) { count(passed_over_, what); }

  size_t taken() const { return taken_; }
  size_t left_out() const { return left_out_; }
  bool failed() const { return failed_; }
  /// Reports what was only counted.
  void summarise();

 private:
  using Kinds = std::vector<std::pair<std::string_view, size_t>>;
  static void count(Kinds& kinds, std::string_view what);
  static std::string list_of(const Kinds& kinds);
  enum class As : uint8_t {
    Name,
    Exception
  };
  Position position_of(std::string_view word) const;
  bool take(std::string_view word, NameScope scope, As as);
  bool take_written(std::string_view word, NameScope scope, As as);
  void give(std::string_view name, NameScope scope, As as);

  ListText& text_;
  uint32_t file_;
  Report& report_;
  ListTaker& taker_;
  std::string_view line_;
  size_t next_at_ = 0;  ///< of the next line
  size_t line_start_ = 0;
  int number_ = 0;
  size_t taken_ = 0, left_out_ = 0, warnings_ = 0, patterns_ = 0, prefixes_ = 0;
  bool failed_ = false;
  Kinds left_out_kinds_, passed_over_;
};

}  // namespace sluice::control
