#include "common/kubernetes/json.h"

#include <cmath>
#include <map>
#include <utility>

#include "google/protobuf/util/json_util.h"

#include "common/base/check.h"
#include "common/base/text.h"
#include "common/mail/utf8.h"

namespace postern::kubernetes {

namespace {

using directory::YamlNode;

// Beyond it a double does not hold every whole number.
constexpr double kWholeMax = 9007199254740992.0;

std::string NumberText(double number) {
  if (std::trunc(number) == number && std::abs(number) <= kWholeMax) {
    return std::to_string(static_cast<std::int64_t>(number));
  }
  return std::to_string(number);
}

// Looked at before protobuf does, whose time grows with the square of the nesting.
bool IsTooDeep(std::string_view text) {
  constexpr int kDepthMax = 64;
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted && c == '\\') {
      ++i;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && (c == '{' || c == '[')) {
      if (++depth > kDepthMax) return true;
    } else if (!quoted && (c == '}' || c == ']')) {
      --depth;
    }
  }
  return false;
}

YamlNode PlainNode(std::string text) {
  YamlNode node;
  node.kind = YamlNode::Kind::kText;
  node.plain = true;
  node.text = std::move(text);
  return node;
}

// By name: the order of protobuf's maps differs from one to the next, and with it that of findings.
YamlNode FieldsNode(const google::protobuf::Struct& fields) {
  std::map<std::string_view, const Json*> sorted;
  for (const auto& [name, field] : fields.fields())
    sorted.emplace(name, &field);
  YamlNode node;
  node.kind = YamlNode::Kind::kMap;
  for (const auto& [name, field] : sorted) {
    // To the API server null is a field that is left out.
    if (field->has_null_value()) continue;
    node.children.push_back(TextNode(name));
    node.children.push_back(ToNode(*field));
  }
  return node;
}

}  // namespace

absl::StatusOr<Json> ParseJson(std::string_view text) {
  if (IsTooDeep(text)) return absl::InvalidArgumentError("is nested more than 64 deep");
  Json value;
  const auto parsed = google::protobuf::util::JsonStringToMessage(
      google::protobuf::StringPiece(text.data(), text.size()), &value);
  if (parsed.ok()) return value;
  const auto words = parsed.message();
  return base::Error(absl::StatusCode::kInvalidArgument,
                     "is not JSON: ", base::Printable({words.data(), words.size()}));
}

std::string WriteJson(const Json& value) {
  std::string text;
  POSTERN_CHECK(google::protobuf::util::MessageToJsonString(value, &text).ok());
  return text;
}

const Json* Find(const Json& value, Path path) {
  const Json* at = &value;
  for (const std::string_view name : path) {
    if (!at->has_struct_value()) return nullptr;
    const auto& fields = at->struct_value().fields();
    const auto found = fields.find(std::string(name));
    if (found == fields.end()) return nullptr;
    at = &found->second;
  }
  return at;
}

std::string TextAt(const Json& value, Path path) {
  const Json* const found = Find(value, path);
  return found == nullptr ? "" : found->string_value();
}

std::int64_t NumberAt(const Json& value, Path path) {
  const Json* const found = Find(value, path);
  if (found == nullptr || std::abs(found->number_value()) > kWholeMax) return 0;
  return static_cast<std::int64_t>(found->number_value());
}

Json& At(Json& value, Path path) {
  Json* at = &value;
  for (const std::string_view name : path)
    at = &(*at->mutable_struct_value()->mutable_fields())[std::string(name)];
  return *at;
}

void SetText(Json& value, Path path, std::string_view text) {
  // JSON is UTF-8.
  At(value, path)
      .set_string_value(mail::IsUtf8(text) ? std::string(text)
                                           : base::Printable(text, text.size()));
}

void SetNumber(Json& value, Path path, std::int64_t number) {
  At(value, path).set_number_value(static_cast<double>(number));
}

YamlNode ToNode(const Json& value) {
  YamlNode node;
  switch (value.kind_case()) {
    case Json::kStringValue:
      return TextNode(value.string_value());
    case Json::kBoolValue:
      return PlainNode(value.bool_value() ? "true" : "false");
    case Json::kNumberValue:
      return PlainNode(NumberText(value.number_value()));
    case Json::kListValue:
      node.kind = YamlNode::Kind::kList;
      for (const Json& element : value.list_value().values())
        node.children.push_back(ToNode(element));
      return node;
    case Json::kStructValue:
      return FieldsNode(value.struct_value());
    default:
      return node;
  }
}

YamlNode MapNode(std::initializer_list<std::pair<std::string_view, YamlNode>> fields) {
  YamlNode node;
  node.kind = YamlNode::Kind::kMap;
  for (const auto& [name, value] : fields) {
    node.children.push_back(TextNode(name));
    node.children.push_back(value);
  }
  return node;
}

YamlNode TextNode(std::string_view text) {
  YamlNode node;
  node.kind = YamlNode::Kind::kText;
  node.text = std::string(text);
  return node;
}

}  // namespace postern::kubernetes
