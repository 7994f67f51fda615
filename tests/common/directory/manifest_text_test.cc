#include "common/directory/manifest_text.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include <google/protobuf/util/message_differencer.h>

#include "tests/common/directory/directory_folder.h"

namespace postern::directory {
namespace {

using testing::ResourceFrom;

v1::Resource ReadBack(const v1::Resource& resource, std::string* text) {
  *text = ManifestText(ToManifestObject(resource));
  std::vector<ManifestError> errors;
  const auto manifests = ParseManifests("written", *text, errors);
  EXPECT_TRUE(errors.empty()) << errors.front().ToString() << "\n" << *text;
  return manifests.empty() ? v1::Resource() : ToResource(manifests.front().object);
}

// Gives every field a value, each text another hard one.
void Fill(google::protobuf::Message& message, int& number) {
  const char* const texts[] = {"plain",        "true",    "25",       "",         "a: b # c",
                               "\"quoted\"",   "'q'",     "back\\sl", "\ttab",    "line\nend",
                               "- dash",       "{curly}", "*alias",   "&anchor",  "~",
                               "\xC3\xBC",     "\x7f",    "null",     "\xC2\x85", "\xE2\x80\xA8",
                               "\xEF\xBB\xBF", "\\N",     "%YAML"};
  const auto* reflection = message.GetReflection();
  const auto* type = message.GetDescriptor();
  for (int i = 0; i < type->field_count(); ++i) {
    const auto* field = type->field(i);
    const std::string text = texts[static_cast<std::size_t>(++number) % std::size(texts)];
    switch (field->cpp_type()) {
      case google::protobuf::FieldDescriptor::CPPTYPE_STRING:
        if (field->is_repeated()) {
          reflection->AddString(&message, field, text);
          reflection->AddString(&message, field, "more");
        } else {
          reflection->SetString(&message, field, text);
        }
        break;
      case google::protobuf::FieldDescriptor::CPPTYPE_BOOL:
        reflection->SetBool(&message, field, number % 2 == 0);
        break;
      case google::protobuf::FieldDescriptor::CPPTYPE_INT32:
        reflection->SetInt32(&message, field, -number);
        break;
      default:
        if (field->is_repeated()) {
          Fill(*reflection->AddMessage(&message, field), number);
          Fill(*reflection->AddMessage(&message, field), number);
        } else {
          Fill(*reflection->MutableMessage(&message, field), number);
        }
    }
  }
}

TEST(ManifestTextTest, EveryFieldOfEveryKindIsReadBack) {
  for (std::size_t kind = 0; kind < kKinds; ++kind) {
    for (int round = 0; round < 23; ++round) {
      Manifest::Object object = *MakeObject(NameOf(static_cast<Kind>(kind)));
      std::visit(
          [&](auto& held) {
            int number = round;
            Fill(held, number);
            held.set_api_version("postern.dev/v1");
            held.set_kind(held.GetDescriptor()->name());
          },
          object);
      const v1::Resource given = ToResource(ToManifestObject(ToResource(object)));
      std::string text;
      const v1::Resource read = ReadBack(given, &text);
      EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(given, read)) << text;
    }
  }
}

TEST(ManifestTextTest, ReadsLikeAManifestByHand) {
  const auto connector = testing::Named(
      testing::ConnectorFrom("Internet",
                             "permissions: {grants: [{user: AnonymousLogon, deny: true},"
                             "{user: PartnerServers}]}, enabled: false, port: 25"),
      "internet");
  EXPECT_EQ(ManifestText(ToManifestObject(connector)),
            "apiVersion: \"postern.dev/v1\"\n"
            "kind: \"SendConnector\"\n"
            "metadata:\n"
            "  name: \"internet\"\n"
            "spec:\n"
            "  name: \"Internet\"\n"
            "  enabled: false\n"
            "  addressSpaces:\n"
            "    - \"*\"\n"
            "  port: 25\n"
            "  sourceTransportServers:\n"
            "    - \"mbx-0\"\n"
            "  permissions:\n"
            "    grants:\n"
            "      - user: \"AnonymousLogon\"\n"
            "        deny: true\n"
            "      - user: \"PartnerServers\"\n");
}

// Permissions without a grant are not the same as no permissions.
TEST(ManifestTextTest, WhatIsEmptyAndThereIsWritten) {
  const auto connector = testing::ConnectorFrom("A", "permissions: {}");
  std::string text;
  EXPECT_TRUE(ReadBack(connector, &text).send_connector().spec().has_permissions()) << text;
  const auto without = testing::ConnectorFrom("A");
  EXPECT_FALSE(ReadBack(without, &text).send_connector().spec().has_permissions()) << text;
}

}  // namespace
}  // namespace postern::directory
