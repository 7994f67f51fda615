// common/smtp/command.h
//
// Command: one command line of a client, cut into verb and argument.
//
// Lifetime  The argument is a view into the line.
// See       RFC 5321 §4.1.1, §2.4: verbs are known in any case

#pragma once

#include <cstdint>
#include <string_view>

namespace postern::smtp {

enum class Verb : std::uint8_t {
  kUnknown,
  kHelo,
  kEhlo,
  kMail,
  kRcpt,
  kData,
  kBdat,
  kRset,
  kNoop,
  kQuit,
  kVrfy,
  kExpn,
  kHelp,
  kStartTls,
  kAuth,
};

// "MAIL", "STARTTLS"; "?" for kUnknown.
std::string_view NameOf(Verb verb);

struct Command {
  Verb verb = Verb::kUnknown;
  std::string_view argument;  // what follows the verb and its spaces, without trailing spaces
};

// `line` is without CRLF.
Command ParseCommand(std::string_view line);

// The arguments of BDAT: "1024", "1024 LAST". False when they are anything else.
struct Chunk {
  std::uint64_t bytes = 0;
  bool last = false;
};

bool ParseChunk(std::string_view argument, Chunk& chunk);

}  // namespace postern::smtp
