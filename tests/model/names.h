// tests: model: random names, addresses and prefixes out of small alphabets, so that they collide.
#pragma once

#include <string>

#include "tests/model/chance.h"
#include "tests/model/world.h"

namespace sluice::model {

/// In lower case, without a final dot.
std::string random_name(Chance& chance);
/// As a list has it: `name`, `=name` or `*.name`, in any case, at times with a final dot.
std::string random_entry(Chance& chance);
/// As `to` has it: with a dot or an equals sign.
std::string random_literal(Chance& chance);
Pattern random_pattern(Chance& chance);

std::string random_address(Chance& chance);
std::string random_prefix(Chance& chance);
int random_port(Chance& chance);

/// The first and the last address of a prefix, and their neighbours outside.
Words borders_of(const std::string& prefix);

}  // namespace sluice::model
