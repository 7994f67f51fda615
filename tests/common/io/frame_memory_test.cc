#include "common/io/frame_memory.h"

#include <cstring>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace postern::io::frame_memory {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kKeptHere = false;
#else
constexpr bool kKeptHere = true;
#endif

// On a thread of its own, which has kept nothing yet.
template <typename Do>
void OnNewThread(Do act) {
  std::thread(act).join();
}

TEST(FrameMemoryTest, AFrameIsTakenAgainByOneOfItsSize) {
  OnNewThread([] {
    void* const frame = Take(200);
    std::memset(frame, 1, 200);
    Give(frame, 200);
    EXPECT_EQ(BytesKept(), kKeptHere ? 256u : 0u);
    void* const other = Take(400);
    void* const again = Take(250);
    EXPECT_TRUE(again == frame || !kKeptHere);
    EXPECT_EQ(BytesKept(), 0u);
    Give(again, 250);
    Give(other, 400);
  });
}

TEST(FrameMemoryTest, WhatIsKeptIsBounded) {
  OnNewThread([] {
    std::vector<void*> frames;
    for (int i = 0; i < 1000; ++i)
      frames.push_back(Take(kFrameBytesMax));
    for (void* const frame : frames)
      Give(frame, kFrameBytesMax);
    EXPECT_LE(BytesKept(), kFrameBytesKept);
    EXPECT_EQ(BytesKept() > 0, kKeptHere);
  });
}

TEST(FrameMemoryTest, ALargeFrameIsNotKept) {
  OnNewThread([] {
    Give(Take(kFrameBytesMax + 1), kFrameBytesMax + 1);
    EXPECT_EQ(BytesKept(), 0u);
  });
}

TEST(FrameMemoryTest, AFrameMayGoOnAnotherThread) {
  void* frame = nullptr;
  OnNewThread([&frame] { frame = Take(100); });
  OnNewThread([frame] {
    Give(frame, 100);
    EXPECT_EQ(BytesKept(), kKeptHere ? 128u : 0u);
  });
}

}  // namespace
}  // namespace postern::io::frame_memory
