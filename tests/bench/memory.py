"""What a process holds in memory, read from outside."""
import os
import re
import struct
import threading
import time

PAGE = os.sysconf("SC_PAGE_SIZE")
KIB = 1024


def _read(pid, name):
    with open("/proc/%d/%s" % (pid, name), encoding="ascii",
              errors="replace") as f:
        return f.read()


def _stat(pid):
    """The fields behind the program's name; [0] is the third of proc(5)."""
    return _read(pid, "stat").rpartition(")")[2].split()


def wait_for_rest(pid):
    """Until it sleeps and goes on sleeping, or two seconds are over."""
    quiet = 0
    for _ in range(400):
        quiet = quiet + 1 if _stat(pid)[0] == "S" else 0
        if quiet == 3:
            return
        time.sleep(0.005)


def private(pid):
    """Octets that are this process's alone and were written to: dirty, or
    moved to swap."""
    text = _read(pid, "smaps_rollup")
    return KIB * sum(int(n) for n in re.findall(
        r"^(?:Private_Dirty|Swap): +(\d+) kB", text, re.M))


def shared_text(pid):
    """Octets that count as private and dirty only because the program's file
    has not reached the disk (or never will: tmpfs)."""
    text = _read(pid, "smaps_rollup")
    dirty, anonymous = (int(re.search(r"^%s: +(\d+) kB" % name, text,
                                      re.M)[1])
                        for name in ("Private_Dirty", "Anonymous"))
    return KIB * max(dirty - anonymous, 0)


def most_resident(pid):
    return KIB * int(re.search(r"^VmHWM:\s+(\d+) kB", _read(pid, "status"),
                               re.M)[1])


def from_kernel(pid):
    """Octets of the pages that hold nothing but what the kernel put there
    ahead of the program's first instruction: arguments, environment and the
    pointers to them. They lie above the place where the stack began; the page
    of that place is the program's, too, and not among them."""
    began = int(_stat(pid)[25])
    for line in _read(pid, "maps").splitlines():
        if line.endswith("[stack]"):
            end = int(line.split()[0].split("-")[1], 16)
    first, last = began // PAGE + 1, end // PAGE
    with open("/proc/%d/pagemap" % pid, "rb") as f:
        f.seek(first * 8)
        words = struct.unpack("%dQ" % (last - first),
                              f.read((last - first) * 8))
    return PAGE * sum(1 for w in words if w >> 62)  # present or in swap


def mappings(pid):
    """Name and private octets of every mapping that has some."""
    found = []
    for part in re.split(r"\n(?=[0-9a-f]+-[0-9a-f]+ )", _read(pid, "smaps")):
        dirty = KIB * sum(int(n) for n in re.findall(
            r"^(?:Private_Dirty|Swap): +(\d+) kB", part, re.M))
        words = part.split("\n", 1)[0].split(None, 5)
        low, high = (int(n, 16) for n in words[0].split("-"))
        name = os.path.basename(words[5]) if len(words) > 5 else "memory"
        if dirty:
            found.append(("%s %s, %d KiB" % (name, words[1],
                                             (high - low) // KIB), dirty))
    return found


class Watch:
    """Called by the server at every moment; keeps what it saw."""

    def __init__(self):
        self.pid = 0
        self.begun = threading.Event()
        self.at = {}            # moment: octets, the most of several
        self.kernel = 0
        self.resident = 0
        self.unwritten = 0      # see shared_text
        self.parts = []         # mappings, when most was held

    def begin(self, pid):
        self.pid = pid
        self.begun.set()

    def __call__(self, moment):
        self.begun.wait()
        if moment != "BODY":    # there it goes on until all buffers are full
            wait_for_rest(self.pid)
        now = private(self.pid)
        if now > max(self.at.values(), default=0):
            self.parts = mappings(self.pid)
        self.at[moment] = max(now, self.at.get(moment, 0))
        self.kernel = from_kernel(self.pid)
        self.resident = most_resident(self.pid)
        self.unwritten = max(self.unwritten, shared_text(self.pid))

    @property
    def most(self):
        return max(self.at.values())

    @property
    def own(self):
        """Without what the kernel put there."""
        return self.most - self.kernel
