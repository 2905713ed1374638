"""Kill points on the real binary: strace ends it at its Nth call of a kind.

A lane has a queue, a sink and settings of its own, so that several work side
by side. One point: a queue as it was, the program killed there, what is left
of it ended, a fresh one that drains; then the sink is asked. What was killed
leaves no trace but its files: each lane's processes have a PID namespace of
their own.
"""
import collections
import fcntl
import os
import re
import shutil
import subprocess
import time

import client
import machine
from sink import Sink

DRAIN = 15          # seconds for what is left after a kill
RUN = 10            # for the run that is killed
TEXT = b"Another line of the text that is to be carried, whole.\n" * 60
SERIAL = re.compile(rb"^X-Serial: (\w+)$", re.M)
SENDER = "sender@box.example"
# those of one process's start or end, in which nothing can be half done
DULL = {"arch_prctl", "set_tid_address", "execve", "exit", "exit_group",
        "brk", "rt_sigreturn", "restart_syscall"}
MAIN = """\
compatibility_level = 3.7
myhostname = client.example
mydestination =
inet_interfaces = loopback-only
inet_protocols = ipv4
mail_owner = %s
queue_directory = %s
data_directory = %s.data
relayhost = [127.0.0.1]:%d
smtp_tls_security_level = none
minimal_backoff_time = 1s
maximal_backoff_time = 1s
queue_run_delay = 1s
"""


def note(serial):
    return (b"From: <%s>\nTo: <one@box.example>\nSubject: note\n"
            b"X-Serial: %s\n\n" % (SENDER.encode(), serial.encode()) + TEXT)


