// Any words are either a line that is bound or a list of complaints, each of which says something.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cli/cmdlet_call.h"
#include "common/base/check.h"
#include "common/base/text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postern;
  if (size == 0) return 0;
  const auto all = cli::Cmdlets();
  const cli::Cmdlet& cmdlet = all[data[0] % all.size()];
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::vector<std::string> words;
  for (const std::string_view word : base::Split(text, '\n'))
    words.emplace_back(word);
  const auto call = cli::UnderstoodCall(cmdlet, cli::WordsOf(words));
  POSTERN_CHECK(call.ok() || !base::MessageOf(call.status()).empty());
  if (!call.ok()) return 0;
  for (const cli::Given& given : call->line.given) {
    POSTERN_CHECK(given.parameter != nullptr);
    if (given.literal) POSTERN_CHECK(given.literal->kind != cli::Literal::Kind::kRaw);
  }
  return 0;
}
