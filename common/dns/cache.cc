#include "common/dns/cache.h"

#include <algorithm>
#include <utility>

#include "common/base/status_macros.h"
#include "common/base/text.h"

namespace postern::dns {
namespace {

struct MxKind {
  using Answer = MxAnswer;
  static constexpr char kPrefix[] = "mx ";

  static io::Task<absl::StatusOr<MxAnswer>> Query(Resolver& below, std::string name) {
    return below.Mx(std::move(name));
  }

  static bool Empty(const MxAnswer& answer) { return answer.records.empty(); }
};

struct AddressKind {
  using Answer = AddressAnswer;
  static constexpr char kPrefix[] = "address ";

  static io::Task<absl::StatusOr<AddressAnswer>> Query(Resolver& below, std::string name) {
    return below.Addresses(std::move(name));
  }

  static bool Empty(const AddressAnswer& answer) { return answer.addresses.empty(); }
};

struct TlsaKind {
  using Answer = TlsaAnswer;
  static constexpr char kPrefix[] = "tlsa ";

  static io::Task<absl::StatusOr<TlsaAnswer>> Query(Resolver& below, std::string name) {
    return below.Tlsa(std::move(name));
  }

  static bool Empty(const TlsaAnswer& answer) { return answer.records.empty(); }
};

struct TxtKind {
  using Answer = TxtAnswer;
  static constexpr char kPrefix[] = "txt ";

  static io::Task<absl::StatusOr<TxtAnswer>> Query(Resolver& below, std::string name) {
    return below.Txt(std::move(name));
  }

  static bool Empty(const TxtAnswer& answer) { return answer.records.empty(); }
};

std::string QuestionFor(std::string_view prefix, std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  return base::Cat(prefix, base::LowerAscii(name));
}

template <typename Answer, typename Content>
absl::StatusOr<Answer> AnswerFrom(const Content& content) {
  if (const auto* missing = std::get_if<absl::Status>(&content)) return *missing;
  return std::get<Answer>(content);
}

}  // namespace

CachingResolver::CachingResolver(Resolver& below,
                                 base::Clock& clock,
                                 Limits limits,
                                 const Probe* probe)
    : below_(below), clock_(clock), limits_(limits), probe_(probe) {}

io::Task<absl::StatusOr<MxAnswer>> CachingResolver::Mx(std::string domain) {
  return Ask<MxKind>(std::move(domain));
}

io::Task<absl::StatusOr<AddressAnswer>> CachingResolver::Addresses(std::string host) {
  return Ask<AddressKind>(std::move(host));
}

io::Task<absl::StatusOr<TlsaAnswer>> CachingResolver::Tlsa(std::string name) {
  return Ask<TlsaKind>(std::move(name));
}

io::Task<absl::StatusOr<TxtAnswer>> CachingResolver::Txt(std::string name) {
  return Ask<TxtKind>(std::move(name));
}

io::Task<absl::StatusOr<PtrAnswer>> CachingResolver::Ptr(std::string name) {
  return below_.Ptr(std::move(name));
}

template <typename Kind>
io::Task<absl::StatusOr<typename Kind::Answer>> CachingResolver::Ask(std::string name) {
  using Answer = typename Kind::Answer;
  const std::string question = QuestionFor(Kind::kPrefix, name);
  while (true) {
    if (const Remembered* known = Find(question)) {
      if (probe_ != nullptr) probe_->Cached();
      absl::StatusOr<Answer> answer = AnswerFrom<Answer>(known->content);
      if (answer.ok()) answer->ttl = known->until - clock_.Now();
      co_return answer;
    }
    const auto asked = under_way_.find(question);
    if (asked == under_way_.end()) break;

    counts_.shared.fetch_add(1, std::memory_order_relaxed);
    const std::shared_ptr<Query> query = asked->second;
    while (!query->done) {
      const absl::Status waited = co_await query->ended.Until(limits_.wait_max);
      if (!waited.ok() && !query->done) co_return base::Annotate(waited, "dns " + question);
    }
    if (query->status.ok()) co_return AnswerFrom<Answer>(query->content);
    // The asker before us was stopped, which says nothing about the name.
    if (!absl::IsCancelled(query->status)) co_return query->status;
  }

  counts_.misses.fetch_add(1, std::memory_order_relaxed);
  const auto query = std::make_shared<Query>();
  under_way_.emplace(question, query);
  absl::StatusOr<Answer> answer = co_await Kind::Query(below_, std::move(name));
  if (answer.ok()) {
    const bool negative = Kind::Empty(*answer);
    const absl::Duration ttl_max = negative ? limits_.negative_ttl_max : limits_.ttl_max;
    answer->ttl = std::clamp(answer->ttl, limits_.ttl_min, ttl_max);
    query->content = *answer;
    Remember(question, *answer, answer->ttl);
  } else if (absl::IsNotFound(answer.status())) {
    query->content = answer.status();
    Remember(question, answer.status(),
             std::clamp(NegativeTtlOf(answer.status()), limits_.ttl_min, limits_.negative_ttl_max));
  } else {
    query->status = answer.status();
  }
  query->done = true;
  under_way_.erase(question);
  query->ended.NotifyAll();
  co_return answer;
}

const CachingResolver::Remembered* CachingResolver::Find(const std::string& question) {
  const auto found = by_question_.find(question);
  if (found == by_question_.end()) return nullptr;
  const auto place = found->second;
  if (place->until <= clock_.Now()) {
    Forget(place);
    return nullptr;
  }
  by_use_.splice(by_use_.begin(), by_use_, place);
  return &*place;
}

void CachingResolver::Remember(const std::string& question, Content content, absl::Duration ttl) {
  if (limits_.answers_max == 0) return;
  const auto known = by_question_.find(question);
  if (known != by_question_.end()) Forget(known->second);
  while (by_use_.size() >= limits_.answers_max) {
    Forget(std::prev(by_use_.end()));
    counts_.evicted.fetch_add(1, std::memory_order_relaxed);
  }
  Remembered remembered;
  remembered.question = question;
  remembered.content = std::move(content);
  remembered.until = clock_.Now() + ttl;
  by_use_.push_front(std::move(remembered));
  by_question_[question] = by_use_.begin();
  counts_.answers.store(by_use_.size(), std::memory_order_relaxed);
}

void CachingResolver::Forget(std::list<Remembered>::iterator place) {
  by_question_.erase(place->question);
  by_use_.erase(place);
  counts_.answers.store(by_use_.size(), std::memory_order_relaxed);
}

void CachingResolver::Clear() {
  by_question_.clear();
  by_use_.clear();
  counts_.answers.store(0, std::memory_order_relaxed);
}

}  // namespace postern::dns
