// control/policy: reads the files of a policy.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "control/policy/diagnostics.h"
#include "control/policy/policy_compiler.h"

namespace sluice::control {

/// Reads a regular file of at most limit bytes. Returns false and says why in error; never waits for a pipe.
bool read_file(const std::string& path, size_t limit, std::string& text, std::string& error);

/// Reads every *.yaml of a directory, in the order of their names; hidden files are passed over. Reports what
/// cannot be read at directory's place, which is file 0 of report. Returns false where there is nothing to be
/// compiled.
bool read_directory(const std::filesystem::path& directory, std::vector<SourceText>& texts, Report& report);

}  // namespace sluice::control
