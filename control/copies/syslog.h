// control/copies: sends batches as syslog over TLS (RFC 5425).
#pragma once

#include <memory>

#include "control/copies/sender.h"
#include "control/policy/log_policy.h"

namespace sluice::control {

/// Syslog has no acknowledgements. A batch was sent when the other side's kernel has acknowledged every byte
/// of it; it counts as taken when the connection has stayed whole for limits.settle after that. stop: ends a
/// send early where it becomes true. host: ours, see syslog_host.
[[nodiscard]] std::unique_ptr<Sender> syslog_sender(const LogCopy& copy, const std::string& host,
                                                    const SendLimits& limits, const std::atomic<bool>& stop);

}  // namespace sluice::control
