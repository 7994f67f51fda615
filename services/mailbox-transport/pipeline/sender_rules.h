// services/mailbox-transport/pipeline/sender_rules.h
//
// The rules of DSNs as the directory has them, with the server's settings where it says nothing.
//
// See       settle/sender_rules.h; docs/exchange.md "The organization"

#pragma once

#include "common/directory/snapshot.h"
#include "services/mailbox-transport/settle/sender_rules.h"

namespace postern::pipeline {

// Keeps the snapshot as long as the rules.
settle::SenderRules SenderRulesOf(const directory::SnapshotPtr& snapshot,
                                  const settle::SettleSettings& settings);

}  // namespace postern::pipeline
