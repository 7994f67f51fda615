#include "common/connector/parameters.h"

#include <algorithm>
#include <set>
#include <string>

#include "gtest/gtest.h"

#include "common/base/text.h"
#include "postern/v1/resources.pb.h"

namespace postern::connector {
namespace {

const google::protobuf::FieldDescriptor* FieldOf(const Parameter& parameter) {
  const auto* type = v1::SendConnectorSpec::descriptor();
  for (int i = 0; i < type->field_count(); ++i) {
    if (type->field(i)->json_name() == parameter.field) return type->field(i);
  }
  return nullptr;
}

TEST(ParametersTest, EveryFieldOfAConnectorIsAParameterAndTheReverse) {
  std::set<std::string_view> fields;
  for (const Parameter& parameter : SendConnectorParameters()) {
    if (parameter.field.empty()) continue;
    EXPECT_NE(FieldOf(parameter), nullptr) << parameter.name;
    fields.insert(parameter.field);
  }
  EXPECT_EQ(fields.size(),
            static_cast<std::size_t>(v1::SendConnectorSpec::descriptor()->field_count()));
}

TEST(ParametersTest, TheFormFitsTheField) {
  using google::protobuf::FieldDescriptor;
  for (const Parameter& parameter : SendConnectorParameters()) {
    const FieldDescriptor* field = FieldOf(parameter);
    if (field == nullptr || parameter.standing == Parameter::Standing::kUsage) continue;
    const bool list =
        parameter.form == Parameter::Form::kList || parameter.form == Parameter::Form::kWords;
    EXPECT_EQ(field->is_repeated(), list) << parameter.name;
    EXPECT_EQ(field->cpp_type() == FieldDescriptor::CPPTYPE_BOOL,
              parameter.form == Parameter::Form::kFlag)
        << parameter.name;
    EXPECT_EQ(field->cpp_type() == FieldDescriptor::CPPTYPE_INT32,
              parameter.form == Parameter::Form::kNumber)
        << parameter.name;
  }
}

TEST(ParametersTest, TheTableIsInOrderAndFoundWithoutRegardToCase) {
  const auto table = SendConnectorParameters();
  EXPECT_TRUE(std::is_sorted(table.begin(), table.end(), [](const auto& a, const auto& b) {
    return base::LowerAscii(a.name) < base::LowerAscii(b.name);
  }));
  ASSERT_NE(FindParameter(table, "requiretls"), nullptr);
  EXPECT_EQ(FindParameter(table, "requiretls")->field, "requireTls");
  EXPECT_EQ(FindParameter(table, "Require"), nullptr);
}

TEST(ParametersTest, EachSaysWhatItDoes) {
  for (const Parameter& parameter : SendConnectorParameters()) {
    EXPECT_TRUE(parameter.effect.ends_with('.')) << parameter.name;
    if (parameter.standing == Parameter::Standing::kField) {
      EXPECT_FALSE(parameter.values.empty() || parameter.fallback.empty()) << parameter.name;
    }
  }
}

}  // namespace
}  // namespace postern::connector
