// Any text is either a directory or a list of findings, and a directory survives its copy on disk.
#include <cstdint>
#include <string_view>

#include "common/base/check.h"
#include "common/directory/build.h"
#include "common/directory/manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postern::directory;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<ManifestError> errors;
  const auto manifests = ParseManifests("fuzz.yaml", text, errors);
  const SnapshotPtr snapshot = BuildSnapshot(manifests, errors);
  POSTERN_CHECK((snapshot == nullptr) == !errors.empty());
  for (const ManifestError& error : errors)
    POSTERN_CHECK(!error.text.empty());
  return 0;
}
