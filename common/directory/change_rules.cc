#include "common/directory/change_rules.h"

#include <algorithm>
#include <set>
#include <utility>

#include "common/base/text.h"
#include "common/directory/build.h"

namespace postern::directory {

namespace {

using Reading = FolderReader::Reading;
using Errors = std::vector<ManifestError>;

// What the folder says with `own` in the place of the object of the draft. It comes last: where two
// objects may not both be there, it is the one that is told.
Errors ErrorsWith(const CheckedPtr& own, const ChangeDraft& draft, const Reading& reading) {
  Errors errors = reading.errors;
  std::vector<CheckedPtr> manifests;
  manifests.reserve(reading.manifests.size() + 1);
  for (const CheckedPtr& checked : reading.manifests) {
    if (checked != draft.before) manifests.push_back(checked);
  }
  if (own != nullptr) manifests.push_back(own);
  CheckTogether(manifests, errors);
  return errors;
}

class Findings {
 public:
  void Add(std::string line) {
    ++count_;
    full_ = full_ || lines_.size() == kFindingsShownMax ||
            (!lines_.empty() && bytes_ + line.size() > kFindingsBytesMax);
    if (full_) return;
    bytes_ += line.size();
    lines_.push_back(std::move(line));
  }

  bool empty() const { return count_ == 0; }

  std::string ToString() const {
    std::string text = base::Join(lines_, "\n");
    if (count_ > lines_.size()) text += base::Cat("\nand ", count_ - lines_.size(), " more");
    return text;
  }

 private:
  std::vector<std::string> lines_;
  std::size_t bytes_ = 0;
  std::size_t count_ = 0;
  bool full_ = false;
};

// Who could not be without the Site that is to go: "TransportServer \"mbx-0\"", ...
std::vector<std::string> UsersOf(const ChangeDraft& draft, const Reading& reading) {
  std::vector<std::string> users;
  if (draft.after != nullptr || KindOf(draft.before->manifest.object) != Kind::kSite) return users;
  for (const CheckedPtr& checked : reading.manifests) {
    const Manifest::Object& object = checked->manifest.object;
    bool uses = false;
    if (const auto* server = std::get_if<v1::TransportServer>(&object)) {
      uses = server->spec().site() == draft.name;
    } else if (const auto* link = std::get_if<v1::SiteLink>(&object)) {
      const auto& sites = link->spec().sites();
      uses = std::find(sites.begin(), sites.end(), draft.name) != sites.end();
    }
    if (!uses) continue;
    users.push_back(base::Cat(NameOf(KindOf(object)), " \"", MetadataOf(object).name(), "\""));
  }
  return users;
}

absl::Status RefusalFor(const std::vector<std::string>& users, const ChangeDraft& draft) {
  constexpr std::size_t kShown = 20;
  const auto shown = static_cast<std::ptrdiff_t>(std::min(users.size(), kShown));
  std::string text = base::Join({users.begin(), users.begin() + shown}, ", ");
  if (users.size() > kShown) text += base::Cat(" and ", users.size() - kShown, " more");
  return base::Error(absl::StatusCode::kFailedPrecondition, "Site \"", draft.name, "\" is used by ",
                     text, ": change or delete what uses it first");
}

// Connectors whose mail waits once the server or the site is gone.
void WarnOfSources(const ChangeDraft& draft,
                   const Reading& reading,
                   std::vector<std::string>& warnings) {
  const Kind kind = KindOf(draft.before->manifest.object);
  if (kind != Kind::kSite && kind != Kind::kTransportServer) return;
  const std::string source = kind == Kind::kSite ? connector::SourceOfSite(draft.name) : draft.name;
  for (const CheckedPtr& checked : reading.manifests) {
    const auto* connector = std::get_if<SendConnector>(&checked->typed);
    if (connector == nullptr || warnings.size() >= kFindingsShownMax) continue;
    const auto& sources = connector->source_transport_servers;
    if (std::find(sources.begin(), sources.end(), source) == sources.end()) continue;
    warnings.push_back(base::Cat("Send connector \"", connector->name, "\" has ", source,
                                 " as a source server; what no other source server sends waits"));
  }
}

}  // namespace

absl::Status CheckRules(const ChangeDraft& draft,
                        const Reading& reading,
                        std::vector<std::string>& warnings) {
  if (const auto users = UsersOf(draft, reading); !users.empty()) return RefusalFor(users, draft);
  const Errors errors = ErrorsWith(draft.after, draft, reading);
  if (errors.empty() && draft.findings.empty()) {
    if (draft.after == nullptr) {
      WarnOfSources(draft, reading, warnings);
    } else if (const auto* object = std::get_if<v1::SendConnector>(&draft.after->manifest.object)) {
      warnings = connector::WarningsFor(*object);
    }
    return absl::OkStatus();
  }

  std::multiset<std::pair<std::string, std::string>> before;
  if (!errors.empty()) {
    for (ManifestError& error : ErrorsWith(draft.before, draft, reading))
      before.emplace(std::move(error.file), std::move(error.text));
  }
  Findings caused;
  Findings there_before;
  for (const connector::FieldError& finding : draft.findings)
    caused.Add(finding.ToString());
  for (const ManifestError& error : errors) {
    if (const auto known = before.find({error.file, error.text}); known != before.end()) {
      before.erase(known);
      there_before.Add(error.ToString());
    } else {
      // Of the object itself there is no file yet whose line could be named.
      caused.Add(error.file == draft.file ? error.text : error.ToString());
    }
  }
  if (caused.empty()) {
    return base::Error(absl::StatusCode::kFailedPrecondition,
                       "the directory has mistakes that were there before, and does not come into "
                       "force until they are gone:\n",
                       there_before.ToString());
  }
  std::string text = caused.ToString();
  if (!there_before.empty()) {
    text += base::Cat("\nand there before this change:\n", there_before.ToString());
  }
  return absl::InvalidArgumentError(text);
}

}  // namespace postern::directory
