#include "common/tls/file_watch.h"

#include <utility>

#include <sys/stat.h>

#include "common/base/text.h"

namespace postern::tls {

std::string StampOf(const std::string& file) {
  struct stat info {};

  if (stat(file.c_str(), &info) != 0) return "absent";
  return base::Cat(info.st_dev, " ", info.st_ino, " ", info.st_size, " ", info.st_mtim.tv_sec, ".",
                   info.st_mtim.tv_nsec);
}

FileWatch::FileWatch(std::function<std::string()> stamp,
                     std::function<void()> changed,
                     absl::Duration look)
    : stamp_(std::move(stamp)),
      changed_(std::move(changed)),
      seen_(stamp_()),
      ticker_("file-watch", look, [this, look] {
        Look();
        return look;
      }) {}

void FileWatch::Look() {
  std::string stamp = stamp_();
  if (stamp == seen_) return;
  seen_ = std::move(stamp);
  changed_();
}

}  // namespace postern::tls
