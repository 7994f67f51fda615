#include "common/smtp/command.h"

#include <array>

#include "common/base/text.h"

namespace postern::smtp {

namespace {

struct Named {
  std::string_view name;
  Verb verb;
};

constexpr std::array kVerbs = {
    Named{"MAIL", Verb::kMail},         Named{"RCPT", Verb::kRcpt}, Named{"DATA", Verb::kData},
    Named{"BDAT", Verb::kBdat},         Named{"EHLO", Verb::kEhlo}, Named{"HELO", Verb::kHelo},
    Named{"RSET", Verb::kRset},         Named{"NOOP", Verb::kNoop}, Named{"QUIT", Verb::kQuit},
    Named{"STARTTLS", Verb::kStartTls}, Named{"AUTH", Verb::kAuth}, Named{"VRFY", Verb::kVrfy},
    Named{"EXPN", Verb::kExpn},         Named{"HELP", Verb::kHelp}};

std::string_view TrimSpaces(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

}  // namespace

std::string_view NameOf(Verb verb) {
  for (const Named& named : kVerbs) {
    if (named.verb == verb) return named.name;
  }
  return "?";
}

Command ParseCommand(std::string_view line) {
  Command command;
  const std::size_t end = std::min(line.find_first_of(" \t"), line.size());
  const std::string_view word = line.substr(0, end);
  for (const Named& named : kVerbs) {
    if (!base::EqualsIgnoreCase(word, named.name)) continue;
    command.verb = named.verb;
    command.argument = TrimSpaces(line.substr(end));
    break;
  }
  return command;
}

bool ParseChunk(std::string_view argument, Chunk& chunk) {
  const std::size_t end = std::min(argument.find(' '), argument.size());
  const std::string_view rest = TrimSpaces(argument.substr(end));
  const std::optional<std::uint64_t> bytes = base::ParseUnsigned(argument.substr(0, end));
  if (!bytes || (!rest.empty() && !base::EqualsIgnoreCase(rest, "LAST"))) return false;
  chunk.bytes = *bytes;
  chunk.last = !rest.empty();
  return true;
}

}  // namespace postern::smtp
