#include "common/connector/condition.h"

namespace postern::connector {

v1::Condition ReadyIs(std::string_view status, std::string_view reason, std::string_view message) {
  v1::Condition condition;
  condition.set_type("Ready");
  condition.set_status(std::string(status));
  condition.set_reason(std::string(reason));
  condition.set_message(std::string(message));
  return condition;
}

}  // namespace postern::connector
