#include "common/directory/decode.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <set>

#include "google/protobuf/descriptor.h"

#include "common/base/check.h"
#include "common/base/text.h"

namespace postern::directory {

namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using Kind = YamlNode::Kind;

void Note(Decoded& decoded,
          int line,
          std::string_view path,
          std::optional<std::string_view> value,
          std::string_view rule) {
  std::string text(path);
  if (!text.empty()) text += ": ";
  if (value) text += base::Cat("\"", base::Printable(*value), "\": ");
  decoded.findings.push_back({line, base::Cat(text, rule)});
}

bool IsOneOf(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

bool LooksLikeNumber(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error != std::errc::invalid_argument && end == text.data() + text.size();
}

// What YAML reads as a boolean or a number when it has no quotes.
bool NeedsQuotes(const YamlNode& node) {
  if (!node.plain) return false;
  return IsOneOf(node.text, {"true", "True", "TRUE", "false", "False", "FALSE"}) ||
         LooksLikeNumber(node.text);
}

std::string UnknownField(const Descriptor& type, const std::string& name) {
  constexpr std::size_t kDistanceMax = 3;
  std::string nearest;
  std::size_t best = kDistanceMax + 1;
  const std::string lower = base::LowerAscii(name.substr(0, 64));
  for (int i = 0; i < type.field_count(); ++i) {
    const std::size_t distance =
        base::EditDistance(lower, base::LowerAscii(type.field(i)->json_name()));
    if (distance < best) {
      best = distance;
      nearest = type.field(i)->json_name();
    }
  }
  std::string rule = base::Cat("is not a field of ", type.name());
  if (!nearest.empty()) rule += base::Cat("; did you mean \"", nearest, "\"?");
  return rule;
}

const FieldDescriptor* FindField(const Descriptor& type, std::string_view name) {
  for (int i = 0; i < type.field_count(); ++i) {
    if (type.field(i)->json_name() == name) return type.field(i);
  }
  return nullptr;
}

std::string_view Expected(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return "text is expected";
    case FieldDescriptor::CPPTYPE_BOOL:
      return "true or false is expected";
    case FieldDescriptor::CPPTYPE_INT32:
      return "a whole number is expected";
    default:
      return "fields with values are expected";
  }
}

void SetText(const YamlNode& node,
             Message& message,
             const FieldDescriptor& field,
             const std::string& path,
             Decoded& decoded) {
  if (NeedsQuotes(node)) {
    return Note(decoded, node.line, path, node.text, "text is expected: put it in quotes");
  }
  const auto* reflection = message.GetReflection();
  if (field.is_repeated()) return reflection->AddString(&message, &field, node.text);
  reflection->SetString(&message, &field, node.text);
}

void SetBool(const YamlNode& node,
             Message& message,
             const FieldDescriptor& field,
             const std::string& path,
             Decoded& decoded) {
  const bool yes = IsOneOf(node.text, {"true", "True", "TRUE"});
  const bool no = IsOneOf(node.text, {"false", "False", "FALSE"});
  if (!node.plain || (!yes && !no)) {
    return Note(decoded, node.line, path, node.text, Expected(field));
  }
  message.GetReflection()->SetBool(&message, &field, yes);
}

void SetNumber(const YamlNode& node,
               Message& message,
               const FieldDescriptor& field,
               const std::string& path,
               Decoded& decoded) {
  std::int32_t number = 0;
  const char* end = node.text.data() + node.text.size();
  const auto [stop, error] = std::from_chars(node.text.data(), end, number);
  if (!node.plain || error == std::errc::invalid_argument || stop != end) {
    return Note(decoded, node.line, path, node.text, Expected(field));
  }
  if (error != std::errc()) {
    return Note(decoded, node.line, path, node.text, "does not fit into 32 bits");
  }
  message.GetReflection()->SetInt32(&message, &field, number);
}

// One value: of a single field, or one element of a list.
void DecodeValue(const YamlNode& node,
                 Message& message,
                 const FieldDescriptor& field,
                 const std::string& path,
                 Decoded& decoded) {
  if (node.kind == Kind::kNull) {
    // The place of nothing is after it, often on the next line: name the field's own line.
    const int line = decoded.lines.at(path);
    return Note(decoded, line, path, std::nullopt,
                "has no value: leave the field out or give it one");
  }
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    const auto* reflection = message.GetReflection();
    Message& inner = *(field.is_repeated() ? reflection->AddMessage(&message, &field)
                                           : reflection->MutableMessage(&message, &field));
    return DecodeInto(node, inner, path, decoded);
  }
  if (node.kind != Kind::kText) {
    return Note(decoded, node.line, path, std::nullopt, Expected(field));
  }
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return SetText(node, message, field, path, decoded);
    case FieldDescriptor::CPPTYPE_BOOL:
      return SetBool(node, message, field, path, decoded);
    case FieldDescriptor::CPPTYPE_INT32:
      return SetNumber(node, message, field, path, decoded);
    default:
      POSTERN_CHECK(false && "the schema has a field type that manifests do not know");
  }
}

void DecodeList(const YamlNode& node,
                Message& message,
                const FieldDescriptor& field,
                const std::string& path,
                Decoded& decoded) {
  POSTERN_CHECK(field.cpp_type() == FieldDescriptor::CPPTYPE_STRING ||
                field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE);
  if (node.kind != Kind::kList) {
    return Note(decoded, node.line, path, std::nullopt, "a list is expected");
  }
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    const std::string element = base::Cat(path, "[", i, "]");
    decoded.lines.emplace(element, node.children[i].line);
    DecodeValue(node.children[i], message, field, element, decoded);
  }
}

}  // namespace

void DecodeInto(const YamlNode& node, Message& message, const std::string& path, Decoded& decoded) {
  if (node.kind != Kind::kMap) {
    return Note(decoded, node.line, path, std::nullopt, "fields with values are expected");
  }
  const Descriptor& type = *message.GetDescriptor();
  std::set<std::string> seen;
  for (std::size_t i = 0; i + 1 < node.children.size(); i += 2) {
    const YamlNode& key = node.children[i];
    const YamlNode& value = node.children[i + 1];
    if (key.kind != Kind::kText) {
      Note(decoded, key.line, path, std::nullopt, "the name of a field is text");
      continue;
    }
    const std::string shown = base::Printable(key.text);
    const std::string field_path = path.empty() ? shown : base::Cat(path, ".", shown);
    const FieldDescriptor* field = FindField(type, key.text);
    if (field == nullptr) {
      Note(decoded, key.line, field_path, std::nullopt, UnknownField(type, key.text));
    } else if (!seen.insert(key.text).second) {
      Note(decoded, key.line, field_path, std::nullopt, "is given twice");
    } else {
      decoded.lines.emplace(field_path, key.line);
      if (field->is_repeated()) {
        DecodeList(value, message, *field, field_path, decoded);
      } else {
        DecodeValue(value, message, *field, field_path, decoded);
      }
    }
  }
}

}  // namespace postern::directory
