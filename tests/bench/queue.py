"""The queue: how fast mail is taken and passed on, at what cost, beside
Debian's Postfix.

    queue.py PROGRAM ROOT FOLDER TOOLS [PART]...

Runs in namespaces of its own, started by run.py. ROOT has Postfix unpacked,
FOLDER is on a real disk: both queues are there. TOOLS has bare_queue, the
least that submission can be, logsink, and Postfix's sendmail. Both pass 4 KiB
messages to the same smtp-sink, 20 at a time, over connections that are used
again. Budgets are the capitals below.
"""
import os
import re
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[1:1] = [os.path.join(os.path.dirname(HERE), "live")]
import clients      # noqa: E402
import mailers      # noqa: E402
import memory       # noqa: E402
import place        # noqa: E402

SIZE = 4096
FEW, MANY = 1000, 10000
ROUNDS = 3              # of FEW
LEAST_RATE = 3          # of Postfix's
MOST_PSS = 0.1          # of Postfix's
LEAST_SUBMISSION = 0.8  # of the bare program's
IDLE_KIB = 96
IDLE_SECONDS = 60
SUBMISSIONS = 60        # in a round
SUBMISSION_ROUNDS = 5
LINEAR = 1.15           # MANY may take so much more than ten times FEW
SECONDS = 300           # of one drain


class Verdicts:
    def __init__(self):
        self.failed = 0

    def judge(self, good, text):
        self.failed += not good
        print("%-8s %s" % ("good" if good else "MISSED", text))
        sys.stdout.flush()


class Drain:
    """One run: all that waits goes to the sink."""

    def __init__(self, mailer, sink, count, message, look=False):
        mailer.load(count, message)
        sink.begin()
        self.pss = self.private = self.most = 0
        self.cpu = 0.0
        begun = time.monotonic()
        mailer.start()
        next_look = begun + 0.2
        while sink.arrived() < count:
            now = time.monotonic()
            if now > begun + SECONDS:
                sys.exit("bench: %s passed on %d of %d in %d s" % (
                    mailer.name, sink.arrived(), count, SECONDS))
            if look and mailer.process.poll() is None:
                self.private = max(self.private, own(mailer.process.pid))
            if look and now > next_look:
                self._look(mailer)
                next_look = time.monotonic() + 0.5
            time.sleep(0.02)
        self.cpu = mailers.cpu(mailer.processes())
        self.seconds = sink.last - sink.first
        self.all_seconds = sink.last - begun
        self.rate = (count - 1) / self.seconds
        time.sleep(0.5)
        self.left = len(mailer.waiting())
        mailer.stop()

    def _look(self, mailer):
        pids = mailer.processes()
        self.pss = max(self.pss, mailers.pss(pids))
        self.most = max(self.most, len(pids))


def own(pid):
    """Private and dirty octets, without arguments and environment."""
    try:
        return memory.private(pid) - memory.from_kernel(pid)
    except OSError:
        return 0


def drains(verdicts, ours, theirs, sink, message):
    print("\nDraining %d-octet messages into smtp-sink, %d at a time\n" % (
        SIZE, mailers.AT_ONCE))
    rates, runs = {}, {}
    for mailer in theirs, ours:
        few = [Drain(mailer, sink, FEW, message, True)
               for _ in range(ROUNDS)]
        runs[mailer.name] = many = Drain(mailer, sink, MANY, message, True)
        seconds = statistics.median(d.seconds for d in few)
        rates[mailer.name] = many.rate
        print("%-8s %6d: %7.2f s, %6.0f a second   (of %s)" % (
            mailer.name, FEW, seconds, (FEW - 1) / seconds,
            " ".join("%.2f" % d.seconds for d in few)))
        print("%-8s %6d: %7.2f s, %6.0f a second, %.2f s of processor, "
              "PSS %.0f KiB in %d processes, first after %.2f s" % (
                  "", MANY, many.seconds, many.rate, many.cpu,
                  many.pss / 1024, many.most,
                  many.all_seconds - many.seconds))
        sys.stdout.flush()
        if mailer is ours:
            verdicts.judge(
                many.seconds <= seconds * MANY / FEW * LINEAR,
                "%d cost %.1f times %d" % (MANY, many.seconds / seconds, FEW))
            private = max(d.private for d in few)
            verdicts.judge(
                many.private <= private + 2 * memory.PAGE,
                "the manager's private memory: %d KiB with %d, %d with %d"
                % (many.private / 1024, MANY, private / 1024, FEW))
            verdicts.judge(not many.left and not any(d.left for d in few),
                           "nothing is left in the queue")
    ratio = rates[ours.name] / rates[theirs.name]
    verdicts.judge(ratio >= LEAST_RATE, "%.2f times Postfix's rate, at least "
                   "%d" % (ratio, LEAST_RATE))
    ratio = runs[ours.name].pss / runs[theirs.name].pss
    verdicts.judge(ratio <= MOST_PSS, "%.3f of Postfix's memory, at most %.1f"
                   % (ratio, MOST_PSS))


