// services/mailbox-transport/admin/message_query.h
//
// MessageQuery: Get-Message: one message, or those that fit, page by page, out of any number.
//
// Flow      co_await Answer(request, response, cancelled); again with response.next as
//           request.resume until there is none.
// Failure   kInvalidArgument and kNotFound name what was asked; kUnavailable: a shard does not
//           answer; kCancelled: the caller has gone.
// Lifetime  Borrows its parts; requests and responses outlive the awaited call.
// Limits    An answer takes about kAnswerTime; a sorted page is one answer whatever it takes. The
//           store is read in slices on the disk pool; the shards are asked for their queues only.
// See       message_walk.h, message_page.h

#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"

#include "common/base/clock.h"
#include "common/io/on_disk.h"
#include "postern/v1/admin.pb.h"
#include "services/mailbox-transport/admin/message_page.h"
#include "services/mailbox-transport/admin/message_walk.h"
#include "services/mailbox-transport/pipeline/pipeline.h"

namespace postern::admin {

// One answer of a long walk; then the caller asks for the next one.
inline constexpr absl::Duration kAnswerTime = absl::Milliseconds(300);

// Which messages a command is about.
struct MessageTerms {
  std::string
      identity;       // [Server\]Queue\Integer, [Server\]*\Integer, or Integer; not with a filter
  std::string queue;  // only in this one, or empty
  std::string filter;
};

struct ChosenMessages {
  QueueStatePtr queues;
  MessageWalk::Terms terms;
  std::uint64_t total = 0;  // messages to look at, about
};

// Parses the terms, asks the queues and lets the store catch up with them: what a walk begins with.
io::Task<absl::StatusOr<ChosenMessages>> ChooseMessages(pipeline::Pipeline& pipeline,
                                                        MessageTerms terms);

// "ours\3\4711" as a place; kInvalidArgument with the rule.
absl::StatusOr<RowPlace> PlaceOfIdentity(std::string_view identity);

// What is said when an identity is in no queue.
absl::Status NoSuchMessage(std::string_view identity, std::string_view server);

class MessageQuery {
 public:
  MessageQuery(pipeline::Pipeline& pipeline, io::DiskPool& disk, base::Clock& clock)
      : pipeline_(pipeline), disk_(disk), clock_(clock) {}

  // `cancelled` is asked between slices.
  io::Task<absl::Status> Answer(const v1::GetMessageRequest& request,
                                v1::GetMessageResponse& response,
                                absl::AnyInvocable<bool()> cancelled);

 private:
  struct Asked {
    PageQuery page;
    SortOrder order;
    bool in_order = false;  // by identity
    bool down = false;      // which the walk follows downwards
  };

  static absl::StatusOr<Asked> Understood(const v1::GetMessageRequest& request);
  io::Task<absl::Status> InOrder(const v1::GetMessageRequest& request,
                                 const Asked& asked,
                                 ChosenMessages chosen,
                                 absl::AnyInvocable<bool()>& cancelled,
                                 v1::GetMessageResponse& response);
  io::Task<absl::Status> Sorted(const v1::GetMessageRequest& request,
                                const Asked& asked,
                                ChosenMessages chosen,
                                absl::AnyInvocable<bool()>& cancelled,
                                v1::GetMessageResponse& response);
  // The bookmark of a sorted page: its row as it is now.
  io::Task<absl::StatusOr<SortedPage::Bookmark>> BookmarkOf(const Asked& asked,
                                                            QueueStatePtr queues);

  // On the disk pool: one row, as it is now.
  std::optional<v1::MessageInfo> RowAt(const RowPlace& place,
                                       const QueueState& queues,
                                       bool with_recipients,
                                       absl::Time now) const;

  pipeline::Pipeline& pipeline_;
  io::DiskPool& disk_;
  base::Clock& clock_;
};

}  // namespace postern::admin
