// common/connector/condition.h
//
// The condition Ready of a resource, and what a connector lacks that is not ready.
//
// See       proto/postern/v1/resources.proto

#pragma once

#include <string>
#include <string_view>

#include "postern/v1/resources.pb.h"

namespace postern::connector {

// What is missing for mail to be sent: the reason in one word, and a sentence that says what to do.
struct NotReady {
  std::string reason;
  std::string message;

  bool operator==(const NotReady&) const = default;
};

// `status` is "True", "False" or "Unknown".
v1::Condition ReadyIs(std::string_view status, std::string_view reason, std::string_view message);

}  // namespace postern::connector
