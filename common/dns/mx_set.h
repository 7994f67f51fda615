// common/dns/mx_set.h
//
// The name of an MX set: domains whose mail exchangers have the same names and preferences have the
// same one, in whatever order the DNS gives them.
//
// Limits    kMxSetNameMax bytes: of a longer list its beginning, with a hash of the whole.
// See       docs/queues.md "Domains that share their mail exchangers"

#pragma once

#include <string>
#include <vector>

#include "common/dns/resolver.h"

namespace postern::dns {

inline constexpr std::size_t kMxSetNameMax = 200;

// "10 mx1.example.net, 20 mx2.example.net"; empty for no records, and with a null MX among them.
std::string MxSetName(const std::vector<MxRecord>& records);

}  // namespace postern::dns
