// control/copies: sends batches to ClickHouse's HTTPS interface.
#pragma once

#include <memory>

#include "control/copies/sender.h"
#include "control/policy/log_policy.h"

namespace sluice::control {

/// The table that deploy/clickhouse makes.
inline constexpr std::string_view kCopyTable = "access_log";

/// One INSERT a batch. An answer counts only where ClickHouse gave it, and where it says that all is stored.
/// stop: ends a send early where it becomes true.
[[nodiscard]] std::unique_ptr<Sender> clickhouse_sender(const LogCopy& copy, const SendLimits& limits,
                                                        const std::atomic<bool>& stop);

}  // namespace sluice::control
