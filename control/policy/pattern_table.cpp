// control/policy: checks and compiles regular expressions on host names.
#include "control/policy/pattern_table.h"

#include <hs/hs.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <string_view>

#include "control/policy/pattern_size.h"
#include "dataplane/contract/image.h"

namespace sluice::control {
namespace {

constexpr unsigned kFlags = HS_FLAG_CASELESS | HS_FLAG_SINGLEMATCH;
/// Whatever matches all of these matches every name.
constexpr std::string_view kProbes[] = {"q", "7", "-"};

struct FreeDatabase {
  void operator()(hs_database_t* database) const { hs_free_database(database); }
};
struct FreeScratch {
  void operator()(hs_scratch_t* scratch) const { hs_free_scratch(scratch); }
};
struct FreeError {
  void operator()(hs_compile_error_t* error) const { hs_free_compile_error(error); }
};
using Database = std::unique_ptr<hs_database_t, FreeDatabase>;
using Error = std::unique_ptr<hs_compile_error_t, FreeError>;

std::string message_of(const Error& error) {
  return error ? error->message : "no memory";
}

void refuse(const Word& pattern, const std::string& why, Report& report) {
  report.error(pattern.at, "the pattern " + in_quotes(pattern.text) + ' ' + why,
               "write a Hyperscan expression on the host name, as '(^|\\.)bet[0-9]+\\.'");
}

/// What Hyperscan can tell of an expression without compiling it.
bool check_expression(const Word& pattern, Report& report) {
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20; };
  if (pattern.text.empty() || std::ranges::any_of(pattern.text, control)) {
    refuse(pattern, "is empty or has a control character", report);
    return false;
  }
  if (pattern.text.size() > kMaxPatternBytes) {
    refuse(pattern, "is longer than " + std::to_string(kMaxPatternBytes) + " bytes", report);
    return false;
  }
  if (written_out_size(pattern.text) > kMaxPatternSize) {
    refuse(pattern,
           "grows beyond " + std::to_string(kMaxPatternSize) + " characters when its repeats are written out",
           report);
    return false;
  }
  hs_expr_info_t* info = nullptr;
  hs_compile_error_t* raw = nullptr;
  if (hs_expression_info(pattern.text.c_str(), kFlags, &info, &raw) != HS_SUCCESS) {
    refuse(pattern, "is refused by Hyperscan: " + message_of(Error(raw)), report);
    return false;
  }
  const bool empty = info->min_width == 0, too_long = info->min_width > kMaxName;
  std::free(info);
  if (empty) refuse(pattern, "matches the empty name, and so every name", report);
  if (too_long) refuse(pattern, "matches no name: it needs more than 253 bytes", report);
  return !empty && !too_long;
}

Database compile_all(const std::vector<const PatternSource*>& patterns, Error& error) {
  std::vector<const char*> texts;
  std::vector<unsigned> flags(patterns.size(), kFlags), ids(patterns.size());
  for (size_t i = 0; i < patterns.size(); ++i) {
    texts.push_back(patterns[i]->text.text.c_str());
    ids[i] = static_cast<unsigned>(i);
  }
  hs_database_t* database = nullptr;
  hs_compile_error_t* raw = nullptr;
  hs_compile_multi(texts.data(), flags.data(), ids.data(), static_cast<unsigned>(texts.size()), HS_MODE_BLOCK,
                   nullptr, &database, &raw);
  error.reset(raw);
  return Database(database);
}

/// Hyperscan fails as a whole: finds each expression that it cannot compile.
void report_culprits(const std::vector<const PatternSource*>& patterns, const Error& whole, Report& report) {
  bool found = false;
  for (const PatternSource* pattern : patterns) {
    Error error;
    if (compile_all({pattern}, error)) continue;
    refuse(pattern->text, "is refused by Hyperscan: " + message_of(error), report);
    found = true;
  }
  if (!found)
    refuse(patterns.front()->text, "and the others are refused together: " + message_of(whole), report);
}

void refuse_catch_alls(const std::vector<const PatternSource*>& patterns, const hs_database_t* database,
                       Report& report) {
  hs_scratch_t* raw = nullptr;
  if (hs_alloc_scratch(database, &raw) != HS_SUCCESS) throw std::bad_alloc();
  const std::unique_ptr<hs_scratch_t, FreeScratch> scratch(raw);
  std::vector<size_t> matches(patterns.size());
  const auto count = [](unsigned id, unsigned long long, unsigned long long, unsigned, void* context) {
    ++(*static_cast<std::vector<size_t>*>(context))[id];
    return 0;
  };
  for (const std::string_view probe : kProbes) {
    hs_scan(database, probe.data(), static_cast<unsigned>(probe.size()), 0, scratch.get(), count, &matches);
  }
  for (size_t i = 0; i < patterns.size(); ++i) {
    if (matches[i] == std::size(kProbes)) refuse(patterns[i]->text, "matches every name", report);
  }
}

}  // namespace

CompiledPatterns compile_patterns(const std::vector<PatternSource>& patterns, Report& report) {
  CompiledPatterns out;
  if (patterns.size() > kMaxPatterns) {
    report.error(patterns[kMaxPatterns].text.at, "more than " + std::to_string(kMaxPatterns) + " patterns",
                 "write plain names as `names` or `files`: they have no such limit");
    return out;
  }
  std::vector<const PatternSource*> good;
  for (const PatternSource& pattern : patterns) {
    if (check_expression(pattern.text, report)) good.push_back(&pattern);
  }
  if (good.empty()) return out;
  Error error;
  const Database database = compile_all(good, error);
  if (!database) {
    report_culprits(good, error, report);
    return out;
  }
  refuse_catch_alls(good, database.get(), report);
  char* bytes = nullptr;
  size_t size = 0;
  if (hs_serialize_database(database.get(), &bytes, &size) != HS_SUCCESS) throw std::bad_alloc();
  const auto* first = reinterpret_cast<const std::byte*>(bytes);
  out.database.assign(first, first + size);
  std::free(bytes);
  for (const PatternSource* pattern : good) out.lists.push_back(pattern->list);
  return out;
}

}  // namespace sluice::control
