#include "services/mailbox-transport/accept/rules.h"

#include <gtest/gtest.h>

#include "services/mailbox-transport/model/message.h"

namespace postern::accept {
namespace {

TEST(RulesTest, TheDefaultsOfSettingsAndRulesAreTheSame) {
  const Rules from = RulesFrom(AcceptSettings(), Policy());
  const Rules plain;
  EXPECT_EQ(from.header_bytes_max, plain.header_bytes_max);
  EXPECT_EQ(from.line_bytes_max, plain.line_bytes_max);
  EXPECT_EQ(from.command_bytes_max, plain.command_bytes_max);
  EXPECT_EQ(from.hop_count_max, plain.hop_count_max);
  EXPECT_EQ(from.connections_max, plain.connections_max);
  EXPECT_EQ(from.connections_per_source_max, plain.connections_per_source_max);
  EXPECT_EQ(from.idle_timeout, plain.idle_timeout);
  EXPECT_EQ(from.session_timeout, plain.session_timeout);
  EXPECT_EQ(from.protocol_errors_max, plain.protocol_errors_max);
  EXPECT_EQ(from.tarpit_interval, plain.tarpit_interval);
  EXPECT_EQ(from.auth_failures_max, plain.auth_failures_max);
  EXPECT_EQ(from.auth_wait_first, plain.auth_wait_first);
  EXPECT_EQ(from.auth_wait_max, plain.auth_wait_max);
}

TEST(RulesTest, SettingsAndPolicyAreTaken) {
  AcceptSettings settings;
  settings.hop_count_max.value = 7;
  settings.messages_per_minute.value = 11;
  settings.recipients_per_minute.value = 13;
  Policy policy;
  policy.max_receive_size = 17;
  const Rules rules = RulesFrom(settings, policy);
  EXPECT_EQ(rules.hop_count_max, 7u);
  EXPECT_EQ(rules.rates.messages_per_minute, 11);
  EXPECT_EQ(rules.rates.recipients_per_minute, 13);
  EXPECT_EQ(rules.policy.max_receive_size, 17u);
}

TEST(RulesTest, ARelayedMessageIsJudgedForItsHopsAlone) {
  Rules rules;
  rules.policy.max_receive_size = 1000;
  rules.hop_count_max = 7;
  const Rules relay = ForRelay(rules);
  EXPECT_EQ(relay.hop_count_max, 7u);
  EXPECT_GT(relay.policy.max_receive_size, std::uint64_t{1} << 60);
  EXPECT_GT(relay.line_bytes_max, std::size_t{1} << 60);
  EXPECT_GE(relay.header_bytes_max, rules.header_bytes_max + 20 * 1000);
  EXPECT_LT(relay.header_bytes_max, model::kChunkBytes) << "a header block is in one window";
}

}  // namespace
}  // namespace postern::accept
