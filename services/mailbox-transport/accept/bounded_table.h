// services/mailbox-transport/accept/bounded_table.h
//
// BoundedTable: values by name, of which the least recently used go when there are too many.
//
// Limits    `bound` values; a strange client cannot make it grow. Not thread-safe.

#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace postern::accept {

template <typename Value>
class BoundedTable {
 public:
  explicit BoundedTable(std::size_t bound) : bound_(bound) {}

  // The value of `name`, made when absent; now the most recently used.
  Value& At(std::string_view name) {
    if (Value* found = Find(name)) return *found;
    if (order_.size() >= bound_) {
      places_.erase(order_.back().first);
      order_.pop_back();
    }
    order_.emplace_front(std::string(name), Value());
    places_.emplace(order_.front().first, order_.begin());
    return order_.front().second;
  }

  // Null when absent; else now the most recently used.
  Value* Find(std::string_view name) {
    const auto place = places_.find(name);
    if (place == places_.end()) return nullptr;
    order_.splice(order_.begin(), order_, place->second);
    return &order_.front().second;
  }

  void Erase(std::string_view name) {
    const auto place = places_.find(name);
    if (place == places_.end()) return;
    const auto at = place->second;
    places_.erase(place);
    order_.erase(at);
  }

  std::size_t size() const { return order_.size(); }

 private:
  using Order = std::list<std::pair<std::string, Value>>;

  std::size_t bound_;
  Order order_;
  // The keys are views of the names in order_, whose nodes never move.
  std::unordered_map<std::string_view, typename Order::iterator> places_;
};

}  // namespace postern::accept
