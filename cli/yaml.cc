#include "cli/yaml.h"

#include <algorithm>
#include <cstdio>
#include <string_view>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/text_format.h"

#include "cli/table.h"
#include "common/base/text.h"

namespace postern::cli {

namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr std::string_view kWordsOfYaml[] = {"true", "false", "yes", "no", "on",
                                             "off",  "null",  "y",   "n"};

bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Text that nobody takes for a number, a word of YAML or a sign of its grammar.
bool IsPlain(std::string_view text) {
  if (text.empty() || !IsLetter(text[0])) return false;
  for (const std::string_view word : kWordsOfYaml) {
    if (base::EqualsIgnoreCase(text, word)) return false;
  }
  return std::all_of(text.begin(), text.end(), [](char c) {
    return IsLetter(c) || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_' || c == '/';
  });
}

// The code point of a character of two or three bytes.
unsigned PointOf(std::string_view character) {
  unsigned point = static_cast<unsigned char>(character[0]) & (character.size() == 2 ? 0x1F : 0x0F);
  for (const char c : character.substr(1))
    point = point << 6 | (static_cast<unsigned char>(c) & 0x3F);
  return point;
}

std::string Escaped(unsigned point) {
  if (point == '"') return "\\\"";
  if (point == '\\') return "\\\\";
  if (point == '\n') return "\\n";
  if (point == '\t') return "\\t";
  char escape[16];
  std::snprintf(escape, sizeof escape, "\\u%04X", point);
  return escape;
}

std::string Scalar(std::string_view text) {
  if (IsPlain(text)) return std::string(text);
  std::string out = "\"";
  while (!text.empty()) {
    const auto byte = static_cast<unsigned char>(text[0]);
    std::size_t bytes = 1;
    if (const std::size_t unsafe = UnsafeAt(text)) {
      out += Escaped(PointOf(text.substr(0, unsafe)));
      bytes = unsafe;
    } else if (byte < 0x20 || byte == 0x7f || byte == '"' || byte == '\\') {
      out += Escaped(byte);
    } else {
      out.push_back(text[0]);
    }
    text.remove_prefix(bytes);
  }
  out.push_back('"');
  return out;
}

// `index` of a list, -1 of what is none.
std::string ScalarOf(const Message& message, const FieldDescriptor& field, int index) {
  const auto* reflection = message.GetReflection();
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
    return Scalar(index < 0 ? reflection->GetString(message, &field)
                            : reflection->GetRepeatedString(message, &field, index));
  }
  std::string text;
  google::protobuf::TextFormat::PrintFieldValueToString(message, &field, index, &text);
  return text;
}

// What is written: all that is set, and in an empty message its empty lists.
std::vector<const FieldDescriptor*> FieldsOf(const Message& message) {
  std::vector<const FieldDescriptor*> set;
  message.GetReflection()->ListFields(message, &set);
  if (!set.empty()) return set;
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    if (message.GetDescriptor()->field(i)->is_repeated())
      set.push_back(message.GetDescriptor()->field(i));
  }
  return set;
}

void Write(const Message& message, std::size_t indent, std::string& out);

// Of a list: "- " before the first line of each, two spaces before the others.
void WriteElement(const Message& element, std::size_t indent, std::string& out) {
  std::string lines;
  Write(element, indent + 2, lines);
  lines.replace(0, indent + 2, base::Cat(std::string(indent, ' '), "- "));
  out += lines;
}

void WriteList(const Message& message,
               const FieldDescriptor& field,
               std::size_t indent,
               std::string& out) {
  const int size = message.GetReflection()->FieldSize(message, &field);
  if (size == 0) out.replace(out.size() - 1, 1, " []\n");
  for (int i = 0; i < size; ++i) {
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      WriteElement(message.GetReflection()->GetRepeatedMessage(message, &field, i), indent, out);
    } else {
      out += base::Cat(std::string(indent, ' '), "- ", ScalarOf(message, field, i), "\n");
    }
  }
}

void Write(const Message& message, std::size_t indent, std::string& out) {
  const auto fields = FieldsOf(message);
  if (fields.empty()) out += base::Cat(std::string(indent, ' '), "{}\n");
  for (const FieldDescriptor* field : fields) {
    out += base::Cat(std::string(indent, ' '), field->json_name(), ":");
    if (field->is_repeated()) {
      out.push_back('\n');
      WriteList(message, *field, indent + 2, out);
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      out.push_back('\n');
      Write(message.GetReflection()->GetMessage(message, field), indent + 2, out);
    } else {
      out += base::Cat(" ", ScalarOf(message, *field, -1), "\n");
    }
  }
}

}  // namespace

std::string ToYaml(const Message& message) {
  std::string out;
  Write(message, 0, out);
  return out;
}

}  // namespace postern::cli
