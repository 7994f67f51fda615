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

// A condition on the identity is one on the queue, by every name that -Identity takes.
absl::StatusOr<std::vector<QueueFilter>> TakeIdentities(Condition::Operator op,
                                                        std::string_view server,
                                                        Filter& filter) {
  static const std::size_t field = *FindField(QueueFields(), "Identity", "queue");
  std::vector<QueueFilter> named;
  for (const FieldValue& value : filter.Take(field, op)) {
    auto one = QueueFilter::Parse(TextIn(value), server);
    if (!one.ok()) return base::Annotate(one.status(), "filter");
    named.push_back(*std::move(one));
  }
  return named;
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
         base::EqualsIgnoreCase(word, DeliveryTypeOf(queue));
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
  auto named = TakeIdentities(Condition::Operator::kEq, server, *filter);
  if (!named.ok()) return named.status();
  choice.named_ = *std::move(named);
  auto unnamed = TakeIdentities(Condition::Operator::kNe, server, *filter);
  if (!unnamed.ok()) return unnamed.status();
  choice.unnamed_ = *std::move(unnamed);
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
  // No queue is called "", or "*".
  const auto fits = [&queue](const QueueFilter& name) { return !name.all() && name.Fits(queue); };
  if (!std::all_of(named_.begin(), named_.end(), fits)) return false;
  if (std::any_of(unnamed_.begin(), unnamed_.end(), fits)) return false;
  return filter_.Holds([&](std::size_t field) { return QueueField(field, queue, server_); });
}

absl::StatusOr<std::vector<NamedQueue>> QueueChoice::Chosen(std::vector<NamedQueue> queues) const {
  auto chosen = Filtered(std::move(queues), identity_, server_);
  if (!chosen.ok()) return chosen;
  const bool by_name = !identity_.empty() || !named_.empty();
  std::erase_if(*chosen, [this, by_name](const NamedQueue& queue) {
    return !Fits(queue) || (!by_name && IsHidden(queue));
  });
  return chosen;
}

}  // namespace postern::admin
