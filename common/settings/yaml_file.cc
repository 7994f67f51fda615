#include "common/settings/yaml_file.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>
#include <sstream>

#include <yaml-cpp/yaml.h>

#include "common/base/text.h"
#include "common/settings/yaml_text.h"

namespace postern::settings {

namespace {

constexpr std::size_t kFileBytesMax = 1 << 20;
constexpr std::size_t kValuesMax = 10'000;
constexpr int kDepthMax = 8;

using IsKey = std::function<bool(std::string_view)>;

class Reader {
 public:
  Reader(const std::string& file, const IsKey& is_key) : file_(file), is_key_(is_key) {}

  YamlValues Take() && { return std::move(out_); }

  void Document(const YAML::Node& root) {
    if (root.IsNull()) return;
    if (!root.IsMap()) {
      Wrong("the file", root, "must be a map of settings");
      return;
    }
    Section(root, "", 0);
  }

  void Broken(int line, std::string_view what) {
    out_.errors.push_back(base::Cat(what, " (", file_, ":", line, ")"));
  }

 private:
  void Section(const YAML::Node& map, const std::string& prefix, int depth) {
    for (const auto& pair : map) {
      // Aliases can make a small file endless.
      if (++seen_ > kValuesMax) {
        if (seen_ == kValuesMax + 1) Wrong("the file", pair.first, "holds too many values");
        return;
      }
      if (!pair.first.IsScalar()) {
        Wrong(prefix.empty() ? "the file" : prefix, pair.first, "has a key that is not text");
        continue;
      }
      const std::string name = pair.first.Scalar();
      Pair(prefix.empty() ? name : base::Cat(prefix, ".", name), pair.first, pair.second, depth);
    }
  }

  void Pair(const std::string& key, const YAML::Node& at, const YAML::Node& value, int depth) {
    if (value.IsMap() && !is_key_(key)) {
      if (depth < kDepthMax) return Section(value, key, depth + 1);
      Wrong(key, at, "is nested too deeply");
      return;
    }
    YamlValue out;
    out.key = key;
    out.place = Place(at);
    if (value.IsSequence()) {
      out.list = true;
      if (!Parts(key, value, &out.parts)) return;
    } else if (value.IsScalar()) {
      out.text = value.Scalar();
    } else if (value.IsMap()) {
      Wrong(key, at, "is one setting, not a section");
      return;
    } else if (is_key_(key)) {
      Wrong(key, at, "has no value");
      return;
    } else {
      return;  // An empty section.
    }
    out_.values.push_back(std::move(out));
  }

  bool Parts(const std::string& key, const YAML::Node& list, std::vector<std::string>* parts) {
    for (const YAML::Node& part : list) {
      if (++seen_ > kValuesMax) return Wrong(key, list, "holds too many values");
      if (part.IsScalar()) {
        parts->push_back(part.Scalar());
      } else if (part.IsMap()) {
        std::string words;
        if (!Words(key, part, &words)) return false;
        parts->push_back(std::move(words));
      } else {
        return Wrong(key, part, "must be a list of texts or of maps");
      }
    }
    return true;
  }

  // {name: relay, networks: [a, b]} as "name=relay networks=a,b".
  bool Words(const std::string& key, const YAML::Node& map, std::string* words) {
    std::set<std::string> names;
    for (const auto& pair : map) {
      if (++seen_ > kValuesMax) return Wrong(key, map, "holds too many values");
      std::string name;
      std::string value;
      if (!Word(key, pair.first, " =,", &name)) return false;
      if (name.empty()) return Wrong(key, pair.first, "has an empty name");
      if (!names.insert(name).second) {
        return Wrong(key, pair.first, base::Cat("gives \"", base::Printable(name), "\" twice"));
      }
      if (!Listed(key, pair.second, &value)) return false;
      *words += base::Cat(words->empty() ? "" : " ", name, "=", value);
    }
    return true;
  }

  // A value of a map in a list; a sequence as its words between commas.
  bool Listed(const std::string& key, const YAML::Node& value, std::string* out) {
    if (!value.IsSequence()) return Word(key, value, " ", out);
    for (const YAML::Node& part : value) {
      if (++seen_ > kValuesMax) return Wrong(key, value, "holds too many values");
      std::string word;
      if (!Word(key, part, " ,", &word)) return false;
      *out += base::Cat(out->empty() ? "" : ",", word);
    }
    return true;
  }

  bool Word(const std::string& key,
            const YAML::Node& node,
            std::string_view forbidden,
            std::string* word) {
    if (!node.IsScalar()) return Wrong(key, node, "holds a value that is not plain text");
    *word = node.Scalar();
    for (const char c : *word) {
      const bool control = static_cast<unsigned char>(c) < 0x20;
      if (!control && forbidden.find(c) == std::string_view::npos) continue;
      return Wrong(
          key, node,
          base::Cat("holds \"", base::Printable(*word), "\": write it without spaces and commas"));
    }
    return true;
  }

  std::string Place(const YAML::Node& node) const {
    return base::Cat(file_, ":", node.Mark().line + 1);
  }

  // Always false, so that a failing reader can end with it.
  bool Wrong(std::string_view key, const YAML::Node& node, std::string_view what) {
    out_.errors.push_back(base::Cat(base::Printable(key), " ", what, " (", Place(node), ")"));
    return false;
  }

  const std::string& file_;
  const IsKey& is_key_;
  YamlValues out_;
  std::size_t seen_ = 0;
};

YamlValues OneError(const std::string& file, std::string_view what) {
  YamlValues out;
  out.errors.push_back(base::Cat(what, " (", file, ")"));
  return out;
}

}  // namespace

YamlValues ParseYaml(std::string_view text, const std::string& file, const IsKey& is_key) {
  Reader reader(file, is_key);
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(WithDocumentEnd(text));
    if (documents.size() > 1) {
      reader.Broken(documents[1].Mark().line + 1, "a settings file holds one document");
    } else if (!documents.empty()) {
      reader.Document(documents[0]);
    }
  } catch (const YAML::Exception& error) {
    const int quote = LineOfOpenQuote(text);
    const std::string_view what = quote > 0 ? kOpenQuote : error.msg;
    reader.Broken(quote > 0 ? quote : error.mark.line + 1, base::Cat("not YAML: ", what));
  }
  return std::move(reader).Take();
}

YamlValues ReadYamlFile(const std::string& file, const IsKey& is_key) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return OneError(file, base::Cat("cannot open the file: ", std::strerror(errno)));
  std::string text(kFileBytesMax + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (in.bad()) return OneError(file, "cannot read the file");
  if (text.size() > kFileBytesMax) return OneError(file, "larger than 1MB");
  return ParseYaml(text, file, is_key);
}

}  // namespace postern::settings
