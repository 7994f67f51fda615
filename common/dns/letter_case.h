// common/dns/letter_case.h
//
// The letters of a question in random case, which its answer must repeat: more that a forger has to
// guess than the id.
//
// Flow      MixCase before a question is sent; an answer counts when QuestionOf both is the same.
// See       draft-vixie-dnsext-dns0x20; RFC 5452 §9.3

#pragma once

#include <string>
#include <string_view>

#include "common/base/random.h"

namespace postern::dns {

// In a message with one question.
void MixCase(std::string& message, base::Random& random);

// The bytes of the first question: name, type and class; empty where there is none.
std::string_view QuestionOf(std::string_view message);

}  // namespace postern::dns
