// Any script is a list of lines, each with a name or the reason why it cannot be run.
#include <cstdint>
#include <string_view>

#include "cli/cmdlet_call.h"
#include "cli/script_reader.h"
#include "common/base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postern;
  const cli::Script script =
      cli::ReadScript(std::string_view(reinterpret_cast<const char*>(data), size));
  int number = 0;
  for (const cli::ScriptLine& line : script.lines) {
    POSTERN_CHECK(line.number >= number);
    number = line.number;
    POSTERN_CHECK(!line.name.empty() || !line.fault.empty());
    const cli::Cmdlet* cmdlet = cli::FindCmdlet(line.name);
    if (cmdlet != nullptr && line.fault.empty()) {
      cli::UnderstoodCall(*cmdlet, line.words).status().IgnoreError();  // any answer is one
    }
  }
  return 0;
}
