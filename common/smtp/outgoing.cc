#include "common/smtp/outgoing.h"

#include <algorithm>
#include <utility>

#include "common/base/text.h"
#include "common/mail/eight_bit.h"
#include "common/mail/header.h"
#include "common/mail/utf8.h"

namespace postern::smtp {

namespace {

bool LetsEverythingPass(const mail::FirewallRules& rules) {
  return rules.rights == mail::HeaderRights::All() &&
         rules.cross_premises == mail::CrossPremises::kKeep;
}

// The bytes of the header block with its empty line; 0 when its end is not in sight.
std::size_t HeaderIn(std::string_view beginning, bool whole) {
  if (beginning.starts_with("\r\n")) return 2;
  const std::size_t end = beginning.find("\r\n\r\n");
  if (end != std::string_view::npos) return end + 4;
  return whole ? beginning.size() : 0;
}

// The header as it goes out; nothing when it passes. Most messages have no field that matters.
std::optional<std::string> Filtered(std::string_view header, const mail::FirewallRules& rules) {
  if (rules.rights.routing && !mail::MentionsExchange(header)) return std::nullopt;
  return mail::FilterHeader(header, rules);
}

}  // namespace

io::Task<absl::Status> Outgoing::Obey(mail::FirewallRules rules) {
  if (rules_ == rules) co_return absl::OkStatus();
  rules_.reset();  // obeyed only at the end
  header_.reset();
  seven_bit_.reset();
  seven_bit_goes_ = false;
  stand_ = Stand::kPasses;
  size_ = body_.size();
  if (!LetsEverythingPass(rules)) {
    absl::Status begun = co_await body_.Begin();
    if (!begun.ok()) co_return begun;
    rules_ = rules;
    LookAt(body_.beginning());
  }
  rules_ = rules;
  co_return absl::OkStatus();
}

void Outgoing::LookAt(std::string_view beginning) {
  header_bytes_ = HeaderIn(beginning, beginning.size() == body_.size());
  if (header_bytes_ == 0) {
    stand_ = body_.size() == 0 ? Stand::kPasses : Stand::kUnseen;
    return;
  }
  header_ = Filtered(beginning.substr(0, header_bytes_), *rules_);
  if (!header_) return;
  stand_ = Stand::kKnown;
  size_ = body_.size() - header_bytes_ + header_->size();
}

io::Task<absl::Status> Outgoing::ToSevenBit() {
  seven_bit_goes_ = false;
  if (!seven_bit_ && size_ > kConvertedBytesMax) {
    seven_bit_ = base::Error(absl::StatusCode::kFailedPrecondition, "it has ", size_,
                             " bytes, and none of more than ", kConvertedBytesMax, " is converted");
  }
  if (!seven_bit_) {
    const absl::StatusOr<std::string> content = co_await Collect();
    if (!content.ok()) co_return content.status();
    seven_bit_ = mail::ToSevenBit(*content);
  }
  seven_bit_goes_ = true;
  co_return absl::OkStatus();
}

io::Task<absl::StatusOr<std::string>> Outgoing::Collect() {
  if (at_hand()) co_return base::Cat(first(), rest());
  const absl::Status rewound = co_await Rewind();
  if (!rewound.ok()) co_return rewound;
  std::string content;
  content.reserve(size_);
  while (true) {
    const absl::StatusOr<std::string_view> view = co_await Next();
    if (!view.ok()) co_return view.status();
    if (view->empty()) co_return content;
    content.append(*view);
  }
}

io::Task<absl::StatusOr<bool>> Outgoing::HeaderIsAscii() {
  if (header_) co_return mail::IsAscii(*header_);
  const absl::Status begun = co_await body_.Begin();
  if (!begun.ok()) co_return begun;
  const std::string_view beginning = body_.beginning();
  const std::size_t bytes = HeaderIn(beginning, beginning.size() == body_.size());
  co_return bytes > 0 && mail::IsAscii(beginning.substr(0, bytes));
}

io::Task<absl::Status> Outgoing::Rewind() {
  pulled_ = 0;
  header_sent_ = false;
  held_.clear();
  co_return co_await body_.Rewind();
}

// The next bytes of the content as it is, counted.
io::Task<absl::StatusOr<std::string_view>> Outgoing::Pull() {
  absl::StatusOr<std::string_view> view = co_await body_.Next();
  if (!view.ok()) co_return view;
  pulled_ += view->size();
  if (view->empty() ? pulled_ == body_.size() : pulled_ <= body_.size()) co_return view;
  co_return base::Error(absl::StatusCode::kDataLoss, "the content has ", pulled_,
                        " bytes instead of ", body_.size());
}

io::Task<absl::StatusOr<std::string_view>> Outgoing::Next() {
  if (stand_ == Stand::kUnseen && !header_sent_) co_return co_await PullHeader();
  if (stand_ == Stand::kKnown && !header_sent_) {
    header_sent_ = true;
    if (!header_->empty()) co_return std::string_view(*header_);
  }
  while (true) {
    const std::uint64_t before = pulled_;
    absl::StatusOr<std::string_view> view = co_await Pull();
    if (!view.ok() || view->empty() || stand_ != Stand::kKnown) co_return view;
    // What stands in place of the header has been given.
    if (pulled_ <= header_bytes_) continue;
    if (before < header_bytes_) view->remove_prefix(header_bytes_ - before);
    co_return view;
  }
}

// The header comes in pieces: it is held until its end is there.
io::Task<absl::StatusOr<std::string_view>> Outgoing::PullHeader() {
  std::size_t bytes = 0;
  while (bytes == 0) {
    const absl::StatusOr<std::string_view> view = co_await Pull();
    if (!view.ok()) co_return view;
    held_.append(*view);
    bytes = HeaderIn(held_, pulled_ == body_.size());
    if (bytes == 0 && held_.size() > kHeaderHeldMax) {
      co_return base::Error(absl::StatusCode::kDataLoss, "the header block has more than ",
                            kHeaderHeldMax, " bytes");
    }
  }
  header_sent_ = true;
  const std::optional<std::string> filtered =
      Filtered(std::string_view(held_).substr(0, bytes), *rules_);
  if (filtered) held_.replace(0, bytes, *filtered);
  // Never empty: that would be the end.
  if (held_.empty()) co_return co_await Pull();
  co_return std::string_view(held_);
}

}  // namespace postern::smtp
