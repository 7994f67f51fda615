#include "common/directory/field_paths.h"

#include <optional>

#include "google/protobuf/descriptor.h"

#include "common/base/text.h"

namespace postern::directory {

namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using Path = std::vector<const FieldDescriptor*>;

const FieldDescriptor* FieldNamed(const Descriptor& type, std::string_view name) {
  for (int i = 0; i < type.field_count(); ++i) {
    if (type.field(i)->name() == name || type.field(i)->json_name() == name) return type.field(i);
  }
  return nullptr;
}

std::optional<Path> Resolve(std::string_view text, const Descriptor& type) {
  Path path;
  const Descriptor* within = &type;
  for (const std::string_view name : base::Split(text, '.')) {
    if (within == nullptr) return std::nullopt;  // the field before has no fields of its own
    const FieldDescriptor* field = FieldNamed(*within, name);
    if (field == nullptr) return std::nullopt;
    path.push_back(field);
    within = field->is_repeated() ? nullptr : field->message_type();
  }
  return path;
}

std::string Written(const Path& path) {
  std::string text;
  for (const FieldDescriptor* field : path)
    text += base::Cat(text.empty() ? "" : ".", field->json_name());
  return text;
}

void AssignPath(const Path& path, std::size_t depth, const Message& from, Message& into) {
  const FieldDescriptor* field = path[depth];
  const auto* reflection = into.GetReflection();
  if (depth + 1 < path.size()) {
    // What is not there holds nothing, and what holds nothing need not be made to hold it.
    const bool given = from.GetReflection()->HasField(from, field);
    if (!given && !reflection->HasField(into, field)) return;
    return AssignPath(path, depth + 1, from.GetReflection()->GetMessage(from, field),
                      *reflection->MutableMessage(&into, field));
  }
  const std::unique_ptr<Message> copy(from.New());
  copy->CopyFrom(from);
  reflection->SwapFields(&into, copy.get(), {field});
}

void KeepPaths(const std::vector<Path>& paths, std::size_t depth, Message& message) {
  const auto* reflection = message.GetReflection();
  std::vector<const FieldDescriptor*> set;
  reflection->ListFields(message, &set);
  for (const FieldDescriptor* field : set) {
    std::vector<Path> inside;
    bool whole = false;
    for (const Path& path : paths) {
      if (path[depth] != field) continue;
      whole = whole || path.size() == depth + 1;
      inside.push_back(path);
    }
    if (whole) continue;
    if (inside.empty()) {
      reflection->ClearField(&message, field);
    } else {
      KeepPaths(inside, depth + 1, *reflection->MutableMessage(&message, field));
    }
  }
}

}  // namespace

absl::StatusOr<FieldPaths> FieldPaths::Parse(const google::protobuf::FieldMask& mask,
                                             const Descriptor& type) {
  if (mask.paths_size() > kPathsMax) {
    return base::Error(absl::StatusCode::kInvalidArgument, "a mask has at most ", kPathsMax,
                       " paths");
  }
  FieldPaths parsed;
  std::string findings;
  for (const std::string& text : mask.paths()) {
    auto path = text.size() > kPathBytesMax ? std::nullopt : Resolve(text, type);
    if (path) {
      parsed.paths_.push_back(*std::move(path));
    } else {
      findings += base::Cat(findings.empty() ? "" : "\n", "mask: \"", base::Printable(text),
                            "\": is not a field of ", type.name());
    }
  }
  if (!findings.empty()) return absl::InvalidArgumentError(findings);
  return parsed;
}

std::vector<std::string> FieldPaths::Outside(std::string_view part) const {
  std::vector<std::string> outside;
  for (const Path& path : paths_) {
    if (path.front()->name() != part) outside.push_back(Written(path));
  }
  return outside;
}

void FieldPaths::Assign(const Message& from, Message& into) const {
  for (const Path& path : paths_)
    AssignPath(path, 0, from, into);
}

void FieldPaths::Keep(Message& message) const {
  KeepPaths(paths_, 0, message);
}

}  // namespace postern::directory
