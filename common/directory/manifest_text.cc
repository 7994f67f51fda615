#include "common/directory/manifest_text.h"

#include <variant>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

#include "common/base/check.h"
#include "common/base/text.h"
#include "common/observe/json_text.h"

namespace postern::directory {

namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

class Writer {
 public:
  // `first` stands before the first field, "  " times `depth` before the others.
  void Fields(const Message& message, const std::string& first, int depth) {
    std::vector<const FieldDescriptor*> fields;
    message.GetReflection()->ListFields(message, &fields);
    const std::string indent(static_cast<std::size_t>(depth) * 2, ' ');
    const std::string* before = &first;
    for (const FieldDescriptor* field : fields) {
      text += base::Cat(*before, field->json_name(), ":");
      if (field->is_repeated()) {
        List(message, *field, depth);
      } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        Inner(message.GetReflection()->GetMessage(message, field), depth);
      } else {
        text += " ";
        Value(message, *field, -1);
        text += "\n";
      }
      before = &indent;
    }
  }

  std::string text;

 private:
  static bool Empty(const Message& message) {
    std::vector<const FieldDescriptor*> fields;
    message.GetReflection()->ListFields(message, &fields);
    return fields.empty();
  }

  void Inner(const Message& message, int depth) {
    if (Empty(message)) {
      text += " {}\n";  // that it is there says something
      return;
    }
    text += "\n";
    Fields(message, std::string(static_cast<std::size_t>(depth + 1) * 2, ' '), depth + 1);
  }

  void List(const Message& message, const FieldDescriptor& field, int depth) {
    const auto* reflection = message.GetReflection();
    const std::string dash = std::string(static_cast<std::size_t>(depth + 1) * 2, ' ') + "- ";
    text += "\n";
    for (int i = 0; i < reflection->FieldSize(message, &field); ++i) {
      if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        const Message& element = reflection->GetRepeatedMessage(message, &field, i);
        if (Empty(element)) {
          text += dash + "{}\n";
        } else {
          Fields(element, dash, depth + 2);
        }
      } else {
        text += dash;
        Value(message, field, i);
        text += "\n";
      }
    }
  }

  // The value, or the element `index` of a list.
  void Value(const Message& message, const FieldDescriptor& field, int index) {
    const auto* reflection = message.GetReflection();
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        observe::AppendJsonString(
            text, index < 0 ? reflection->GetString(message, &field)
                            : reflection->GetRepeatedString(message, &field, index));
        return;
      case FieldDescriptor::CPPTYPE_BOOL:
        POSTERN_CHECK(index < 0);
        text += reflection->GetBool(message, &field) ? "true" : "false";
        return;
      case FieldDescriptor::CPPTYPE_INT32:
        POSTERN_CHECK(index < 0);
        text += std::to_string(reflection->GetInt32(message, &field));
        return;
      default:
        POSTERN_CHECK(false && "the schema has a field type that manifests do not know");
    }
  }
};

}  // namespace

std::string ManifestText(const Manifest::Object& object) {
  Writer writer;
  std::visit([&](const auto& held) { writer.Fields(held, "", 0); }, object);
  return std::move(writer.text);
}

}  // namespace postern::directory
