// control/base: members of a JSON object that may be missing or of another type.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

namespace sluice::control {

/// Empty where there is no such text.
[[nodiscard]] inline std::string text_at(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// 0 where there is no such number, or a negative one or a fraction.
[[nodiscard]] inline uint64_t number_at(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_unsigned() ? found->get<uint64_t>() : 0;
}

/// Empty where there is no such object, or object is none itself.
[[nodiscard]] inline nlohmann::json object_at(const nlohmann::json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return found != object.end() && found->is_object() ? *found : nlohmann::json::object();
}

}  // namespace sluice::control
