// tests: model: what the gateway's own code makes of the same policy.
#include "tests/model/enforced.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <map>
#include <stdexcept>

namespace sluice::model {
namespace {

Address address_of(const std::string& text) {
  uint8_t bytes[16];
  if (inet_pton(AF_INET, text.c_str(), bytes) == 1) return Address::from_v4(bytes);
  if (inet_pton(AF_INET6, text.c_str(), bytes) == 1) return Address::from_v6(bytes);
  throw std::logic_error("no address: " + text);
}

template <typename Words>
size_t index_of(const Words& words, const std::string& word) {
  const auto found = std::ranges::find(words, word);
  if (found == std::end(words)) throw std::logic_error("no such word: " + word);
  return static_cast<size_t>(found - std::begin(words));
}

uint8_t transport_of(const std::string& word) {
  return word == "tcp" ? IPPROTO_TCP : word == "udp" ? IPPROTO_UDP : IPPROTO_ICMP;
}

Seen seen_of(const Question& question) {
  if (question.name.empty()) return Seen::Nothing;
  if (!question.situation.empty()) return Seen::Binding;
  if (question.asked_of_proxy || question.protocol == "h2c") return Seen::Authority;
  return question.protocol == "http" ? Seen::Host : question.protocol == "dns" ? Seen::Question : Seen::Sni;
}

Condition condition_of(PassedOver why) {
  switch (why) {
    case PassedOver::Matched:
    case PassedOver::From:
      return Condition::From;
    case PassedOver::To:
      return Condition::To;
    case PassedOver::Direction:
      return Condition::Direction;
    case PassedOver::Protocol:
      return Condition::Protocol;
    case PassedOver::Port:
      return Condition::Port;
    case PassedOver::Schedule:
    case PassedOver::Expired:
      return Condition::Time;
  }
  throw std::logic_error("no such condition");
}

}  // namespace

Enforced::Enforced(const PolicyFiles& files, std::string& refused) {
  std::vector<control::SourceText> texts;
  for (const auto& [name, text] : files.yaml) texts.push_back({name, text});
  const control::ReadListFile read = [&](const std::string& path, std::string& text, std::string&) {
    text = files.lists.at(path.substr(path.find("lists/")));
    return true;
  };
  control::Compiled compiled = control::compile_texts(
      texts, "policy", read, 1, {.now = std::chrono::sys_seconds(std::chrono::seconds(kNow))});
  for (const control::Diagnostic& diagnostic : compiled.diagnostics)
    if (diagnostic.severity == control::Severity::Error) refused += control::to_string(diagnostic) + "\n";
  if (!compiled.policy) return;
  compiled_ = std::move(*compiled.policy);
  ImageError error = ImageError::None;
  policy_ = Policy::open(compiled_.image(), error);
  if (!policy_ || !policy_->make_scratch(scratch_)) {
    refused = "the image is refused: " + std::string(text_of(error));
    return;
  }
  room_.resize(policy_->rule_count());
}

bool Enforced::is_covered(const std::string& rule) const {
  return std::ranges::find(compiled_.covered, rule, &control::CoveredRule::rule) != compiled_.covered.end();
}

Decision Enforced::decide(const Question& question, std::vector<Step>* steps) {
  Subject subject;
  subject.local = address_of(question.local);
  subject.remote = address_of(question.remote);
  subject.direction = question.inbound ? Direction::Inbound : Direction::Outbound;
  subject.line = question.line.empty() ? kAnyLine : policy_->line_of(question.line);
  subject.vlan = question.vlan ? static_cast<uint16_t>(*question.vlan) : kNoVlan;
  subject.transport = transport_of(question.transport);
  subject.service_port = static_cast<uint16_t>(question.port);
  subject.protocol = static_cast<Protocol>(index_of(kProtocolWords, question.protocol));
  subject.seen = seen_of(question);
  subject.name = question.name;
  subject.unidentified = !question.situation.empty();
  if (subject.unidentified)
    subject.situation = static_cast<Situation>(index_of(kReasonWords, question.situation) -
                                               static_cast<size_t>(Reason::NoName));
  subject.resolver_question = question.for_somebody;
  subject.mismatch = question.mismatch;
  subject.in_grace = question.in_grace;

  policy_->advance(scratch_, question.at);
  Trace trace{.steps = room_};
  const Verdict verdict = policy_->judge(subject, scratch_, steps == nullptr ? nullptr : &trace);
  if (steps != nullptr) {
    for (const TraceStep& step : trace.steps.first(trace.count))
      steps->push_back({std::string(policy_->rule_name(step.rule)), step.why == PassedOver::Matched,
                        condition_of(step.why)});
  }
  Decision out;
  out.action = word_of(verdict.action);
  if (verdict.action == Action::Observed) out.would = word_of(verdict.would);
  out.reason = word_of(verdict.reason);
  out.rule = policy_->rule_name(verdict.rule);
  out.list = policy_->list_name(verdict.list);
  out.network = policy_->network_name(verdict.network);
  out.silent = verdict.silent && verdict.action == Action::Blocked;
  out.opens = verdict.opens;
  return out;
}

}  // namespace sluice::model
