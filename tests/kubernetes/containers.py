"""tests/kubernetes/containers.py

The images of tools/image, and a podman of the test's own to run them.

Flow      missing_images(); podman = Podman(folder); podman.load(); podman("run", ...)
Failure   AssertionError with what podman says.
Limits    Its store of images is in the folder, and goes with it. Containers go by the caller.
"""

import os
import pathlib
import subprocess

from harness import ROOT

IMAGES = ROOT / "build/images"
SERVICES = ("mailbox-transport", "frontend-transport")
USER = 65532
# Those of podman are more than a sandbox may have.
ULIMITS = ("nofile=4096:4096", "nproc=4096:4096")


def image(service):
    return f"postern/{service}:0.1.0"


def missing_images():
    """Why there is nothing to run, or None."""
    missing = [service for service in SERVICES if not (IMAGES / f"{service}.tar").exists()]
    return f"no image of {' and '.join(missing)}: run tools/image" if missing else None


class Podman:
    def __init__(self, folder):
        self.words = ["podman", "--storage-driver", "vfs", "--root", f"{folder}/store",
                      "--runroot", f"{folder}/run", "--cgroup-manager", "cgroupfs", "--runtime",
                      "runc"]
        settings = pathlib.Path(folder, "containers.conf")
        settings.write_text(f"[containers]\ndefault_ulimits = {list(ULIMITS)}\n")
        self.environment = {**os.environ, "CONTAINERS_CONF": str(settings)}

    def __call__(self, *words, check=True):
        done = subprocess.run([*self.words, *map(str, words)], capture_output=True, text=True,
                              env=self.environment)
        if check and done.returncode:
            raise AssertionError(f"podman {' '.join(map(str, words))}: {done.stderr}")
        return done

    def load(self):
        for service in SERVICES:
            self("load", "--quiet", "--input", IMAGES / f"{service}.tar")

    def run_words(self, name, lab, store, service):
        """A command that runs the service by itself, with the files of the lab."""
        limits = [word for limit in ULIMITS for word in ("--ulimit", limit)]
        volumes = ["--volume", f"{lab.path}:{lab.path}:ro"]
        if service == "mailbox-transport":
            volumes += ["--volume", f"{store}:/var/lib/postern"]
        return [*self.words, "run", "--rm", "--name", name, "--network", "host", "--read-only",
                "--read-only-tmpfs=false", "--cap-drop", "ALL", "--security-opt",
                "no-new-privileges", *limits, *volumes, f"localhost/{image(service)}"]

    def facts(self, name):
        """(the lines of its status, the options of its root) of a container's process."""
        pid = self("inspect", "--format", "{{.State.Pid}}", name).stdout.strip()
        process = pathlib.Path("/proc", pid)
        status = dict(line.split(":\t", 1) for line in
                      (process / "status").read_text().splitlines() if ":\t" in line)
        root = next(line for line in (process / "mountinfo").read_text().splitlines()
                    if line.split()[4] == "/")
        return status, root.split()[5].split(",")


def restricted(case, facts):
    """Not as root, no capability, no way to more, and a root that is read-only."""
    status, root = facts
    case.assertEqual(set(status["Uid"].split()), {str(USER)})
    case.assertEqual(set(status["Gid"].split()), {str(USER)})
    case.assertEqual(int(status["CapEff"], 16), 0)
    case.assertEqual(status["NoNewPrivs"], "1")
    case.assertIn("ro", root)
