// cli/mail_call.h
//
// MailCall: what a line about queues and messages asks of the server.
//
// Flow      MailCallFrom(line, complaints) -> RunMail (cli/mail_verbs.h).
// Failure   Mistakes go to `complaints`; what filters and identities mean is the server's to judge.

#pragma once

#include <string>
#include <variant>

#include "cli/cmdlet_line.h"
#include "postern/v1/admin.pb.h"

namespace postern::cli {

struct MailCall {
  std::variant<std::monostate,
               v1::GetQueueRequest,
               v1::GetMessageRequest,
               v1::QueueActionRequest,
               v1::MessageActionRequest,
               v1::ExportMessageRequest,
               v1::GetQueueDigestRequest>
      request;
  std::string path;    // of Export-Message
  std::string server;  // whose queues are meant, by -Server or an identity; empty: who is asked
};

MailCall MailCallFrom(const CmdletLine& line, Complaints& complaints);

}  // namespace postern::cli
