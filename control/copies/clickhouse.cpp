// control/copies: an INSERT as one POST.
#include "control/copies/clickhouse.h"

#include <strings.h>

#include <algorithm>
#include <vector>

#include "control/base/curl_list.h"
#include "control/base/files.h"
#include "control/copies/rows.h"
#include "control/copies/transport.h"

namespace sluice::control {
namespace {

constexpr size_t kMaxPassword = 1024;
constexpr size_t kMaxAnswer = size_t{16} << 10;
constexpr size_t kMaxShown = 300;  ///< of what the server says is wrong
constexpr long kGood = 200;
/// A header of every answer of ClickHouse's, and of nobody else's.
constexpr std::string_view kProof = "X-ClickHouse-";

bool fits_header(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return static_cast<uint8_t>(c) < 0x20 || c == 0x7f; });
}

class ClickhouseSender : public Sender {
 public:
  ClickhouseSender(LogCopy copy, const SendLimits& limits, const std::atomic<bool>& stop)
      : copy_(std::move(copy)), transport_(copy_, limits, stop) {
    transport_.set(CURLOPT_LOW_SPEED_LIMIT, 1L);
    transport_.set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(limits.stall.count()));
    transport_.set(CURLOPT_URL, url().c_str());
    transport_.set(CURLOPT_POST, 1L);
    transport_.set(CURLOPT_WRITEFUNCTION, &ClickhouseSender::on_body);
    transport_.set(CURLOPT_WRITEDATA, this);
    transport_.set(CURLOPT_HEADERFUNCTION, &ClickhouseSender::on_header);
    transport_.set(CURLOPT_HEADERDATA, this);
  }

  SendResult send(const CopyBatch& batch) override {
    // The password is read each time: it may have been changed, and is not kept.
    CurlList headers = make_curl_list();
    if (std::string why = make_headers(headers); !why.empty()) {
      return {CopyFailure::Local, std::move(why)};
    }
    rows_.clear();
    for (std::string_view rest = batch.lines; !rest.empty();) {
      const size_t end = std::min(rest.find('\n'), rest.size() - 1);
      append_row(rows_, rest.substr(0, end), batch.first_ns);
      rest.remove_prefix(end + 1);
    }
    answer_.clear();
    proven_ = false;
    transport_.set(CURLOPT_HTTPHEADER, headers.get());
    transport_.set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(rows_.size()));
    transport_.set(CURLOPT_POSTFIELDS, rows_.c_str());
    SendResult result = transport_.perform();
    transport_.set(CURLOPT_HTTPHEADER, static_cast<curl_slist*>(nullptr));
    return result.good() ? judge() : result;
  }
  std::chrono::milliseconds settle() const override { return {}; }
  SendResult alive() override { return {}; }

 private:
  std::string url() const {
    const auto escaped = [&](const std::string& text) {
      const std::unique_ptr<char, void (*)(void*)> out(
          curl_easy_escape(transport_.get(), text.data(), static_cast<int>(text.size())), curl_free);
      return std::string(out ? out.get() : throw std::bad_alloc());
    };
    // Numbers of a column that an older table has not are refused, not left out.
    const std::string query =
        "INSERT INTO " + std::string(kCopyTable) + " (" + row_columns() + ") FORMAT TabSeparated";
    return "https://" + address_of(copy_) + "/?database=" + escaped(copy_.database) +
           "&query=" + escaped(query);
  }

  std::string make_headers(CurlList& headers) const {
    std::string password;
    if (!copy_.password_file.empty()) {
      const auto text = read_tail(copy_.password_file, kMaxPassword);
      if (!text || text->size() == kMaxPassword) {
        return "cannot read the password in " + copy_.password_file;
      }
      password = text->substr(0, text->find_last_not_of("\r\n") + 1);
    }
    if (!fits_header(copy_.user) || !fits_header(password)) {
      return "the user or the password has control characters";
    }
    add_to(headers, "Content-Type: text/tab-separated-values");
    add_to(headers, "Expect:");
    add_to(headers, "X-ClickHouse-User: " + copy_.user);
    // libcurl sends an empty header only where a semicolon stands in the colon's place.
    add_to(headers, password.empty() ? "X-ClickHouse-Key;" : "X-ClickHouse-Key: " + password);
    return {};
  }

  SendResult judge() const {
    long status = 0;
    curl_easy_getinfo(transport_.get(), CURLINFO_RESPONSE_CODE, &status);
    if (!proven_) {
      return {CopyFailure::Refused, "what answers (" + std::to_string(status) + ") is no ClickHouse"};
    }
    if (status != kGood || !answer_.empty()) {
      std::string said = answer_.substr(0, kMaxShown);
      std::ranges::replace(said, '\n', ' ');
      return {CopyFailure::Refused, "ClickHouse answers " + std::to_string(status) + ": " + said};
    }
    return {};
  }

  static size_t on_body(char* bytes, size_t one, size_t size, void* self) {
    std::string& answer = static_cast<ClickhouseSender*>(self)->answer_;
    answer.append(bytes, std::min(one * size, kMaxAnswer - std::min(kMaxAnswer, answer.size())));
    return one * size;
  }
  static size_t on_header(char* bytes, size_t one, size_t size, void* self) {
    auto& sender = *static_cast<ClickhouseSender*>(self);
    sender.proven_ |= one * size >= kProof.size() && ::strncasecmp(bytes, kProof.data(), kProof.size()) == 0;
    return one * size;
  }

  const LogCopy copy_;
  Transport transport_;
  std::string rows_, answer_;
  bool proven_ = false;  ///< it was ClickHouse that answered
};

}  // namespace

std::unique_ptr<Sender> clickhouse_sender(const LogCopy& copy, const SendLimits& limits,
                                          const std::atomic<bool>& stop) {
  return std::make_unique<ClickhouseSender>(copy, limits, stop);
}

}  // namespace sluice::control
