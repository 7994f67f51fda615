#include "common/kubernetes/lease.h"

#include <algorithm>
#include <utility>

#include "common/base/text.h"

namespace postern::kubernetes {

namespace {

absl::Duration LastsOf(const Json& lease) {
  const std::int64_t seconds = NumberAt(lease, {"spec", "leaseDurationSeconds"});
  return absl::Seconds(std::clamp<std::int64_t>(seconds, 1, 3600));
}

}  // namespace

std::string MicroTime(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", time, absl::UTCTimeZone());
}

Json LeaseJson(std::string_view name,
               std::string_view holder,
               absl::Duration lasts,
               absl::Time renewed) {
  Json lease;
  SetText(lease, {"apiVersion"}, "coordination.k8s.io/v1");
  SetText(lease, {"kind"}, "Lease");
  SetText(lease, {"metadata", "name"}, name);
  SetText(lease, {"metadata", "labels", "app.kubernetes.io/part-of"}, "postern");
  SetText(lease, {"spec", "holderIdentity"}, holder);
  SetNumber(lease, {"spec", "leaseDurationSeconds"},
            std::max<std::int64_t>(1, absl::ToInt64Seconds(lasts)));
  SetText(lease, {"spec", "renewTime"}, MicroTime(renewed));
  return lease;
}

void Sightings::Note(const std::vector<Json>& leases, absl::Time now) {
  const bool first = std::exchange(first_, false);
  std::map<std::string, Sight> sights;
  for (const Json& lease : leases) {
    const std::string server = TextAt(lease, {"metadata", "labels", kServerLabel});
    if (server.empty()) continue;
    Sight sight;
    sight.renewed = TextAt(lease, {"spec", "renewTime"});
    sight.lasts = LastsOf(lease);
    sight.not_ready = TextAt(lease, {"metadata", "annotations", kNotReadyAnnotation});
    const std::string messages = TextAt(lease, {"metadata", "annotations", kMessagesAnnotation});
    sight.messages = base::ParseUnsigned(messages).value_or(0);
    const auto before = sights_.find(server);
    const bool same = before != sights_.end() && before->second.renewed == sight.renewed;
    sight.changed = same ? before->second.changed : now;
    // One that was there before us may be of a server that is long gone.
    sight.known = same ? before->second.known : !first;
    sights[server] = std::move(sight);
  }
  sights_ = std::move(sights);
}

std::set<std::string> Sightings::live(absl::Time now) const {
  std::set<std::string> servers;
  for (const auto& [server, sight] : sights_) {
    if (now - sight.changed < sight.lasts) servers.insert(server);
  }
  return servers;
}

std::map<std::string, std::string> Sightings::not_ready(absl::Time now) const {
  std::map<std::string, std::string> all;
  for (const auto& [server, sight] : sights_) {
    if (sight.not_ready.empty() || now - sight.changed >= sight.lasts) continue;
    const auto told = ParseJson(sight.not_ready);
    if (!told.ok() || !told->has_struct_value()) continue;
    for (const auto& [connector, why] : told->struct_value().fields())
      all.emplace(connector, base::Cat(server, ": ", why.string_value()));
  }
  return all;
}

bool Sightings::complete(absl::Time now) const {
  return std::all_of(sights_.begin(), sights_.end(), [now](const auto& one) {
    return one.second.known || now - one.second.changed >= one.second.lasts;
  });
}

std::map<std::string, std::uint64_t> Sightings::orphaned(absl::Time now) const {
  std::map<std::string, std::uint64_t> all;
  for (const auto& [server, sight] : sights_) {
    if (sight.messages > 0 && now - sight.changed >= sight.lasts) all[server] = sight.messages;
  }
  return all;
}

Election::Election(const Access& access,
                   std::string name,
                   std::string identity,
                   absl::Duration lasts)
    : access_(access), name_(std::move(name)), identity_(std::move(identity)), lasts_(lasts) {}

absl::StatusOr<bool> Election::Hold(http::Channel& channel, absl::Time now) {
  if (held_ && now - renewed_ < lasts_ / 4) return true;
  held_ = false;
  auto call = access_.Request("GET", base::Cat(access_.LeasesPath(), "/", name_));
  if (!call.ok()) return call.status();
  call->time_max = std::min(call->time_max, lasts_ / 4);
  const std::string what = base::Cat("lease ", name_);
  const auto answer = Asked(channel, *std::move(call), what);
  if (absl::IsNotFound(answer.status())) return Create(channel, now);
  if (!answer.ok()) return answer.status();
  const auto lease = ParseJson(answer->body);
  if (!lease.ok()) return base::Annotate(lease.status(), what);
  return Take(channel, *lease, now);
}

absl::StatusOr<bool> Election::Create(http::Channel& channel, absl::Time now) {
  return Send(channel, "POST", access_.LeasesPath(), Wanted(now), now);
}

absl::StatusOr<bool> Election::Take(http::Channel& channel, const Json& lease, absl::Time now) {
  const std::string holder = TextAt(lease, {"spec", "holderIdentity"});
  if (!holder.empty() && holder != identity_) {
    std::string seen = base::Cat(holder, " ", TextAt(lease, {"spec", "renewTime"}));
    if (seen != seen_) {
      seen_ = std::move(seen);
      seen_at_ = now;
    }
    if (now - seen_at_ < LastsOf(lease)) return false;
  }
  Json wanted = Wanted(now);
  // Of two that take it at once the second has a conflict.
  SetText(wanted, {"metadata", "resourceVersion"}, TextAt(lease, {"metadata", "resourceVersion"}));
  return Send(channel, "PATCH", base::Cat(access_.LeasesPath(), "/", name_), wanted, now);
}

absl::StatusOr<bool> Election::Send(http::Channel& channel,
                                    std::string_view method,
                                    std::string path,
                                    const Json& body,
                                    absl::Time now) {
  auto call = access_.Request(method, std::move(path));
  if (!call.ok()) return call.status();
  call->time_max = std::min(call->time_max, lasts_ / 4);
  call->body = WriteJson(body);
  call->content_type = method == "PATCH" ? "application/merge-patch+json" : "application/json";
  const auto answer = Asked(channel, *std::move(call), base::Cat("lease ", name_));
  // Somebody else was quicker: a conflict.
  if (absl::IsAborted(answer.status()) || absl::IsAlreadyExists(answer.status())) return false;
  if (!answer.ok()) return answer.status();
  held_ = true;
  renewed_ = now;
  return true;
}

void Election::Release(http::Channel& channel, absl::Duration most) {
  if (!std::exchange(held_, false)) return;
  auto call = access_.Request("PATCH", base::Cat(access_.LeasesPath(), "/", name_));
  if (!call.ok()) return;
  Json patch;
  SetText(patch, {"spec", "holderIdentity"}, "");
  call->body = WriteJson(patch);
  call->content_type = "application/merge-patch+json";
  call->time_max = most;
  channel.Ask(*std::move(call)).IgnoreError();  // then it runs out
}

Json Election::Wanted(absl::Time now) const {
  return LeaseJson(name_, identity_, lasts_, now);
}

}  // namespace postern::kubernetes
