#include "common/directory/yaml_tree.h"

#include <algorithm>
#include <sstream>
#include <utility>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "common/base/text.h"
#include "common/mail/utf8.h"
#include "common/settings/yaml_text.h"

namespace postern::directory {

namespace {

template <typename... Parts>
absl::Status Broken(const Parts&... rule) {
  return base::Error(absl::StatusCode::kInvalidArgument, rule...);
}

// Collects one document at a time. After the first failure it lets every event pass by.
class Collector final : public YAML::EventHandler {
 public:
  explicit Collector(const YamlLimits& limits) : limits_(limits) {}

  bool failed() const { return !status_.ok(); }

  const absl::Status& status() const { return status_; }

  int line() const { return line_; }

  YamlNode TakeDocument() { return std::exchange(document_, YamlNode()); }

  void OnDocumentStart(const YAML::Mark&) override { open_.clear(); }

  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (Admit(mark, "", anchor)) Place(Make(YamlNode::Kind::kNull, mark));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    Fail(mark, Broken("aliases are not allowed"));
  }

  void OnScalar(const YAML::Mark& mark,
                const std::string& tag,
                YAML::anchor_t anchor,
                const std::string& value) override {
    if (!Admit(mark, tag, anchor)) return;
    YamlNode node = Make(YamlNode::Kind::kText, mark);
    node.plain = tag == "?";
    node.text = value;
    Place(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark,
                       const std::string& tag,
                       YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(YamlNode::Kind::kList, mark, tag, anchor);
  }

  void OnSequenceEnd() override { Close(); }

  void OnMapStart(const YAML::Mark& mark,
                  const std::string& tag,
                  YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(YamlNode::Kind::kMap, mark, tag, anchor);
  }

  void OnMapEnd() override { Close(); }

 private:
  static YamlNode Make(YamlNode::Kind kind, const YAML::Mark& mark) {
    YamlNode node;
    node.kind = kind;
    node.line = mark.line + 1;
    return node;
  }

  void Fail(const YAML::Mark& mark, absl::Status status) {
    if (failed()) return;
    status_ = std::move(status);
    line_ = mark.line + 1;
  }

  bool Admit(const YAML::Mark& mark, std::string_view tag, YAML::anchor_t anchor) {
    if (failed()) return false;
    if (anchor != 0) {
      Fail(mark, Broken("anchors are not allowed"));
    } else if (!tag.empty() && tag != "?" && tag != "!") {
      Fail(mark, Broken("tags are not allowed"));
    } else if (++nodes_ > limits_.nodes_max) {
      Fail(mark, Broken("there are more than ", limits_.nodes_max, " values"));
    }
    return !failed();
  }

  void Open(YamlNode::Kind kind,
            const YAML::Mark& mark,
            std::string_view tag,
            YAML::anchor_t anchor) {
    if (!Admit(mark, tag, anchor)) return;
    if (open_.size() >= limits_.depth_max) {
      return Fail(mark, Broken("values are nested more than ", limits_.depth_max, " deep"));
    }
    open_.push_back(Make(kind, mark));
  }

  void Close() {
    if (failed() || open_.empty()) return;
    YamlNode node = std::move(open_.back());
    open_.pop_back();
    Place(std::move(node));
  }

  void Place(YamlNode node) {
    if (open_.empty()) {
      document_ = std::move(node);
    } else {
      open_.back().children.push_back(std::move(node));
    }
  }

  const YamlLimits limits_;
  std::vector<YamlNode> open_;
  YamlNode document_;
  std::size_t nodes_ = 0;
  absl::Status status_;
  int line_ = 0;
};

// The line of the first byte that must not be in a text, or 0.
int LineOfBadByte(std::string_view text) {
  int line = 1;
  while (!text.empty()) {
    const std::size_t bytes = mail::Utf8CharacterBytes(text);
    const bool control = static_cast<unsigned char>(text[0]) < 0x20 && text[0] != '\n' &&
                         text[0] != '\r' && text[0] != '\t';
    if (bytes == 0 || control) return line;
    if (text[0] == '\n') ++line;
    text.remove_prefix(bytes);
  }
  return 0;
}

void ReadDocuments(std::string_view text, const YamlLimits& limits, YamlTree& tree) {
  Collector collector(limits);
  try {
    std::istringstream stream(settings::WithDocumentEnd(text));
    YAML::Parser parser(stream);
    while (!collector.failed() && parser.HandleNextDocument(collector)) {
      YamlNode document = collector.TakeDocument();
      if (!collector.failed() && document.kind != YamlNode::Kind::kNull) {
        tree.documents.push_back(std::move(document));
      }
    }
    tree.status = collector.status();
    tree.line = collector.line();
  } catch (const YAML::Exception& error) {
    tree.status = collector.status();
    tree.line = collector.line();
    if (collector.failed()) return;
    const int quote = settings::LineOfOpenQuote(text);
    const std::string_view what = quote > 0 ? settings::kOpenQuote : error.msg;
    tree.status = Broken("is not YAML: ", what);
    tree.line = quote > 0 ? quote : std::max(error.mark.line + 1, 1);
  }
}

}  // namespace

YamlTree ParseYaml(std::string_view text, const YamlLimits& limits) {
  YamlTree tree;
  if (text.size() > limits.bytes_max) {
    tree.status = Broken("is larger than ", limits.bytes_max, " bytes");
    return tree;
  }
  if (const int line = LineOfBadByte(text); line != 0) {
    tree.status = Broken("holds a byte that is neither UTF-8 text nor a line end");
    tree.line = line;
    return tree;
  }
  ReadDocuments(text, limits, tree);
  return tree;
}

}  // namespace postern::directory