class Lane:
    """words: the program; user: number of one without rights."""

    def __init__(self, folder, words, user):
        self.folder, self.words, self.user = folder, words, user
        self.queue = folder + "/queue"
        self.sink = Sink()
        os.makedirs(folder + "/traces")
        os.chmod(folder + "/traces", 0o1777)    # of users, too
        self.trace = folder + "/traces/trace"
        with open(folder + "/main.cf", "w", encoding="ascii") as f:
            f.write(MAIN % (machine.OWNER, self.queue, self.queue,
                            self.sink.port))
        self.env = dict(client.environment(), MAIL_CONFIG=folder)
        self.templates = {}

    # ---- processes

    def call(self, applet, *args):
        return [*self.words, applet, *args]

    def sendmail(self, serial, *people, before=(), user=None):
        """Its exit status; negative if it was killed."""
        r = subprocess.run(
            [*before, *self.call("sendmail", "-i", "-f", SENDER, *people)],
            input=note(serial), env=self.env, capture_output=True,
            timeout=60, user=user, group=user,
            extra_groups=None if user is None else [])
        self.said = (r.stdout + r.stderr).decode("utf-8", "replace")
        return r.returncode

    def traced(self, kind, nth, follow):
        """Words ahead of a command that is to be killed there. `follow`: or
        any process that it makes, each at its own Nth call."""
        return ["strace", *(["-f"] if follow else []), "-q",
                "-o", self.trace, "-e", "trace=" + kind,
                "-e", "inject=%s:signal=KILL:when=%d" % (kind, nth)]

    def was_killed(self):
        try:
            with open(self.trace, "rb") as f:
                return b"+++ killed by SIGKILL +++" in f.read()
        except FileNotFoundError:
            return False

    def alone(self, command):
        """In a PID namespace, which ends with what this gives."""
        return subprocess.Popen(
            ["unshare", "-p", "--fork", "--kill-child", "--", *command],
            env=self.env, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    # ---- the queue

    def left(self):
        return machine.names(self.queue + "/incoming") \
            + machine.names(self.queue + "/drop")

    def await_empty(self, seconds, process=None):
        until = time.monotonic() + seconds
        while self.left() and time.monotonic() < until:
            if process and process.poll() is not None:
                return False
            time.sleep(0.004)
        return not self.left()

    def manager_runs(self):
        return machine.is_locked(self.queue + "/lock")

    def template(self, name, messages):
        """A queue with these in it, [(serial, recipients)], not tried."""
        self.clear()
        folder = self.folder + "/template-" + name
        if self.sendmail("first", "one@box.example") != 0:
            raise RuntimeError("sendmail: " + self.said)
        self.await_empty(DRAIN)
        self.end_runner()
        with open(self.queue + "/lock", "rb") as f:
            fcntl.flock(f, fcntl.LOCK_EX)
            for serial, people in messages:
                if self.sendmail(serial, *people) != 0:
                    raise RuntimeError("sendmail: " + self.said)
        if len(self.left()) != len(messages):
            raise RuntimeError("%s are queued" % self.left())
        subprocess.run(["cp", "-a", self.queue, folder], check=True)
        self.templates[name] = folder

    def clear(self, name=None):
        shutil.rmtree(self.queue, ignore_errors=True)
        if name:
            subprocess.run(["cp", "-a", self.templates[name], self.queue],
                           check=True)
        self.sink.taken.clear()

    def end_runner(self):
        until = time.monotonic() + DRAIN
        while self.manager_runs() and time.monotonic() < until:
            time.sleep(0.004)

    # ---- one run under a kill, and one without; -> a process to be ended

    def run_submission(self, before, user=None):
        """A second message, while the first one lies there."""
        self.status = self.sendmail("second", "one@box.example",
                                    "two@box.example", before=before,
                                    user=user)

    def run_manager(self, before):
        self.status = 0
        p = self.alone([*before, *self.call("qmgr")])
        until = time.monotonic() + RUN
        try:
            while self.left() and time.monotonic() < until:
                if p.poll() is not None:
                    break
                if self.was_killed():   # it goes on without, for a moment
                    self.await_empty(0.1, p)
                    break
                time.sleep(0.004)
        finally:
            p.kill()
            p.wait(10)
            self.end_runner()

    def drain(self):
        """Reasons why the queue isn't empty in the end."""
        if not self.left():
            self.end_runner()
        p = None if self.manager_runs() else self.alone(self.call("qmgr"))
        try:
            if not self.await_empty(DRAIN, p):
                return ["%s in the queue" % self.left()]
        finally:
            if p:
                p.kill()
                p.wait(10)
            self.end_runner()
        return []


def calls(lane, run, follow):
    """-> {call: most often made by one process}, in a run without a kill."""
    path = lane.trace + ".calls"
    run(["strace", *(["-f"] if follow else []), "-qq", "-o", path,
         "-e", "signal=none"])
    count = collections.Counter()
    with open(path, encoding="ascii", errors="replace") as f:
        for line in f:
            m = re.match(r"(\d*) *(\w+)\(", line)
            if m and m[2] not in DULL:
                count[m[1], m[2]] += 1
    most = collections.Counter()
    for (_, name), n in count.items():
        most[name] = max(most[name], n)
    return most


def points(most, limit):
    """(call, n), evenly chosen if there are too many; the first and the last
    of each call are always among them."""
    every = [(name, n) for name in sorted(most)
             for n in range(1, most[name] + 1)]
    ends = [p for p in every if p[1] in (1, most[p[0]])]
    rest = [p for p in every if p not in ends]
    room = max(0, limit - len(ends))
    step = max(1, len(rest) / room) if room else len(rest) + 1
    return sorted(ends + [rest[int(n * step)] for n in range(
        min(room, len(rest))) if int(n * step) < len(rest)])


def judge(lane, sure, maybe=(), notices=(), twice=1):
    """Reasons why the sink has not what it must have.

    sure: (serial, recipient) that must be there; maybe: that may be, once;
    notices: serials of which a notice must have come to the sender; twice:
    how many deliveries may have been made again.
    """
    reasons, seen, told = [], collections.Counter(), collections.Counter()
    for sender, box, octets in lane.sink.taken:
        serial = SERIAL.search(octets)
        serial = serial[1].decode() if serial else "?"
        if sender == "" and b"multipart/report" in octets:
            told[serial] += 1
            continue
        seen[serial, box] += 1
        if not octets.endswith(b"\n\n" + TEXT):
            reasons.append("%s came torn to %s: %r" % (
                serial, box, octets[-200:]))
    reasons += ["lost: %s to %s" % it for it in sure if not seen[it]]
    reasons += ["no notice of %s" % it for it in notices if not told[it]]
    reasons += ["unasked: %s to %s" % it for it in seen
                if it not in sure and it not in maybe]
    reasons += ["a notice of %s" % it for it in told if it not in notices]
    again = sum(n - 1 for n in seen.values()) + sum(
        n - 1 for n in told.values())
    if again > twice:
        reasons.append("%d deliveries were made again: %s %s" % (
            again, dict(seen), dict(told)))
    odd = machine.names(lane.queue + "/corrupt")
    return reasons + ["set aside: %s" % odd] * bool(odd)
