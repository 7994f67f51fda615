#include "services/mailbox-transport/route/site_map.h"

#include <algorithm>
#include <optional>
#include <queue>
#include <tuple>

#include "common/base/text.h"

namespace postern::route {

namespace {

constexpr std::size_t kNobody = std::numeric_limits<std::size_t>::max();

struct Link {
  std::string name;
  std::uint32_t cost = directory::kSiteLinkCostDefault;
  std::uint64_t max_message_size = base::kUnlimited;
  std::vector<std::size_t> sites;
};

// A site while its path is sought: all that a later, equally cheap path is compared by.
struct Label {
  std::uint32_t cost = kNoPath;
  std::uint32_t hops = 0;
  std::size_t before = kNobody;  // the site before it on the path
  const Link* link = nullptr;    // that leads to it
  bool done = false;
};

// Dijkstra by (cost, hops, name of the site before). Every link costs at least 1, so when a site is
// taken nothing that comes later is better for it. Of all sites of a link the one that is taken
// first is the best to come from, so each link is walked once.
class Search {
 public:
  Search(const directory::Snapshot& snapshot, std::string_view our_site) {
    for (const directory::Site& site : snapshot.sites()) {
      // In the order of their names, so that a lower number is a lower name.
      numbers_.emplace(base::LowerAscii(site.name), sites_.size());
      sites_.push_back(&site);
    }
    labels_.resize(sites_.size());
    takes_relays_.resize(sites_.size(), false);
    for (const directory::TransportServer& server : snapshot.servers()) {
      const auto site = numbers_.find(base::LowerAscii(server.site));
      if (site == numbers_.end() || server.relay_address.empty()) continue;
      takes_relays_[site->second] = sites_[site->second]->inbound_mail_enabled;
    }
    AddLinks(snapshot);
    const auto ours = numbers_.find(std::string(our_site));
    if (ours != numbers_.end()) Run(ours->second);
  }

  std::size_t size() const { return sites_.size(); }

  bool reached(std::size_t site) const { return labels_[site].done; }

  std::string NameOf(std::size_t site) const { return base::LowerAscii(sites_[site]->name); }

  SitePath PathTo(std::size_t destination) const {
    SitePath path;
    for (std::size_t site = destination; site != kNobody; site = labels_[site].before) {
      const Label& label = labels_[site];
      const bool hub = sites_[site]->hub_site_enabled && takes_relays_[site];
      path.stops.push_back({NameOf(site), label.cost, hub});
      if (label.link == nullptr || label.link->max_message_size >= path.max_message_size) continue;
      path.max_message_size = label.link->max_message_size;
      path.smallest_link = label.link->name;
    }
    std::reverse(path.stops.begin(), path.stops.end());
    return path;
  }

 private:
  void AddLinks(const directory::Snapshot& snapshot) {
    std::vector<bool> named(sites_.size(), false);
    Link rest;
    rest.name = directory::kDefaultSiteLink;
    for (const directory::SiteLink& each : snapshot.links()) {
      Link link{each.name, each.mail_cost(), each.max_message_size, {}};
      for (const std::string& name : each.sites) {
        const auto site = numbers_.find(base::LowerAscii(name));
        if (site == numbers_.end()) continue;
        link.sites.push_back(site->second);
        named[site->second] = true;
      }
      const bool is_rest = base::EqualsIgnoreCase(each.name, directory::kDefaultSiteLink);
      (is_rest ? rest : links_.emplace_back()) = std::move(link);
    }
    for (std::size_t site = 0; site < sites_.size(); ++site) {
      if (!named[site]) rest.sites.push_back(site);
    }
    links_.push_back(std::move(rest));
    links_of_.resize(sites_.size());
    for (const Link& link : links_) {
      for (const std::size_t site : link.sites)
        links_of_[site].push_back(&link);
    }
  }

  void Run(std::size_t from) {
    using Waiting = std::tuple<std::uint32_t, std::uint32_t, std::size_t>;
    std::priority_queue<Waiting, std::vector<Waiting>, std::greater<>> waiting;
    std::vector<bool> walked(links_.size(), false);
    labels_[from].cost = 0;
    waiting.emplace(0, 0, from);
    while (!waiting.empty()) {
      const std::size_t site = std::get<2>(waiting.top());
      waiting.pop();
      if (labels_[site].done) continue;
      labels_[site].done = true;
      for (const Link* link : links_of_[site]) {
        const auto number = static_cast<std::size_t>(link - links_.data());
        if (walked[number]) continue;
        walked[number] = true;
        for (const std::size_t next : link->sites) {
          if (Offer(next, site, *link)) {
            waiting.emplace(labels_[next].cost, labels_[next].hops, next);
          }
        }
      }
    }
  }

  // True when the path over `before` is the best so far.
  bool Offer(std::size_t site, std::size_t before, const Link& link) {
    Label& label = labels_[site];
    if (label.done) return false;
    Label offered;
    offered.cost = AddCosts(labels_[before].cost, link.cost);
    offered.hops = labels_[before].hops + 1;
    offered.before = before;
    offered.link = &link;
    // Of parallel links with one cost, the one that lets more through.
    const auto order = [](const Label& of) {
      return std::tuple(of.cost, of.hops, of.before,
                        of.link == nullptr ? 0 : ~of.link->max_message_size);
    };
    if (order(offered) >= order(label)) return false;
    label = offered;
    return true;
  }

  std::vector<const directory::Site*> sites_;
  std::unordered_map<std::string, std::size_t> numbers_;
  std::vector<bool> takes_relays_;
  std::vector<Link> links_;
  std::vector<std::vector<const Link*>> links_of_;
  std::vector<Label> labels_;
};

}  // namespace

std::uint32_t AddCosts(std::uint32_t a, std::uint32_t b) {
  if (a == kNoPath || b == kNoPath) return kNoPath;
  return a > kNoPath - 1 - b ? kNoPath - 1 : a + b;
}

const SiteStop& SitePath::next() const {
  for (std::size_t i = 1; i < stops.size(); ++i) {
    if (stops[i].hub) return stops[i];
  }
  return stops.back();
}

SiteMap::SiteMap(const directory::Snapshot& snapshot, std::string_view our_site) {
  const Search search(snapshot, base::LowerAscii(our_site));
  for (std::size_t site = 0; site < search.size(); ++site) {
    if (search.reached(site)) paths_.emplace(search.NameOf(site), search.PathTo(site));
  }
}

const SitePath* SiteMap::PathTo(std::string_view site) const {
  const auto found = paths_.find(std::string(site));
  return found == paths_.end() ? nullptr : &found->second;
}

bool SiteMap::Nearer(std::string_view a, std::string_view b) const {
  const SitePath* const to_a = PathTo(a);
  const SitePath* const to_b = PathTo(b);
  if (to_a == nullptr || to_b == nullptr) {
    return to_a != nullptr || (to_b == nullptr && a < b);
  }
  if (to_a->cost() != to_b->cost()) return to_a->cost() < to_b->cost();
  if (to_a->hops() != to_b->hops()) return to_a->hops() < to_b->hops();
  return std::lexicographical_compare(
      to_a->stops.rbegin(), to_a->stops.rend(), to_b->stops.rbegin(), to_b->stops.rend(),
      [](const SiteStop& x, const SiteStop& y) { return x.site < y.site; });
}

}  // namespace postern::route
