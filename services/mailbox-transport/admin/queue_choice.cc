#include "services/mailbox-transport/admin/queue_choice.h"

#include <algorithm>

#include "common/base/text.h"
#include "services/mailbox-transport/admin/queue_fields.h"

namespace postern::admin {

namespace {

// Of -Include and -Exclude, beside the delivery types.
constexpr std::string_view kClasses[] = {"Internal", "External", "Empty"};

bool IsClass(std::string_view word) {
  if (IsDeliveryType(word)) return true;
  return std::any_of(std::begin(kClasses), std::end(kClasses), [word](std::string_view known) {
    return base::EqualsIgnoreCase(word, known);
  });
}

absl::StatusOr<std::vector<std::string>> ClassesOf(const std::vector<std::string>& words,
                                                   std::string_view what) {
  std::vector<std::string> classes;
  for (const std::string& word : words) {
    if (!IsClass(word)) {
      return base::Error(absl::StatusCode::kInvalidArgument, what, " \"", base::Printable(word),
                         "\": Internal, External, Empty or a delivery type is expected");
    }
    classes.push_back(base::LowerAscii(word));
  }
  return classes;
}

bool IsOf(const NamedQueue& queue, const std::string& word) {
  if (word == "empty") return queue.view.message_count == 0;
  return base::EqualsIgnoreCase(word, CategoryOf(queue.view.hop.type)) ||
         base::EqualsIgnoreCase(word, model::NameOf(queue.view.hop.type));
}

bool IsOfAny(const NamedQueue& queue, const std::vector<std::string>& words) {
  return std::any_of(words.begin(), words.end(),
                     [&queue](const std::string& word) { return IsOf(queue, word); });
}

}  // namespace

absl::StatusOr<QueueChoice> QueueChoice::Parse(const QueueTerms& terms, std::string_view server) {
  if (!terms.identity.empty() && !terms.filter.empty()) {
    return base::Error(absl::StatusCode::kInvalidArgument,
                       "give an identity or a filter, not both");
  }
  QueueChoice choice;
  choice.server_ = std::string(server);
  choice.identity_ = terms.identity;
  auto filter = Filter::Parse(terms.filter, QueueFields(), "queue");
  if (!filter.ok()) return filter.status();
  choice.filter_ = *std::move(filter);
  auto include = ClassesOf(terms.include, "include");
  if (!include.ok()) return include.status();
  choice.include_ = *std::move(include);
  auto exclude = ClassesOf(terms.exclude, "exclude");
  if (!exclude.ok()) return exclude.status();
  choice.exclude_ = *std::move(exclude);
  return choice;
}

bool QueueChoice::Fits(const NamedQueue& queue) const {
  if (!include_.empty() && !IsOfAny(queue, include_)) return false;
  if (IsOfAny(queue, exclude_)) return false;
  return filter_.Holds([&](std::size_t field) { return QueueField(field, queue, server_); });
}

absl::StatusOr<std::vector<NamedQueue>> QueueChoice::Chosen(std::vector<NamedQueue> queues) const {
  auto chosen = Filtered(std::move(queues), identity_, server_);
  if (!chosen.ok()) return chosen;
  std::erase_if(*chosen, [this](const NamedQueue& queue) { return !Fits(queue); });
  return chosen;
}

}  // namespace postern::admin
