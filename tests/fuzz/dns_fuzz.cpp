// tests: parse_dns and DnsAnswers take any bytes, keep to their bounds and end.
#include "dataplane/extract/dns.h"

#include "tests/support/feed.h"

using namespace sluice;

static void expect(bool holds) {
  if (!holds) std::abort();
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const test::ExactCopy message({data, size});
  (void)is_dns_question(message);
  DnsMessage parsed;
  const Extract result = parse_dns(message, parsed);
  if (result != Extract::Name && result != Extract::NoName) {
    expect(result == Extract::NotMine || result == Extract::Malformed);
    return 0;
  }
  expect(parsed.question_count <= kMaxDnsQuestions && parsed.answer_count <= kMaxDnsRecords);
  expect(parsed.questions_end <= size && (parsed.question_count > 0) == (result == Extract::Name));
  for (size_t i = 0; i < parsed.question_count; ++i)
    expect(parsed.questions[i].name.view().size() <= kMaxName);
  DnsAnswers answers(message, parsed);
  DnsAnswer answer;
  size_t given = 0;
  Extract next;
  while ((next = answers.next(answer)) == Extract::Name) {
    ++given;
    expect(answer.owner.view().size() <= kMaxName && answer.target.view().size() <= kMaxName);
  }
  expect(given <= parsed.answer_count && (next != Extract::Complete || given == parsed.answer_count));
  return 0;
}
