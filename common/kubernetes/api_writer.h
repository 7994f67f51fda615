// common/kubernetes/api_writer.h
//
// ApiWriter: changes of the directory, made at the API server one object at a time, so that no
// change of somebody else is lost.
//
// Flow      Apply(change): checked as a change of a folder is, written with the resourceVersion
//           that it was made from, and waited for until it is in force here.
// Failure   As directory.proto says. kAborted: the object has changed meanwhile. kUnavailable: the
//           API server is away, or what is written is not yet in force. kFailedPrecondition: the
//           service account may not do it.
// Lifetime  Borrows access and source. Any thread that may wait; one change at a time.
// Limits    kAnswerMax for the API server's answer, kInForceMax for what follows.
// See       common/directory/change_draft.h; "JSON Merge Patch", RFC 7396

#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "common/directory/change.h"
#include "common/directory/change_draft.h"
#include "common/http/channel.h"
#include "common/kubernetes/access.h"
#include "common/kubernetes/source.h"

namespace postern::kubernetes {

class ApiWriter final : public directory::ChangeWriter {
 public:
  // A stop waits for a change that is under way.
  static constexpr absl::Duration kAnswerMax = absl::Seconds(10);
  static constexpr absl::Duration kInForceMax = absl::Seconds(10);
  static constexpr absl::Duration kStatusSeenMax = absl::Seconds(1);
  static constexpr int kTriesMax = 5;

  ApiWriter(const Access& access, const KubernetesSource& source)
      : access_(access), source_(source) {}

  directory::ChangeResult Apply(const directory::Change& change) override;

 private:
  // `held` is what the change was made of, if it came as far as a request.
  directory::ChangeResult ApplyOnce(const directory::Change& change, ObjectPtr& held);
  // Whether the object comes with another version and the same spec: its status was written.
  bool StatusMoved(const directory::Change& change, const Object& held) const;
  absl::Status Prepare(const directory::Change& change,
                       const KubernetesSource::View& view,
                       directory::ChangeDraft& draft,
                       directory::ChangeResult& result);
  absl::Status Write(const directory::Change& change,
                     const ObjectPtr& held,
                     const directory::ChangeDraft& draft);
  absl::StatusOr<Json> Send(http::Call call, std::string_view what);

  const Access& access_;
  const KubernetesSource& source_;
  std::mutex mutex_;  // one change at a time; guards channel_
  std::unique_ptr<http::Channel> channel_;
};

// A merge patch that makes `after` of `before`: null where `after` has nothing.
Json MergePatchOf(const Json& before, const Json& after);

}  // namespace postern::kubernetes
