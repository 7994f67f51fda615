// common/kubernetes/probe.h
//
// The metrics of what this server tells the API server.
//
// Lifetime  What is given outlives the registry's use; null where there is no API server.

#pragma once

#include "common/observe/metrics.h"

namespace postern::kubernetes {

class Presence;
class StatusWriter;

void AddReadings(observe::Registry& registry, const Presence* presence, const StatusWriter* writer);

}  // namespace postern::kubernetes
