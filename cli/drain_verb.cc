#include "cli/drain_verb.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"

#include "cli/table.h"
#include "common/base/text.h"

namespace postern::cli {

namespace {

absl::Status TimeIsOver(const v1::RedirectMessageResponse& last, std::uint64_t moved) {
  std::string why = base::Cat(last.server(), ": ", last.remaining(), " messages remain, ", moved,
                              " were handed over");
  if (!last.last_error().empty()) why += base::Cat("; the last reason: ", last.last_error());
  return absl::FailedPreconditionError(why);
}

// With -WhatIf nothing is handed over, and new mail is taken as before.
absl::Status TellWhatIf(const DrainOptions& options,
                        const v1::RedirectMessageResponse& told,
                        Shell& shell) {
  shell.out << "What if: " << ForTerminal(told.server()) << ": ";
  if (options.undo) {
    shell.out << "it would take new mail again; " << told.remaining() << " wait there\n";
    return absl::OkStatus();
  }
  const std::vector<std::string> servers(told.targets().begin(), told.targets().end());
  shell.out << told.remaining() << " messages would be handed to "
            << ForTerminal(base::Join(servers, ", ")) << "; new mail would be refused "
            << (options.hold ? "from then on, until --undo or the server's end\n"
                             : "meanwhile and for 30 s\n");
  return absl::OkStatus();
}

}  // namespace

absl::Status Drain(const DrainOptions& options,
                   const DrainCall& call,
                   const std::function<void(absl::Duration)>& pause,
                   Shell& shell) {
  v1::RedirectMessageRequest request;
  for (const std::string& target : options.targets)
    request.add_targets(target);
  request.set_within_seconds(static_cast<std::uint32_t>(absl::ToInt64Seconds(kDrainRound)));
  request.set_hold(options.hold);
  request.set_release(options.undo);
  request.set_dry_run(options.what_if);
  const absl::Time begun = absl::Now();
  std::uint64_t moved = 0;
  for (;;) {
    const auto round = call(request);
    if (!round.ok()) return round.status();
    if (options.what_if) return TellWhatIf(options, *round, shell);
    if (options.undo) {
      shell.out << ForTerminal(round->server()) << ": takes new mail again; " << round->remaining()
                << " wait there\n";
      return absl::OkStatus();
    }
    moved += round->moved();
    if (round->remaining() == 0) {
      const std::vector<std::string> servers(round->targets().begin(), round->targets().end());
      shell.out << ForTerminal(round->server()) << ": the queues are empty, " << moved
                << " handed to " << ForTerminal(base::Join(servers, ", ")) << " in "
                << absl::FormatDuration(absl::Trunc(absl::Now() - begun, absl::Milliseconds(100)))
                << '\n';
      return absl::OkStatus();
    }
    shell.err << ForTerminal(round->server()) << ": " << round->remaining() << " remain, " << moved
              << " handed over";
    if (!round->last_error().empty()) shell.err << ": " << ForTerminal(round->last_error());
    shell.err << std::endl;
    if (options.seconds > 0 && absl::Now() - begun >= absl::Seconds(options.seconds)) {
      return TimeIsOver(*round, moved);
    }
    if (round->moved() == 0) pause(kDrainRound);
  }
}

absl::Status Run(const DrainOptions& options, Connection& connection, Shell& shell) {
  return Drain(
      options, [&](const v1::RedirectMessageRequest& request) { return connection.Ask(request); },
      [](absl::Duration wait) { absl::SleepFor(wait); }, shell);
}

}  // namespace postern::cli
