"""bench/processes.py

What the processes of a relay cost: processor time, memory, syncs.

Flow      tree = Tree(name, [pid, ...]); before = tree.cpu_seconds(); ...;
          tree.cpu_seconds() - before; tree.close().
Failure   Where no control group can be made, /proc is summed: a process that has gone is then in
          the reaped time of its parent. `tree.source` says which of the two it is.
Lifetime  close() removes the control group, once its processes have ended.
Limits    /proc gives processor time in ticks of 10 ms; read it over at least a second of work.
See       proc(5); cgroups(7); strace(1) -c
"""

import os
import pathlib
import re
import signal
import subprocess
import time

TICKS = os.sysconf("SC_CLK_TCK")
# Version 1 and version 2: the folder of the groups, and the file with the time they used.
GROUPS = ((pathlib.Path("/sys/fs/cgroup/cpuacct"), "cpuacct.usage"),
          (pathlib.Path("/sys/fs/cgroup"), "cpu.stat"))
SYNCS = ("fsync", "fdatasync", "sync_file_range", "msync", "syncfs", "sync")


def _stat(pid):
    """(parent, its own seconds, those of children that it reaped), or None when it has gone."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            fields = stat.read().rpartition(")")[2].split()
    except OSError:
        return None
    user, system, child_user, child_system = (int(fields[i]) / TICKS for i in (11, 12, 13, 14))
    return int(fields[1]), user + system, child_user + child_system


class Tree:
    """Some processes and all their descendants."""

    def __init__(self, name, roots):
        self.roots = list(roots)
        self._group = self._usage = None
        for folder, usage in GROUPS:
            group = folder / f"postern-bench-{os.getpid()}-{name}"
            try:
                group.mkdir()
                if not (group / usage).exists():
                    group.rmdir()
                    continue
                for pid in self.pids():
                    (group / "cgroup.procs").write_text(str(pid))
            except OSError:
                continue
            self._group, self._usage = group, group / usage
            break
        self.source = f"control group, {self._usage.name}" if self._group else "/proc/<pid>/stat"

    def close(self):
        for _ in range(100):
            try:
                if self._group:
                    self._group.rmdir()
                return
            except OSError:
                time.sleep(0.05)

    def pids(self):
        parents = {}
        for name in os.listdir("/proc"):
            if name.isdigit():
                stat = _stat(name)
                if stat is not None:
                    parents[int(name)] = stat[0]
        found, grew = set(self.roots), True
        while grew:
            more = {pid for pid, parent in parents.items() if parent in found} - found
            found |= more
            grew = bool(more)
        return sorted(pid for pid in found if pid in parents)

    def pin(self, cores):
        """Keeps every thread there is, and what it starts, on the first `cores` processors."""
        for pid in self.pids():
            for thread in os.listdir(f"/proc/{pid}/task"):
                os.sched_setaffinity(int(thread), range(cores))

    def cpu_seconds(self):
        """User and system time of everyone in the tree, of those who have ended too."""
        if self._usage and self._usage.name == "cpuacct.usage":
            return int(self._usage.read_text()) / 1e9
        if self._usage:
            return int(re.search(r"usage_usec (\d+)", self._usage.read_text()).group(1)) / 1e6
        stats = [_stat(pid) for pid in self.pids()]
        return sum(stat[1] + stat[2] for stat in stats if stat is not None)

    def peak_bytes(self):
        """The sum of VmHWM over the processes alive; memory that they share counts for each."""
        total = 0
        for pid in self.pids():
            try:
                with open(f"/proc/{pid}/status") as status:
                    found = re.search(r"^VmHWM:\s+(\d+) kB", status.read(), re.M)
            except OSError:
                continue
            total += int(found.group(1)) * 1024 if found else 0
        return total


class SyncCount:
    """Counts the sync calls of a tree with strace while the block runs."""

    def __init__(self, tree, folder):
        self.tree = tree
        self.path = folder / "strace.txt"
        self.calls = 0

    def __enter__(self):
        words = ["strace", "-f", "-q", "-c", "-e", "trace=" + ",".join(SYNCS), "-o", str(self.path)]
        for pid in self.tree.pids():
            words += ["-p", str(pid)]
        self.strace = subprocess.Popen(words, stderr=subprocess.DEVNULL, start_new_session=True)
        time.sleep(1)
        return self

    def __exit__(self, *_):
        self.strace.send_signal(signal.SIGINT)
        self.strace.wait(10)
        for line in self.path.read_text().splitlines():
            fields = line.split()
            if fields and fields[-1] in SYNCS:
                self.calls += int(fields[3])
