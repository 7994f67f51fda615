// services/mailbox-transport/admin/queue_fields.h
//
// The properties of a queue by which administrators filter and sort. Pure.
//
// Flow      QueueFields() for Filter and SortOrder; QueueField(place, queue, server).
// See       Exchange's Get-Queue; docs/exchange.md

#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "services/mailbox-transport/admin/field_value.h"
#include "services/mailbox-transport/admin/queue_names.h"

namespace postern::admin {

// One of ours, or one that only Exchange has: no queue is of it.
bool IsDeliveryType(std::string_view word);

std::span<const FieldForm> QueueFields();
FieldValue QueueField(std::size_t field, const NamedQueue& queue, std::string_view server);

}  // namespace postern::admin
