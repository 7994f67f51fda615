#include "services/mailbox-transport/admin/queue_digests.h"

#include <algorithm>
#include <utility>

#include "common/base/text.h"
#include "postern/v1/admin.grpc.pb.h"

namespace postern::admin {

namespace {

absl::StatusOr<absl::Duration> TimeoutOf(const v1::GetQueueDigestRequest& request) {
  if (request.timeout_ms() == 0) return kDigestTimeout;
  const absl::Duration timeout = absl::Milliseconds(request.timeout_ms());
  if (timeout <= kDigestTimeoutMax) return timeout;
  return base::Error(absl::StatusCode::kInvalidArgument, "timeout_ms: ", request.timeout_ms(),
                     ": at most ", absl::ToInt64Milliseconds(kDigestTimeoutMax));
}

v1::GetQueueRequest QuestionOf(const v1::GetQueueDigestRequest& request) {
  v1::GetQueueRequest question;
  question.set_filter(request.filter());
  question.add_exclude("Empty");
  question.mutable_page()->set_sort_order("-MessageCount");
  question.mutable_page()->set_result_size(kDigestQueuesMax);
  return question;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> QueueDigests::Scope(
    const v1::GetQueueDigestRequest& request) const {
  const int scopes = (request.servers().empty() ? 0 : 1) + (request.sites().empty() ? 0 : 1) +
                     (request.forest() ? 1 : 0);
  if (scopes == 0) return std::vector<std::string>{own_name_};
  if (scopes > 1) {
    return absl::InvalidArgumentError("give one of servers, sites and forest");
  }
  const directory::SnapshotPtr snapshot = directory_();
  if (snapshot == nullptr) return absl::UnavailableError("the directory is not loaded yet");
  for (const std::string& name : request.servers()) {
    if (base::EqualsIgnoreCase(name, own_name_) || snapshot->FindServer(name) != nullptr) continue;
    return base::Error(absl::StatusCode::kNotFound, "servers: the directory has no server \"",
                       base::Printable(name), "\"");
  }
  if (!request.servers().empty()) {
    return std::vector<std::string>(request.servers().begin(), request.servers().end());
  }
  std::vector<std::string> names;
  for (const directory::TransportServer& server : snapshot->servers()) {
    const bool meant =
        request.forest() || std::any_of(request.sites().begin(), request.sites().end(),
                                        [&server](const std::string& site) {
                                          return base::EqualsIgnoreCase(site, server.site);
                                        });
    if (meant) names.push_back(server.name);
  }
  if (names.empty()) {
    return absl::NotFoundError("the directory has no server there");
  }
  return names;
}

io::Task<QueueDigests::Answers> QueueDigests::AskAll(std::vector<std::string> servers,
                                                     v1::GetQueueRequest question,
                                                     absl::Duration within) {
  Answers all;
  const absl::Time deadline = absl::Now() + within;
  for (std::size_t from = 0; from < servers.size(); from += FanOut::kQuestionsMax) {
    std::vector<FanOut::Question<v1::GetQueueRequest>> questions;
    const std::size_t to = std::min(from + FanOut::kQuestionsMax, servers.size());
    for (std::size_t i = from; i < to; ++i)
      questions.push_back({servers[i], question});
    // What is left is shared by the groups that are still to come.
    const std::size_t groups =
        (servers.size() - from + FanOut::kQuestionsMax - 1) / FanOut::kQuestionsMax;
    const absl::Duration share =
        std::max(deadline - absl::Now(), absl::ZeroDuration()) / static_cast<std::int64_t>(groups);
    const FanOut::Method<v1::Admin, v1::GetQueueRequest, v1::GetQueueResponse> method =
        &v1::Admin::Stub::async::GetQueue;
    Answers answers = co_await fan_out_.Ask<v1::Admin>(std::move(questions), share, method);
    std::move(answers.begin(), answers.end(), std::back_inserter(all));
  }
  co_return all;
}

io::Task<absl::Status> QueueDigests::Answer(const v1::GetQueueDigestRequest& request,
                                            v1::GetQueueDigestResponse& response) {
  auto digest = QueueDigest::Make(request);
  if (!digest.ok()) co_return digest.status();
  const auto within = TimeoutOf(request);
  if (!within.ok()) co_return within.status();
  auto servers = Scope(request);
  if (!servers.ok()) co_return servers.status();
  const v1::GetQueueRequest question = QuestionOf(request);

  const auto take = [&](const std::string& server, const absl::Status& status,
                        const v1::GetQueueResponse& queues) {
    if (!status.ok()) {
      response.add_unanswered(std::string(base::MessageOf(status)));
      return;
    }
    for (const v1::QueueInfo& queue : queues.queues())
      digest->Take(queue);
    if (queues.truncated()) {
      response.add_unanswered(
          base::Cat(server, ": only its ", kDigestQueuesMax, " largest queues are counted"));
    }
  };
  const auto own = std::find_if(servers->begin(), servers->end(), [this](const auto& name) {
    return base::EqualsIgnoreCase(name, own_name_);
  });
  if (own != servers->end()) {
    servers->erase(own);
    v1::GetQueueResponse queues;
    const absl::Status status = co_await queries_.Queues(question, queues);
    // A filter that is wrong is wrong everywhere.
    if (!status.ok()) co_return status;
    take(own_name_, status, queues);
  }
  if (!servers->empty()) {
    const Answers answers = co_await AskAll(*std::move(servers), question, *within);
    for (const auto& answer : answers)
      take(answer.server, answer.status, answer.response);
  }
  digest->Finish(response);
  co_return absl::OkStatus();
}

}  // namespace postern::admin
