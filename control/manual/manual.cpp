// control/manual: the access manual and the notice.
#include "control/manual/manual.h"

#include <algorithm>

#include "control/base/number_text.h"
#include "control/manual/plain_words.h"
#include "control/report/incidents.h"
#include "control/report/page_parts.h"
#include "control/review/month.h"

namespace sluice::control {
namespace {

using enum ManualText;
constexpr uint64_t kSecondsADay = 86'400;
constexpr size_t kNoticeNetworks = 6;  ///< that the notice names; it is to be one page

Html paragraph(const Html& text) {
  return element("p", text);
}

class ManualMaker {
 public:
  ManualMaker(const ManualPolicy& policy, Language language)
      : policy_(policy), source_(*policy.source), say_{language}, plain_(source_, say_) {}

  PageFrame frame(ManualText title) const {
    const Html site = Html::name(source_.site ? source_.site->text : "");
    return {.language = say_.language,
            .title = std::string(say_.text(title)) + (source_.site ? " – " + source_.site->text : ""),
            .eyebrow = say_(Eyebrow, {site}),
            .heading = say_(title),
            .subtitle = made_from(),
            .footer = say_(Footer, {html_code(policy_.sha256)})};
  }

  Html purpose() const {
    Html out = paragraph(say_(PurposeSaid));
    std::vector<Html> offices;
    for (const OfficeSource& each : source_.offices) {
      offices.push_back(
          Html::name(each.name.text) +
          (each.entity.empty() ? Html() : Html::of(" (") + Html::name(each.entity) + Html::of(")")));
    }
    if (!offices.empty()) {
      out += paragraph(say_(OfficesSaid, {plain_.joined(offices)}));
    }
    if (source_.observe) {
      out += html_box(false, say_(ObserveOnly));
    }
    return html_section(say_(PurposeHeading), out);
  }

  Html access() const {
    Html out = paragraph(say_(AccessLead));
    for (const NetworkSource& network : source_.networks) {
      out += element("h3", say_(NetworkHead, {Html::name(network.name.text)}));
      out += paragraph(plain_.fallback(network));
      if (!network.line) {
        continue;
      }
      const std::vector<Html> rules = plain_.rules(network);
      out += rules.empty() ? element("p class=\"none\"", say_(RulesNone)) : html_list(rules);
      if (const size_t count = plain_.exceptions(network); count != 0) {
        out += element("p class=\"note\"", say_(NetworkExceptions, {html_number(count)}));
      }
    }
    return html_section(say_(AccessHeading), out);
  }

  Html general() const {
    return html_section(
        say_(GeneralHeading),
        html_list({say_(GeneralRegistered), say_(GeneralTunnels, {html_number(source_.tunnels.size())}),
                   say_(GeneralHidden, {plain_.setting(Situation::Ech), plain_.setting(Situation::NoName)}),
                   say_(GeneralBlocked), say_(GeneralContent)}));
  }

  Html record() const {
    Html out = paragraph(say_(RecordLead)) +
               html_list({say_(RecordWho), say_(RecordWhen), say_(RecordWhat), say_(RecordHow),
                          say_(RecordVerdict)}) +
               paragraph(element("b", say_(RecordNever)));
    if (!source_.users.empty()) {
      out += paragraph(say_(RecordUsers, {html_number(source_.users.size())}));
    }
    if (const uint32_t fold_s = source_.log.said.fold_s; fold_s != 0) {
      out += paragraph(say_(RecordFold, {html_number(fold_s)}));
    }
    return html_section(say_(RecordHeading), out);
  }

  Html keeping() const {
    const LogPolicy& log = source_.log.said;
    Html out = paragraph(say_(KeepSaid, {html_number(log.keep_s / kSecondsADay), Html::name(log.country)})) +
               paragraph(say_(KeepReaders)) + paragraph(say_(KeepSubject));
    std::vector<Html> copies;
    for (const LogCopySource& each : source_.log.copies) {
      const LogCopy& copy = each.copy;
      copies.push_back(say_(gets_pseudonyms(log, copy) ? KeepCopyPseudonyms
                            : copy.basis.empty()       ? KeepCopyNames
                                                       : KeepCopyBasis,
                            {Html::name(copy.recipient), Html::name(copy.country), Html::name(copy.basis)}));
    }
    out += copies.empty() ? paragraph(say_(KeepNoCopies)) : paragraph(say_(KeepCopies)) + html_list(copies);
    if (log.witness.kind != LogWitness::Kind::None) {
      out += paragraph(say_(KeepWitness));
    }
    return html_section(say_(KeepHeading), out);
  }

