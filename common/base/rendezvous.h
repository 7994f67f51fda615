// common/base/rendezvous.h
//
// Rendezvous hashing: who of several has a key, so that everyone who asks gets the same answer and
// a key moves only when its owner goes.
//
// Flow      The one with the greatest RendezvousWeight has the key; the next greatest is the next.

#pragma once

#include <cstdint>
#include <string_view>

namespace postern::base {

std::uint64_t RendezvousWeight(std::string_view who, std::string_view key);

}  // namespace postern::base
