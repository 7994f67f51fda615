// Any text is either a directory or a list of findings, and an object that is written as a manifest
// is read as the same object again.
#include <cstdint>
#include <string_view>

#include "common/base/check.h"
#include "common/directory/build.h"
#include "common/directory/manifest.h"
#include "common/directory/manifest_text.h"

namespace {

std::string ShownBytes(const postern::directory::Manifest& manifest) {
  return std::visit([](const auto& held) { return held.SerializeAsString(); }, manifest.object);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postern::directory;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<ManifestError> errors;
  const auto manifests = ParseManifests("fuzz.yaml", text, errors);
  for (const Manifest& manifest : manifests) {
    std::vector<ManifestError> none;
    const auto again = ParseManifests("again.yaml", ManifestText(manifest.object), none);
    POSTERN_CHECK(none.empty() && again.size() == 1);
    POSTERN_CHECK(ShownBytes(again.front()) == ShownBytes(manifest));
  }
  const SnapshotPtr snapshot = BuildSnapshot(manifests, errors);
  POSTERN_CHECK((snapshot == nullptr) == !errors.empty());
  for (const ManifestError& error : errors)
    POSTERN_CHECK(!error.text.empty());
  return 0;
}
