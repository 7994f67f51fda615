// services/mailbox-transport/admin/message_fields.h
//
// The properties of a message in a queue by which administrators filter and sort. Pure.
//
// Flow      MessageFields() for Filter and SortOrder; MessageField(place, row).
// See       Exchange's Get-Message; docs/exchange.md

#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "services/mailbox-transport/admin/field_value.h"
#include "services/mailbox-transport/admin/message_info.h"

namespace postern::admin {

std::span<const FieldForm> MessageFields();
FieldValue MessageField(std::size_t field, const MessageRow& row);

}  // namespace postern::admin
