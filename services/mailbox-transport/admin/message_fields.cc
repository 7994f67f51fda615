#include "services/mailbox-transport/admin/message_fields.h"

#include <vector>

#include "common/base/text.h"

namespace postern::admin {

namespace {

using Kind = FieldForm::Kind;

struct MessageProperty {
  FieldForm form;
  FieldValue (*value)(const MessageRow& row);
};

std::string QueueOf(const MessageRow& row) {
  return base::Cat(row.server, "\\", row.standing.queue);
}

const MessageProperty kMessageProperties[] = {
    {{"Identity", Kind::kText},
     [](const MessageRow& row) {
       return TextOrNull(base::Cat(QueueOf(row), "\\", row.message.id.ToString()));
     }},
    {{"Queue", Kind::kText}, [](const MessageRow& row) { return TextOrNull(QueueOf(row)); }},
    {{"FromAddress", Kind::kText},
     [](const MessageRow& row) {
       const std::string& sender = row.message.envelope.sender;
       return TextOrNull(sender.empty() ? "<>" : std::string_view(sender));
     }},
    {{"Status", Kind::kWord,
      "Ready, Active, Retry, Suspended, PendingRemove, PendingSuspend, Locked, None"},
     [](const MessageRow& row) { return TextOrNull(queue::NameOf(row.standing.ticket.status)); }},
    {{"Subject", Kind::kText},
     [](const MessageRow& row) { return TextOrNull(row.message.subject); }},
    {{"Size", Kind::kSize}, [](const MessageRow& row) { return CountValue(row.message.size); }},
    {{"MessageSourceName", Kind::kText},
     [](const MessageRow& row) { return TextOrNull(row.message.source_name); }},
    {{"SourceIP", Kind::kText},
     [](const MessageRow& row) { return TextOrNull(row.message.source_ip); }},
    {{"DateReceived", Kind::kTime},
     [](const MessageRow& row) { return TimeOrNull(row.message.accepted); }},
    {{"ExpirationTime", Kind::kTime},
     [](const MessageRow& row) { return TimeOrNull(row.message.expires); }},
    {{"NextAttempt", Kind::kTime},
     [](const MessageRow& row) { return TimeOrNull(row.standing.ticket.due); }},
    {{"LastError", Kind::kText},
     [](const MessageRow& row) { return TextOrNull(LastErrorOf(row.message, row.standing)); }},
    {{"RetryCount", Kind::kNumber},
     [](const MessageRow& row) { return CountValue(RetryCountOf(row.message, row.standing)); }},
    {{"Priority", Kind::kWord, "High, Normal, Low"},
     [](const MessageRow& row) { return TextOrNull(model::NameOf(row.message.priority)); }},
    {{"DeferReason", Kind::kWord, "None, Transient Failure"},
     [](const MessageRow& row) { return TextOrNull(DeferReasonOf(row.message, row.standing)); }},
    {{"InternetMessageId", Kind::kText},
     [](const MessageRow& row) { return TextOrNull(row.message.internet_message_id); }},
    {{"MessageLatency", Kind::kSpan},
     [](const MessageRow& row) { return FieldValue(row.now - row.message.accepted); }},
    {{"RequireTls", Kind::kFlag},
     [](const MessageRow& row) { return FieldValue(row.message.envelope.require_tls); }},
};

}  // namespace

std::span<const FieldForm> MessageFields() {
  static const std::vector<FieldForm>* const forms = [] {
    auto* all = new std::vector<FieldForm>();
    for (const MessageProperty& property : kMessageProperties)
      all->push_back(property.form);
    return all;
  }();
  return *forms;
}

FieldValue MessageField(std::size_t field, const MessageRow& row) {
  return kMessageProperties[field].value(row);
}

}  // namespace postern::admin