  Html violations() const {
    const Html rules = plain_.violation_rules();
    return html_section(
        say_(ViolationHeading),
        paragraph(rules.empty() ? say_(ViolationNone)
                                : say_(ViolationSaid,
                                       {rules, html_number(static_cast<uint64_t>(kIncidentQuiet.count()))})));
  }

  Html ask() const { return html_section(say_(AskHeading), asked()); }

  Html line() const {
    Html out;
    const auto today = LocalClock(policy_.zone).at(policy_.made_ns).day;
    for (const LineSource& each : source_.lines) {
      out += element("h3", Html::name(each.name.text)) + line_facts(each, today, ReportWords{say_.language});
    }
    return html_section(say_(LineHeading), out.empty() ? element("p class=\"none\"", say_(LineNone)) : out);
  }

  Html notice() const {
    std::vector<Html> networks;
    for (const NetworkSource& each : source_.networks) {
      if (networks.size() >= kNoticeNetworks) {
        networks.push_back(say_(RuleMore, {html_number(source_.networks.size() - kNoticeNetworks)}));
        break;
      }
      const bool closed = plain_.is_closed(each);
      const Html listed = plain_.named_by(closed ? RuleAction::Allow : RuleAction::Block, each);
      networks.push_back(say_(NoticeNetwork, {element("b", Html::name(each.name.text)),
                                              listed.empty() ? plain_.fallback(each)
                                                             : say_(closed ? NoticeOpen : NoticeBlocked,
                                                                    {plain_.fallback(each), listed})}));
    }
    Html out = paragraph(say_(PurposeSaid));
    if (source_.observe) {
      out += html_box(false, say_(ObserveOnly));
    }
    out += html_section(say_(NoticeRules),
                        html_list(networks) + paragraph(say_(GeneralRegistered)) +
                            paragraph(say_(GeneralTunnels, {html_number(source_.tunnels.size())})));
    out += html_section(say_(RecordHeading),
                        paragraph(say_(NoticeRecord, {html_number(source_.log.said.keep_s / kSecondsADay)})) +
                            paragraph(say_(KeepReaders)) + paragraph(say_(KeepSubject)));
    return out + html_section(say_(AskHeading), asked() + paragraph(say_(NoticeManual)));
  }

 private:
  Html asked() const {
    return source_.contact ? paragraph(say_(AskSaid, {element("b", Html::name(source_.contact->text))}))
                           : html_box(false, say_(AskNobody));
  }
  Html made_from() const {
    const auto time = [&](int64_t time_ns) { return Html::of(local_minute(time_ns, policy_.zone)); };
    const Html zone = Html::name(source_.timezone ? source_.timezone->text : "UTC");
    return policy_.directory.empty()
               ? say_(MadeFromRunning, {Html::of(std::to_string(policy_.generation)), time(policy_.since_ns),
                                        time(policy_.made_ns), zone})
               : say_(MadeFromDirectory, {Html::name(policy_.directory), time(policy_.made_ns), zone});
  }

  const ManualPolicy& policy_;
  const PolicySource& source_;
  const ManualWords say_;
  const PlainWords plain_;
};

}  // namespace

std::string manual_page(const ManualPolicy& policy, Language language) {
  const ManualMaker maker(policy, language);
  return html_page(maker.frame(ManualTitle), maker.purpose() + maker.access() + maker.general() +
                                                 maker.record() + maker.keeping() + maker.violations() +
                                                 maker.ask() + maker.line());
}

std::string notice_page(const ManualPolicy& policy, Language language) {
  const ManualMaker maker(policy, language);
  return html_page(maker.frame(NoticeTitle), maker.notice());
}

}  // namespace sluice::control
