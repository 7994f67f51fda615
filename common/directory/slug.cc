#include "common/directory/slug.h"

#include "common/base/slug.h"
#include "common/base/text.h"
#include "common/connector/content_hash.h"

namespace postern::directory {

namespace {

// Letters and digits in lower case; whatever stands between them is one hyphen.
std::string Plain(std::string_view name) {
  std::string slug;
  for (const char c : base::LowerAscii(name)) {
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
      slug.push_back(c);
    } else if (!slug.empty() && slug.back() != '-') {
      slug.push_back('-');
    }
  }
  return slug;
}

std::string Cut(std::string slug, std::size_t most) {
  if (slug.size() > most) slug.resize(most);
  while (slug.ends_with('-'))
    slug.pop_back();
  return slug;
}

}  // namespace

std::string SlugFor(std::string_view name, const std::function<bool(const std::string&)>& taken) {
  const std::string plain = Plain(name);
  const std::string slug = Cut(plain, base::kSlugBytesMax);
  if (!slug.empty() && !taken(slug)) return slug;
  // Names differ without regard to case, so their hashes do not differ by it either.
  const std::string hash = connector::ContentHash(base::LowerAscii(name));
  std::string with_hash;
  for (const std::size_t digits : {8, 16}) {
    const std::string tail = hash.substr(0, digits);
    const std::string head = Cut(plain, base::kSlugBytesMax - digits - 1);
    with_hash = head.empty() ? tail : base::Cat(head, "-", tail);
    if (!taken(with_hash)) break;
  }
  return with_hash;
}

}  // namespace postern::directory
