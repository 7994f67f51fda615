// services/mailbox-transport/admin/queue_choice.h
//
// QueueChoice: which queues a command is about: one by its identity, or all that a filter, -Include
// and -Exclude leave. Pure.
//
// Flow      QueueChoice::Parse(terms, server); Chosen(queues).
// Failure   kInvalidArgument names the term and the rule; kNotFound: an identity that is not there.
// See       queue_names.h, filter.h

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

#include "services/mailbox-transport/admin/filter.h"
#include "services/mailbox-transport/admin/queue_names.h"

namespace postern::admin {

struct QueueTerms {
  std::string identity;  // not with a filter
  std::string filter;
  std::vector<std::string> include;  // Internal, External, Empty, or a delivery type
  std::vector<std::string> exclude;
};

class QueueChoice {
 public:
  static absl::StatusOr<QueueChoice> Parse(const QueueTerms& terms, std::string_view server);

  absl::StatusOr<std::vector<NamedQueue>> Chosen(std::vector<NamedQueue> queues) const;

 private:
  bool Fits(const NamedQueue& queue) const;

  std::string server_;
  std::string identity_;
  Filter filter_;                     // without its conditions on Identity:
  std::vector<QueueFilter> named_;    // -eq
  std::vector<QueueFilter> unnamed_;  // -ne
  std::vector<std::string> include_;  // in lower case
  std::vector<std::string> exclude_;
};

}  // namespace postern::admin
