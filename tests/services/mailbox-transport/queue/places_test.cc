#include "services/mailbox-transport/queue/places.h"

#include <algorithm>
#include <deque>

#include "gtest/gtest.h"

#include "common/base/random.h"

namespace postern::queue {
namespace {

using DueHeap = Heap<Place, &Place::due, &Place::later_position>;

TEST(PlacesTest, AHeapGivesTheEarliestWhateverLeavesAndChanges) {
  base::SeededRandom random(3);
  std::deque<Place> places(500);
  std::vector<Place*> inside;
  DueHeap heap;
  for (int step = 0; step < 5000; ++step) {
    Place& place = places[random.Below(places.size())];
    if (!DueHeap::Holds(&place)) {
      place.ticket.due = absl::FromUnixSeconds(static_cast<std::int64_t>(random.Below(1000)));
      heap.Push(&place);
      inside.push_back(&place);
    } else if (random.Below(2) == 0) {
      heap.Remove(&place);
      std::erase(inside, &place);
    } else {
      place.ticket.due = absl::FromUnixSeconds(static_cast<std::int64_t>(random.Below(1000)));
      heap.Update(&place);
    }
    ASSERT_EQ(heap.size(), inside.size());
    if (inside.empty()) continue;
    const Place* least = *std::min_element(inside.begin(), inside.end(),
                                           [](Place* a, Place* b) { return a->due() < b->due(); });
    ASSERT_EQ(heap.first(), least->due());
  }
}

TEST(PlacesTest, AFifoLosesItsFrontMiddleAndBack) {
  std::deque<Place> places(4);
  Fifo fifo;
  for (Place& place : places)
    fifo.PushBack(&place);
  fifo.Remove(&places[1]);
  fifo.Remove(&places[3]);
  fifo.Remove(&places[0]);
  EXPECT_EQ(fifo.front(), &places[2]);
  EXPECT_EQ(fifo.size(), 1u);
  fifo.PushBack(&places[0]);
  fifo.Remove(&places[2]);
  EXPECT_EQ(fifo.front(), &places[0]);
  fifo.Remove(&places[0]);
  EXPECT_TRUE(fifo.empty());
}

}  // namespace
}  // namespace postern::queue
