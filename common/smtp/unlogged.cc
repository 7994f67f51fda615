#include "common/smtp/unlogged.h"

#include "common/base/text.h"
#include "common/observe/log.h"

namespace postern::smtp {

bool Unlogged::Note(const std::string& connector) {
  {
    const std::lock_guard lock(mutex_);
    if (connectors_.size() >= kUnloggedMax || !connectors_.insert(connector).second) return false;
  }
  POSTERN_LOG(kWarning, step_,
              "the connector has protocolLoggingLevel Verbose, but no protocol log is written",
              {{"connector", connector}, {"why", base::Cat(setting_, " is empty")}});
  return true;
}

}  // namespace postern::smtp
