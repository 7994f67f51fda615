#include "common/kubernetes/stateful_set.h"

#include "common/base/text.h"
#include "common/kubernetes/json.h"

namespace postern::kubernetes {

absl::StatusOr<PodOfSet> PodOfSetFrom(std::string_view pod) {
  const std::size_t dash = pod.rfind('-');
  if (dash != std::string_view::npos && dash > 0) {
    if (const auto ordinal = base::ParseUnsigned(pod.substr(dash + 1))) {
      return PodOfSet{std::string(pod.substr(0, dash)), *ordinal};
    }
  }
  return base::Error(absl::StatusCode::kInvalidArgument, "\"", base::Printable(pod),
                     "\" is not the name of a pod of a StatefulSet, <set>-<ordinal>");
}

absl::StatusOr<bool> IsScaledIn(const Access& access, std::string_view pod) {
  const auto of_set = PodOfSetFrom(pod);
  if (!of_set.ok()) return of_set.status();
  auto channel = access.channel();
  if (!channel.ok()) return channel.status();
  auto call = access.Request("GET", base::Cat("/apis/apps/v1/namespaces/", access.pod_name_space(),
                                              "/statefulsets/", Escaped(of_set->set)));
  if (!call.ok()) return call.status();
  const std::string what = base::Cat("StatefulSet ", of_set->set);
  const auto answer = Asked(**channel, *std::move(call), what);
  if (!answer.ok()) return answer.status();
  const auto set = ParseJson(answer->body);
  if (!set.ok()) return base::Annotate(set.status(), what);
  // The API server writes the default of 1 where nobody says how many.
  if (Find(*set, {"spec", "replicas"}) == nullptr) {
    return base::Error(absl::StatusCode::kUnavailable, what, ": spec.replicas is missing");
  }
  const auto replicas = NumberAt(*set, {"spec", "replicas"});
  if (replicas == 0) return false;
  const auto end = NumberAt(*set, {"spec", "ordinals", "start"}) + replicas;
  return end <= 0 || of_set->ordinal >= static_cast<std::uint64_t>(end);
}

}  // namespace postern::kubernetes
