// common/dns/search_list.h
//
// SearchList: the full names that a short name may stand for, as /etc/resolv.conf says.
//
// Flow      OfSystem or Parse; NamesFor(name), to be asked in this order until one is there.
// Failure   A file that cannot be read is an empty list: names are asked as they are.
// Limits    32 domains; ndots up to 15, as glibc.
// See       resolv.conf(5): search, domain, options ndots

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace postern::dns {

class SearchList {
 public:
  static SearchList OfSystem(const std::string& file = "/etc/resolv.conf");
  static SearchList Parse(std::string_view text);

  // A name that ends in a dot stands for itself. One with `ndots` dots is asked as it is first, one
  // with fewer last.
  std::vector<std::string> NamesFor(std::string_view name) const;

 private:
  std::vector<std::string> domains_;
  std::size_t ndots_ = 1;
};

}  // namespace postern::dns