def spawn(words, environment, message):
    fd = os.open(message, os.O_RDONLY)
    pid = os.posix_spawn(words[0], words, environment, file_actions=[
        (os.POSIX_SPAWN_DUP2, fd, 0), (os.POSIX_SPAWN_CLOSE, fd),
        # Postfix's says each time that nobody is there to pick it up
        (os.POSIX_SPAWN_OPEN, 2, "/dev/null", os.O_WRONLY, 0)])
    os.close(fd)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if status:
        sys.exit("bench: %s ended with %d" % (words[0], status))


def submissions(verdicts, ours, theirs, bare, message):
    """Interleaved rounds; no manager takes anything away meanwhile."""
    print("\nSubmission, one after the other\n")
    folder = mailers.DISK + "/bare"
    os.mkdir(folder)
    ours.hold()
    rows = {"bare program": ([bare, folder], mailers.ENVIRONMENT),
            ours.name: (ours.submit(), ours.environment),
            "Postfix's sendmail": (theirs.submit(), theirs.environment)}
    times = {name: [] for name in rows}
    for _ in range(SUBMISSION_ROUNDS):
        for name, (words, environment) in rows.items():
            begun = time.monotonic()
            for _ in range(SUBMISSIONS):
                spawn(words, environment, message)
            times[name].append((time.monotonic() - begun) / SUBMISSIONS)
    ratio = statistics.median(
        a / b for a, b in zip(times["bare program"], times[ours.name]))
    for name, of in times.items():
        print("%-20s %6.2f ms, %5.0f a second" % (
            name, 1000 * statistics.median(of), 1 / statistics.median(of)))
    ours.release()
    ours.forget()
    theirs.forget()
    verdicts.judge(ratio >= LEAST_SUBMISSION,
                   "submission at %.0f %% of the bare program's rate, at least"
                   " %.0f" % (100 * ratio, 100 * LEAST_SUBMISSION))


FILES = r"(?:p?write(?:v|64)?|f(?:data)?sync|syncfs|sync_file_range|sync|" \
    r"sync_file|rename(?:at2?)?|unlink(?:at)?|utimensat(?:_time64)?)"


def traced(path, queue):
    """-> octets written to the queue's files, syncs, by their name."""
    octets, syncs = 0, 0
    with open(path, encoding="utf-8", errors="replace") as f:
        for line in f:
            m = re.search(r"(\w+)\((?:\d+<([^>]*)>)?.* = (-?\d+)", line)
            if not m:
                continue
            if "sync" in m[1]:
                syncs += 1
            elif "write" in m[1] and (m[2] or "").startswith(queue):
                octets += max(0, int(m[3]))
    return octets, syncs


def writing(verdicts, ours, sink, message):
    """What one message costs the disk, from submission to its end."""
    print("\nWritten and synced\n")
    path = mailers.LIVE + "/trace"
    trace = ["strace", "-f", "-y", "-qq", "-o", path, "-e",
             "trace=write,pwrite64,writev,pwritev,fsync,fdatasync,syncfs,"
             "sync,sync_file_range"]
    ours.hold()
    ours.forget()
    with open(message, "rb") as f:
        subprocess.run(trace + ours.submit(), env=ours.environment, stdin=f,
                       check=True, timeout=60)
    ours.release()
    (name,) = ours.waiting()
    whole = os.path.getsize(os.path.join(ours.queue, "incoming", name))
    octets, syncs = traced(path, ours.queue)
    print("submission: %d octets for a message of %d (file: %d), %d syncs" % (
        octets, SIZE, whole, syncs))
    verdicts.judge(octets <= SIZE + 2 * 4096 and syncs == 2,
                   "at most its size and 2 blocks, and 2 syncs")
    ours.forget()
    ours.load(100, message)
    sink.begin()
    ours.start(before=trace)
    while sink.arrived() < 100:
        time.sleep(0.01)
    time.sleep(2)
    ours.stop()
    octets, syncs = traced(path, ours.queue)
    print("draining 100: %d octets, %d syncs" % (octets, syncs))
    verdicts.judge(octets <= 100 * SIZE and syncs <= 5,
                   "no sync per recipient")


