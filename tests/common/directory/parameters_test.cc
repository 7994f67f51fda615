#include "common/directory/parameters.h"

#include <algorithm>
#include <set>
#include <string>

#include "gtest/gtest.h"

#include "common/base/text.h"
#include "postern/v1/resources.pb.h"

namespace postern::directory {
namespace {

using connector::Parameter;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

struct KindSpec {
  const char* kind;
  const Descriptor* spec;
};

const KindSpec kKindSpecs[] = {
    {"SendConnector", v1::SendConnectorSpec::descriptor()},
    {"Site", v1::SiteSpec::descriptor()},
    {"SiteLink", v1::SiteLinkSpec::descriptor()},
    {"TransportServer", v1::TransportServerSpec::descriptor()},
    {"AcceptedDomain", v1::AcceptedDomainSpec::descriptor()},
    {"TransportConfig", v1::TransportConfigSpec::descriptor()},
};

const FieldDescriptor* SpecField(const Descriptor& spec, std::string_view name) {
  for (int i = 0; i < spec.field_count(); ++i) {
    if (spec.field(i)->json_name() == name) return spec.field(i);
  }
  return nullptr;
}

TEST(DirectoryParameters, EveryFieldOfEveryKindHasAParameterOfItsForm) {
  for (const KindSpec& row : kKindSpecs) {
    std::set<std::string_view> named;
    for (const Parameter& parameter : ParametersOf(row.kind)) {
      const FieldDescriptor* field = SpecField(*row.spec, parameter.field);
      if (field == nullptr) {
        // The name of the other kinds is metadata.name.
        EXPECT_TRUE(parameter.field.empty() || parameter.field == "name")
            << row.kind << " " << parameter.name;
        continue;
      }
      named.insert(parameter.field);
      if (parameter.standing == Parameter::Standing::kUsage) continue;
      const bool list =
          parameter.form == Parameter::Form::kList || parameter.form == Parameter::Form::kWords;
      EXPECT_EQ(field->is_repeated(), list) << row.kind << " " << parameter.name;
      EXPECT_EQ(field->cpp_type() == FieldDescriptor::CPPTYPE_BOOL,
                parameter.form == Parameter::Form::kFlag)
          << row.kind << " " << parameter.name;
      EXPECT_EQ(field->cpp_type() == FieldDescriptor::CPPTYPE_INT32,
                parameter.form == Parameter::Form::kNumber)
          << row.kind << " " << parameter.name;
    }
    EXPECT_EQ(named.size(), static_cast<std::size_t>(row.spec->field_count())) << row.kind;
  }
}

TEST(DirectoryParameters, TablesAreInOrderAndSayWhatEachDoes) {
  for (const KindSpec& row : kKindSpecs) {
    const auto table = ParametersOf(row.kind);
    EXPECT_TRUE(std::is_sorted(table.begin(), table.end(),
                               [](const Parameter& a, const Parameter& b) {
                                 return base::LowerAscii(a.name) < base::LowerAscii(b.name);
                               }))
        << row.kind;
    for (const Parameter& parameter : table)
      EXPECT_TRUE(parameter.effect.ends_with('.')) << row.kind << " " << parameter.name;
  }
}

TEST(DirectoryParameters, OtherWordsHaveNone) {
  EXPECT_TRUE(ParametersOf("Mailbox").empty());
}

}  // namespace
}  // namespace postern::directory
