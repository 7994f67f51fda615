// services/mailbox-transport/settle/dsn_html.h
//
// What people read of a DSN, as HTML: the same words as the plain text, easier on the eye.
//
// Flow      HtmlForPeople gives a whole document for a text/html part.
// Limits    ASCII: every other character is a reference, so no transfer encoding is needed. Lines
//           are at most kHtmlLineMax bytes. No script, no image, no link: nothing is loaded, and no
//           word of a remote or of the original is markup.
// See       dsn_text.h; Exchange's DsnSendHtml

#pragma once

#include <string>
#include <string_view>

#include "services/mailbox-transport/settle/dsn.h"

namespace postern::settle {

inline constexpr std::size_t kHtmlLineMax = 800;

std::string HtmlForPeople(const Report& report, std::string_view headers);

// `text` with references for what HTML would take as markup and for what is not ASCII; bytes that
// are not UTF-8 become U+FFFD. Long lines are cut.
std::string HtmlText(std::string_view text);

}  // namespace postern::settle
