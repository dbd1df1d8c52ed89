// control/page: HTML that no text from outside can become a part of.
#include "control/page/html.h"

#include "control/page/style.h"
#include "control/policy/utf8.h"

namespace sluice::control {
namespace {

void append_escaped(std::string& out, std::string_view text) {
  for (const char each : printable(text)) {
    switch (each) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += each;
    }
  }
}

}  // namespace

Html Html::of(std::string_view text) {
  Html out;
  append_escaped(out.markup_, text);
  return out;
}

Html Html::name(std::string_view text) {
  return element("bdi", of(text));
}

Html Html::trusted(std::string_view markup) {
  Html out;
  out.markup_ = markup;
  return out;
}

Html Html::words(std::string_view words, std::initializer_list<Html> pieces) {
  Html out;
  for (size_t at = 0; at < words.size();) {
    const size_t open = words.find('{', at);
    const bool whole = open != words.npos && open + 2 < words.size() && words[open + 2] == '}';
    const size_t index = whole ? static_cast<size_t>(words[open + 1] - '0') : pieces.size();
    if (open == words.npos || index >= pieces.size()) {
      const size_t end = open == words.npos ? words.size() : open + 1;
      out += of(words.substr(at, end - at));
      at = end;
      continue;
    }
    out += of(words.substr(at, open - at));
    out += pieces.begin()[index];
    at = open + 3;
  }
  return out;
}

Html element(std::string_view tag, const Html& content) {
  const std::string_view name = tag.substr(0, tag.find(' '));
  return Html::trusted("<" + std::string(tag) + ">" + content.markup() + "</" + std::string(name) + ">");
}

Html html_table(const std::vector<HtmlColumn>& columns, const HtmlRows& rows, const Html& empty) {
  if (rows.empty()) {
    return element("p class=\"none\"", empty);
  }
  const auto cell_tag = [&](const char* tag, size_t column) {
    return std::string(tag) + (columns[column].number ? " class=\"n\"" : "");
  };
  Html head, body;
  for (size_t i = 0; i < columns.size(); ++i) {
    head += element(cell_tag("th", i), columns[i].head);
  }
  for (const std::vector<Html>& row : rows) {
    Html cells;
    for (size_t i = 0; i < columns.size(); ++i) {
      cells += element(cell_tag("td", i), row[i]);
    }
    body += element("tr", cells) + Html::trusted("\n");
  }
  return element("table", element("thead", element("tr", head)) + element("tbody", body)) +
         Html::trusted("\n");
}

Html html_facts(const std::vector<std::pair<Html, Html>>& facts) {
  Html out;
  for (const auto& [label, said] : facts) {
    out += element("dt", label) + element("dd", said);
  }
  return element("dl", out) + Html::trusted("\n");
}

Html html_list(const std::vector<Html>& items) {
  Html out;
  for (const Html& each : items) {
    out += element("li", each);
  }
  return items.empty() ? Html() : element("ul", out) + Html::trusted("\n");
}

Html html_section(const Html& heading, const Html& content) {
  return element("section", element("h2", heading) + Html::trusted("\n") + content) + Html::trusted("\n");
}

std::string html_page(const PageFrame& frame, const Html& content) {
  const auto language = static_cast<size_t>(frame.language);
  const Html header = element("p class=\"eyebrow\"", frame.eyebrow) + element("h1", frame.heading) +
                      element("p class=\"subtitle\"", frame.subtitle);
  const Html head = Html::trusted(
                        "<meta charset=\"utf-8\">\n"
                        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                        // Nothing is loaded from anywhere, whatever a browser may be talked into.
                        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                        "style-src 'unsafe-inline'\">\n") +
                    element("title", Html::of(frame.title)) + Html::trusted("\n") +
                    element("style", Html::trusted(kPageStyle));
  const Html body = element("header", header) + Html::trusted("\n") + element("main", content) +
                    Html::trusted("\n") + element("footer", frame.footer);
  return "<!DOCTYPE html>\n<html lang=\"" + std::string(kLanguageTags[language]) + "\">\n" +
         element("head", head).markup() + "\n" + element("body", body).markup() + "\n</html>\n";
}

}  // namespace sluice::control
