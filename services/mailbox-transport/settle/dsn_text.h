// services/mailbox-transport/settle/dsn_text.h
//
// The part of a DSN that people read: what happened, to whom, what to do, and then the facts for
// administrators; whole as plain text, and in pieces for other forms.
//
// Limits    The headers of the original are cut to kHeadersShownMax.
// See       docs/glossary.md; Exchange's NDR layout

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "services/mailbox-transport/settle/dsn.h"

namespace postern::settle {

inline constexpr std::size_t kHeadersShownMax = 16 * 1024;

// UTF-8 with CRLF line ends.
std::string TextForPeople(const Report& report, std::string_view headers);

// The pieces. Values of remotes are as they were given: each form cleans them for itself.
inline constexpr std::string_view kForAdministrators = "Diagnostic information for administrators:";
inline constexpr std::string_view kGeneratingServer = "Generating server: ";
inline constexpr std::string_view kOriginalHeaders = "Original message headers:";
std::string_view OpeningOf(DsnKind kind);
// What the sender should know of one recipient, and what an administrator.
std::vector<std::string> SentencesFor(const Report& report, const ReportedRecipient& one);
std::vector<std::string> FactsOf(const ReportedRecipient& one);
// The headers of the original, as valid UTF-8, cut at the end of a line.
std::string ShownHeaders(std::string_view headers);

// One sentence for the sender about this status.
std::string_view ExplanationOf(mail::EnhancedStatus status);

// "Undeliverable: <subject>".
std::string SubjectOf(DsnKind kind, std::string_view subject);

// What the recipient's server or we said, verbatim, in the form of a reply.
std::string ResponseOf(const ReportedRecipient& one);

}  // namespace postern::settle
