// control/judge: a policy that answers questions with the code that enforces.
#include "control/judge/judge.h"

#include <utility>

#include "control/policy/policy_compiler.h"

namespace sluice::control {

std::string_view text_of(PassedOver why) {
  switch (why) {
    case PassedOver::Matched:
      return "matches";
    case PassedOver::From:
      return "from does not match";
    case PassedOver::To:
      return "to does not match";
    case PassedOver::Direction:
      return "is for the other direction";
    case PassedOver::Protocol:
      return "is for other protocols";
    case PassedOver::Port:
      return "is for other ports";
    case PassedOver::Schedule:
      return "does not hold at this time";
    case PassedOver::Expired:
      return "has expired";
  }
  return "?";
}

std::unique_ptr<Judge> Judge::of_directory(const std::filesystem::path& directory,
                                           const std::filesystem::path& feeds, Diagnostics& problems,
                                           std::string& error) {
  Compiled compiled = compile_policy(directory, 1, {.feeds = feeds});
  problems = std::move(compiled.diagnostics);
  if (!compiled.policy) {
    error = directory.string() + " is invalid";
    return nullptr;
  }
  auto memory = std::make_shared<AlignedImage>(std::move(compiled.policy->memory));
  const std::span<const std::byte> image = memory->bytes();
  auto out = of_image(image, std::move(memory), error);
  if (out) out->timezone_ = compiled.policy->timezone;
  return out;
}

std::unique_ptr<Judge> Judge::of_image(std::span<const std::byte> image, std::shared_ptr<const void> owner,
                                       std::string& error) {
  ImageError refused = ImageError::None;
  std::unique_ptr<Judge> out(new Judge);
  out->owner_ = std::move(owner);
  out->policy_ = Policy::open(image, refused);
  if (!out->policy_) {
    error = "the compiled image is refused: " + std::string(sluice::text_of(refused));
    return nullptr;
  }
  if (!out->policy_->make_scratch(out->scratch_)) {
    error = "no memory";
    return nullptr;
  }
  out->holding_ = out->policy_->holding(out->scratch_);
  return out;
}

bool Judge::knows(int64_t utc_s) const {
  return utc_s >= policy_->site().times_from && utc_s < policy_->site().times_until;
}

std::string_view Judge::line_of(const Question& question) const {
  if (!question.line.empty()) return question.line;
  return policy_->line_name(subject_of(question).line);
}

/// Never any line: that is for captures, where an unregistered client counts as registered.
Subject Judge::subject_of(const Question& question) const {
  Subject out;
  out.local = question.local;
  out.remote = question.remote;
  out.direction = question.direction;
  out.vlan = question.vlan;
  out.transport = question.transport;
  out.service_port = question.port;
  out.protocol = question.protocol;
  out.seen = question.seen;
  out.name = question.name;
  out.unidentified = question.unidentified;
  out.situation = question.situation;
  out.resolver_question = question.protocol == Protocol::Dns && question.seen == Seen::Question &&
                          policy_->is_resolver(question.local);
  out.rdp = question.rdp;
  out.mismatch = question.mismatch;
  out.in_grace = question.in_grace;
  if (!question.line.empty()) {
    out.line = policy_->line_of(question.line);
    return out;
  }
  const uint16_t network = policy_->network_of(question.local, question.vlan);
  const uint16_t line = network == kNone16 ? kNone16 : policy_->network_line(network);
  out.line = line != kNone16              ? static_cast<uint8_t>(line)
             : policy_->line_count() != 0 ? uint8_t{0}
                                          : kUnknownLine;
  return out;
}

Verdict Judge::judge(const Question& question, const Subject& subject, Trace* trace) {
  ++judged_;
  Verdict out = policy_->judge(subject, scratch_, trace);
  const uint16_t network = policy_->network_of(subject.local, subject.vlan);
  if (question.canary && policy_->answers_canaries(network)) policy_->refuse_canary(out);
  return out;
}

Answer Judge::answer_of(const Verdict& verdict) const {
  Answer out;
  out.verdict = verdict;
  if (verdict.rule != kNone16) {
    out.rule = policy_->rule_name(verdict.rule);
    out.owner = policy_->rule_text(verdict.rule, &RuleInfo::owner);
    out.ticket = policy_->rule_text(verdict.rule, &RuleInfo::ticket);
    out.expires_s = policy_->rule_expires(verdict.rule);
  }
  if (verdict.list != kNone16) out.list = policy_->list_name(verdict.list);
  if (verdict.network != kNone16) out.network = policy_->network_name(verdict.network);
  return out;
}

/// Addresses of one class are all the same to a policy.
void Judge::make_key(const Question& question, const Subject& subject) {
  struct Fixed {
    uint64_t holding;
    uint32_t local, remote;
    uint16_t vlan, port;
    uint8_t line, transport, direction, protocol, seen, situation, flags, unused[5] = {};
  };
  static_assert(std::has_unique_object_representations_v<Fixed>);
  const unsigned flags = (subject.unidentified ? 1U : 0U) | (subject.rdp ? 2U : 0U) |
                         (subject.mismatch ? 4U : 0U) | (subject.in_grace ? 8U : 0U) |
                         (question.canary ? 16U : 0U);
  const Fixed fixed{holding_,
                    policy_->address_class(subject.local),
                    policy_->address_class(subject.remote),
                    subject.vlan,
                    subject.service_port,
                    subject.line,
                    subject.transport,
                    static_cast<uint8_t>(subject.direction),
                    static_cast<uint8_t>(subject.protocol),
                    static_cast<uint8_t>(subject.seen),
                    static_cast<uint8_t>(subject.situation),
                    static_cast<uint8_t>(flags)};
  key_.assign(reinterpret_cast<const char*>(&fixed), sizeof fixed);
  key_ += subject.name;
}

Answer Judge::ask(const Question& question) {
  if (policy_->advance(scratch_, question.at_s)) holding_ = policy_->holding(scratch_);
  const Subject subject = subject_of(question);
  make_key(question, subject);
  auto found = kept_.find(key_);
  if (found == kept_.end()) {
    if (kept_.size() >= kMaxKept) kept_.clear();
    found = kept_.emplace(key_, judge(question, subject, nullptr)).first;
  }
  return answer_of(found->second);
}

Answer Judge::explain(const Question& question, std::vector<PassedRule>& passed) {
  if (policy_->advance(scratch_, question.at_s)) holding_ = policy_->holding(scratch_);
  std::vector<TraceStep> steps(policy_->rule_count());
  Trace trace{steps};
  const Answer out = answer_of(judge(question, subject_of(question), &trace));
  for (const TraceStep& step : trace.steps.first(trace.count)) {
    passed.push_back({policy_->rule_name(step.rule), policy_->rule_text(step.rule, &RuleInfo::owner),
                      policy_->rule_text(step.rule, &RuleInfo::ticket), policy_->rule_expires(step.rule),
                      step.why});
  }
  return out;
}

}  // namespace sluice::control
