#include "cli/resource_fields.h"

#include <charconv>

#include "common/base/check.h"
#include "common/base/slug.h"
#include "common/base/text.h"
#include "common/connector/send_connector.h"

namespace postern::cli {

namespace {

// The field of Resource that holds the object; null when none does.
const FieldDescriptor* HeldBy(const v1::Resource& resource) {
  return resource.GetReflection()->GetOneofFieldDescriptor(
      resource, v1::Resource::descriptor()->oneof_decl(0));
}

const FieldDescriptor& PartOf(const Message& object, const char* name) {
  const FieldDescriptor* field = object.GetDescriptor()->FindFieldByName(name);
  POSTERN_CHECK(field != nullptr);
  return *field;
}

const Message& Part(const v1::Resource& resource, const char* name) {
  const Message& object = ObjectOf(resource);
  return object.GetReflection()->GetMessage(object, &PartOf(object, name));
}

Message& Part(v1::Resource& resource, const char* name) {
  Message& object = ObjectOf(resource);
  return *object.GetReflection()->MutableMessage(&object, &PartOf(object, name));
}

std::string TextOf(const Message& spec, const FieldDescriptor& field) {
  const auto* reflection = spec.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection->GetBool(spec, &field) ? "true" : "false";
    case FieldDescriptor::CPPTYPE_INT32:
      return std::to_string(reflection->GetInt32(spec, &field));
    case FieldDescriptor::CPPTYPE_MESSAGE: {
      const Message& inner = reflection->GetMessage(spec, &field);
      return inner.GetDescriptor() == v1::SecretReference::descriptor()
                 ? static_cast<const v1::SecretReference&>(inner).secret_name()
                 : inner.ShortDebugString();
    }
    default:
      return reflection->GetString(spec, &field);
  }
}

void SetText(Message& spec, const FieldDescriptor& field, const std::string& text) {
  const auto* reflection = spec.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection->SetBool(&spec, &field, text == "true");
    case FieldDescriptor::CPPTYPE_INT32: {
      std::int32_t number = 0;
      std::from_chars(text.data(), text.data() + text.size(), number);
      return reflection->SetInt32(&spec, &field, number);
    }
    case FieldDescriptor::CPPTYPE_MESSAGE: {
      Message& inner = *reflection->MutableMessage(&spec, &field);
      POSTERN_CHECK(inner.GetDescriptor() == v1::SecretReference::descriptor());
      return static_cast<v1::SecretReference&>(inner).set_secret_name(text);
    }
    default:
      return reflection->SetString(&spec, &field, text);
  }
}

}  // namespace

v1::Resource NewResource(std::string_view kind) {
  v1::Resource resource;
  for (int i = 0; i < v1::Resource::descriptor()->field_count(); ++i) {
    const FieldDescriptor* field = v1::Resource::descriptor()->field(i);
    if (field->message_type()->name() != kind) continue;
    Message& object = *resource.GetReflection()->MutableMessage(&resource, field);
    const auto* reflection = object.GetReflection();
    reflection->SetString(&object, &PartOf(object, "api_version"),
                          std::string(connector::kApiVersion));
    reflection->SetString(&object, &PartOf(object, "kind"), std::string(kind));
    reflection->MutableMessage(&object, &PartOf(object, "spec"));
    return resource;
  }
  POSTERN_CHECK(false && "the schema has no such kind");
}

bool HoldsNone(const v1::Resource& resource) {
  return HeldBy(resource) == nullptr;
}

const Message& ObjectOf(const v1::Resource& resource) {
  const FieldDescriptor* field = HeldBy(resource);
  POSTERN_CHECK(field != nullptr);
  return resource.GetReflection()->GetMessage(resource, field);
}

Message& ObjectOf(v1::Resource& resource) {
  const FieldDescriptor* field = HeldBy(resource);
  POSTERN_CHECK(field != nullptr);
  return *resource.GetReflection()->MutableMessage(&resource, field);
}

std::string KindOf(const v1::Resource& resource) {
  return ObjectOf(resource).GetDescriptor()->name();
}

const v1::ObjectMeta& MetadataOf(const v1::Resource& resource) {
  return static_cast<const v1::ObjectMeta&>(Part(resource, "metadata"));
}

v1::ObjectMeta& MetadataOf(v1::Resource& resource) {
  return static_cast<v1::ObjectMeta&>(Part(resource, "metadata"));
}

const Message& SpecOf(const v1::Resource& resource) {
  return Part(resource, "spec");
}

Message& SpecOf(v1::Resource& resource) {
  return Part(resource, "spec");
}

std::string NameOf(const v1::Resource& resource) {
  const Message& spec = SpecOf(resource);
  const FieldDescriptor* name = FindField(spec, "name");
  const std::string text = name == nullptr ? "" : TextOf(spec, *name);
  return text.empty() ? MetadataOf(resource).name() : text;
}

std::optional<v1::Condition> ReadyOf(const v1::Resource& resource) {
  const auto& status = static_cast<const v1::ResourceStatus&>(Part(resource, "status"));
  for (const v1::Condition& condition : status.conditions()) {
    if (condition.type() == "Ready") return condition;
  }
  return std::nullopt;
}

v1::Resource WithoutServerPart(const v1::Resource& resource) {
  v1::Resource out = resource;
  Message& object = ObjectOf(out);
  object.GetReflection()->ClearField(&object, &PartOf(object, "status"));
  MetadataOf(out).clear_resource_version();
  return out;
}

const FieldDescriptor* FindField(const Message& spec, std::string_view json_name) {
  const auto* type = spec.GetDescriptor();
  for (int i = 0; i < type->field_count(); ++i) {
    if (type->field(i)->json_name() == json_name) return type->field(i);
  }
  return nullptr;
}

std::string MaskPathOf(const FieldDescriptor& field) {
  return base::Cat("spec.", field.name());
}

std::vector<std::string> TextsOf(const Message& spec, const FieldDescriptor& field) {
  const auto* reflection = spec.GetReflection();
  std::vector<std::string> texts;
  if (field.is_repeated()) {
    for (int i = 0; i < reflection->FieldSize(spec, &field); ++i)
      texts.push_back(reflection->GetRepeatedString(spec, &field, i));
  } else if (reflection->HasField(spec, &field)) {
    texts.push_back(TextOf(spec, field));
  }
  return texts;
}

void SetTexts(Message& spec, const FieldDescriptor& field, const std::vector<std::string>& texts) {
  const auto* reflection = spec.GetReflection();
  reflection->ClearField(&spec, &field);
  for (const std::string& text : texts) {
    if (!field.is_repeated()) return SetText(spec, field, text);
    reflection->AddString(&spec, &field, text);
  }
}

std::string SlugOf(std::string_view name) {
  std::string slug;
  for (const char c : base::LowerAscii(name)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (plain) {
      slug.push_back(c);
    } else if (!slug.empty() && slug.back() != '-') {
      slug.push_back('-');
    }
  }
  slug.resize(std::min(slug.size(), base::kSlugBytesMax));
  while (slug.ends_with('-'))
    slug.pop_back();
  return slug;
}

}  // namespace postern::cli