def idle(verdicts, ours):
    print("\nAn idle manager\n")
    ours.start()
    time.sleep(2)
    pid = ours.process.pid
    before = switches(pid)
    time.sleep(IDLE_SECONDS)
    woken = switches(pid) - before
    octets = own(pid)
    verdicts.judge(octets <= IDLE_KIB * 1024,
                   "%d KiB private and dirty, at most %d" % (
                       octets / 1024, IDLE_KIB))
    for name, part in sorted(memory.mappings(pid), key=lambda p: -p[1]):
        print("%9s%4d KiB  %s" % ("", part / 1024, name))
    verdicts.judge(woken == 0, "woken %d times in %d s, so not one system "
                   "call" % (woken, IDLE_SECONDS))
    verdicts.judge(len(ours.processes()) == 1, "%d process" % len(
        ours.processes()))
    ours.stop()


def switches(pid):
    with open("/proc/%d/status" % pid, encoding="ascii") as f:
        return sum(int(n) for n in re.findall(r"ctxt_switches:\s+(\d+)",
                                              f.read()))


def keep_others_out():
    """What else a busy machine does is to slow down neither system: shares
    of the processor go by sessions and processes, of which Postfix has more.
    On an idle machine all is scheduled as ever."""
    if os.getloadavg()[0] > 1:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
        print("the machine is busy (load %.1f): measured ahead of all else" %
              os.getloadavg()[0])


def main():
    program, root, folder, tools, *parts = sys.argv[1:]
    bare, logsink, sendmail = (os.path.join(tools, name) for name in (
        "bare_queue", "logsink", "sendmail"))
    keep_others_out()
    place.set_up(root, ["boxes", "postfix", "postdrop", "postern"])
    place.client_settings()
    place.serve_names([])
    os.mkdir(mailers.DISK)
    place.do("mount", "--bind", folder, mailers.DISK)
    os.chmod(mailers.DISK, 0o755)
    with open("/proc/sys/net/unix/max_dgram_qlen", "w") as f:
        f.write("10000")
    dev = place.SPOOL + "/dev"
    os.mkdir(dev)
    place.do("mount", "-t", "tmpfs", "tmpfs", dev)
    for name in "null", "zero", "random", "urandom", "tty":
        with open(os.path.join(dev, name), "wb"):
            pass
        place.do("mount", "--bind", "/dev/" + name, os.path.join(dev, name))
    place.do("mount", "--move", dev, "/dev")
    log = subprocess.Popen([logsink, "/dev/log"], stdin=subprocess.DEVNULL)
    message = mailers.DISK + "/message"
    clients.write_message(message, SIZE)
    kind = subprocess.run(["findmnt", "-no", "FSTYPE,SOURCE,OPTIONS", "-T",
                           folder], capture_output=True, text=True).stdout
    print("both queues on: %s" % kind.strip())
    verdicts = Verdicts()
    ours, theirs = mailers.Postern(program), mailers.Postfix(sendmail)
    sink = mailers.Sink()
    every = {"drains": lambda: drains(verdicts, ours, theirs, sink, message),
             "submissions": lambda: submissions(verdicts, ours, theirs, bare,
                                                message),
             "writing": lambda: writing(verdicts, ours, sink, message),
             "idle": lambda: idle(verdicts, ours)}
    for name in parts or every:
        every[name]()
    sink.close()
    log.terminate()
    log.wait(10)
    return 1 if verdicts.failed else 0


if __name__ == "__main__":
    sys.exit(main())
