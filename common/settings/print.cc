#include "common/base/text.h"
#include "common/settings/loader.h"

namespace postern::settings {

namespace {

constexpr std::size_t kProseColumns = 96;

// A YAML double-quoted text.
std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += base::Cat('\\', c);
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += base::Cat("\\x", base::Hex(std::string_view(&c, 1)));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string ValueOf(const AnySetting& setting) {
  if (setting.is_list()) {
    std::string out;
    for (const std::string& part : setting.print_list()) {
      out += base::Cat(out.empty() ? "" : ", ", Quoted(part));
    }
    return base::Cat("[", out, "]");
  }
  return setting.type == "text" ? Quoted(setting.print()) : setting.print();
}

// The prose as comment lines, broken at spaces.
std::string Comment(std::string_view prose) {
  std::string out = "#";
  std::size_t column = 1;
  for (const std::string_view word : base::Split(prose, ' ')) {
    if (column + 1 + word.size() > kProseColumns) {
      out += "\n#";
      column = 1;
    }
    out += base::Cat(' ', word);
    column += 1 + word.size();
  }
  return out + "\n";
}

std::string Cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

std::string Code(std::string_view text) {
  return text.empty() ? std::string() : base::Cat("`", Cell(text), "`");
}

}  // namespace

std::string Loader::Print() const {
  std::string out;
  for (const AnySetting& setting : settings_) {
    out += base::Cat(out.empty() ? "" : "\n", Comment(setting.about));
    std::string facts = setting.type;
    if (!setting.bounds.empty()) facts += base::Cat(", ", setting.bounds);
    if (!setting.secret && !setting.fallback.empty()) {
      facts += base::Cat("; unless given ", base::Printable(setting.fallback));
    }
    out += Comment(base::Cat(facts, "; ", setting.reloads ? "reloads" : "needs a restart"));
    if (setting.secret) {
      out += base::Cat("# ", setting.key, ": (secret)\n");
    } else {
      out += base::Cat(setting.key, ": ", ValueOf(setting), "\n");
    }
  }
  return out;
}

std::string Loader::Markdown() const {
  std::string out =
      "| Setting | Type | Default | Bounds | Reloads | What it does |\n"
      "|---|---|---|---|---|---|\n";
  for (const AnySetting& setting : settings_) {
    out += base::Cat("| ", Code(setting.key), " | ", setting.type, " | ",
                     setting.secret ? std::string("(secret)") : Code(setting.fallback), " | ",
                     Cell(setting.bounds), " | ", setting.reloads ? "yes" : "restart", " | ",
                     Cell(setting.about), " |\n");
  }
  return out;
}

}  // namespace postern::settings
