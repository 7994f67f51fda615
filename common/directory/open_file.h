// common/directory/open_file.h
//
// OpenFile: the number of a file that is open, closed when it goes.
//
// Flow      const OpenFile file(::open(...)); *file is the number, negative when it did not open.

#pragma once

#include <unistd.h>

namespace postern::directory {

class OpenFile {
 public:
  explicit OpenFile(int number) : number_(number) {}

  ~OpenFile() {
    if (number_ >= 0) ::close(number_);
  }

  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  int operator*() const { return number_; }

 private:
  const int number_;
};

}  // namespace postern::directory
