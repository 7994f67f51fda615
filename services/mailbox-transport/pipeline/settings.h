// services/mailbox-transport/pipeline/settings.h
//
// PipelineSettings: how much content may stay in memory.

#pragma once

#include "common/settings/setting.h"

namespace postern::pipeline {

struct PipelineSettings {
  settings::Setting<settings::Size> body_memory{
      .key = "server.body_memory",
      .fallback = {256ULL * 1024 * 1024},
      .min = {0},
      .max = {64ULL * 1024 * 1024 * 1024},
      .about =
          "Content kept in memory from acceptance to the first attempt; beyond it content is "
          "read from the store again."};

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit(body_memory);
  }
};

}  // namespace postern::pipeline
