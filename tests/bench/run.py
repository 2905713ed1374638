#!/usr/bin/env python3
"""make bench: what one delivery costs.

    run.py PROGRAM [PART]...

PART is one of delivery, tls, tables, queue; all of them if none is named.

Delivers messages to a server of its own, in namespaces of its own, and
measures from outside the memory that is the client's alone; then system calls
and CPU time, beside msmtp and a bare program that does only what it must.
With TLS and without. Times are shown; two are judged, beside a rival's.

Status 0; 1 if a budget for memory was exceeded or a delivery failed; 2 if the
bench could not run. The budgets:

- at most 64 KiB, private and dirty, from the greeting to the end;
- the same within a page for a message of 1 KiB and of 100 MiB;
- the same within a page for 1 and 1,000 recipients;
- inside TLS, at most 128 KiB, and at most a tenth of msmtp's CPU time;
- compiled tables: asked at least 3 times as fast as by Postfix's postmap, and
  made no slower;
- the queue: see queue.py. It needs root.

The kernel hands a program its arguments and environment in pages that count
as the program's. They have a column of their own. To one recipient they are
part of what is judged; to many they are not, as no program can make them
smaller.
"""
import glob
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import types

import clients
import memory
import server
import tables
import tls

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.abspath(os.environ.get("POSTERN_BUILD",
                                       os.path.join(TOP, "build")))
PLACE = os.path.join(BUILD, "bench")
ROOT = os.path.join(PLACE, "root")      # packages, unpacked
sys.path.insert(1, os.path.join(TOP, "tests", "conformance"))
import fakenet      # noqa: E402 the name server of the conformance kit
import isolate      # noqa: E402

KIB = clients.KIB
PARTS = ["delivery", "tls", "tables", "queue"]
BUDGET = 64 * KIB
PEOPLE = [1, 100, 1000]
ROUNDS = {"1 KiB": 25, "1 MiB": 8}      # of the clock
MAIN_CF = """compatibility_level = 3.7
myhostname = client.example
mydomain = example
inet_interfaces = loopback-only
"""
DNS = {"records": ["box.example MX 10 mx.box.example",
                   "mx.box.example A 127.0.0.1"]}
MOMENTS = ["DATA", "BODY", "DOT", "AFTER"]


def kib(octets):
    return "-" if octets is None else "%d" % round(octets / KIB)


# --- memory -----------------------------------------------------------------

class Row:
    """One delivery, watched."""

    def __init__(self, bench, client, size, people, pipelining):
        self.size, self.people, self.pipelining = size, people, pipelining
        self.watch = memory.Watch()
        bench.server.pipelining = pipelining
        bench.deliver(client, size, people, self.watch)
        bench.server.pipelining = True

    def case(self):
        return "%7s, %4d rcpt%s" % (self.size, self.people,
                                    ", pipelined" if self.pipelining else "")

    def show(self):
        w = self.watch
        print("%-31s" % self.case() + "".join(
            "%6s" % kib(w.at.get(m)) for m in MOMENTS) +
            "%7s%6s%9s" % (kib(w.kernel), kib(w.own), kib(w.resident)))


def memory_table(bench, client):
    print("Private dirty memory of one delivery, KiB (budget %s)\n" %
          kib(BUDGET))
    print("%-31s  DATA  body   dot after   args   own  max RSS" % "")
    rows = []
    for size in clients.SIZES:
        for people in PEOPLE:
            for pipelining in True, False:
                row = Row(bench, client, size, people, pipelining)
                row.show()
                rows.append(row)
    print("""
body   the most of several samples on the way ('-': too short to be caught)
args   pages with nothing but arguments and environment, made by the kernel
own    the most that was seen at any moment, without args
""")
    return rows


def most_apart(rows, differ, same):
    """The largest difference in `own` between rows that differ in one thing
    and are the same in the others, and which two."""
    pairs = [(abs(a.watch.own - b.watch.own), a, b)
             for a in rows for b in rows
             if getattr(a, differ) != getattr(b, differ) and
             all(getattr(a, name) == getattr(b, name) for name in same)]
    return max(pairs, key=lambda p: p[0])


def judge(rows):
    """How many budgets were exceeded."""
    most = max(rows, key=lambda r: r.watch.own)
    alone = max((r for r in rows if r.people == 1),
                key=lambda r: r.watch.most)
    verdicts = [("to 1 recipient, all in all", alone.watch.most, BUDGET,
                 alone.case()),
                ("in any case, without args", most.watch.own, BUDGET,
                 most.case())]
    for differ, same, text in (
            ("size", ("people", "pipelining"), "between sizes"),
            ("people", ("size", "pipelining"), "between recipient counts")):
        apart, a, b = most_apart(rows, differ, same)
        verdicts.append((text, apart, memory.PAGE, "%s and %s" % (
            a.case().strip(), b.case().strip()) if apart else "all"))
    failed = 0
    for text, value, limit, where in verdicts:
        good = value <= limit
        failed += not good
        print("%-8s %-26s %3s KiB of %2s  (%s)" % (
            "good" if good else "EXCEEDED", text, kib(value), kib(limit),
            where.strip()))
    return failed, most


def show_parts(row):
    print("\nwhere the most was, %s:" % row.case().strip())
    for name, octets in sorted(row.watch.parts, key=lambda p: -p[1]):
        print("%6s KiB  %s" % (kib(octets), name))
    if row.watch.unwritten:
        print("%6s KiB of it only because the program's file is not on a "
              "disk yet" % kib(row.watch.unwritten))


def memory_beside(bench, others):
    """Other ways and other programs, not judged."""
    print("\nBeside it, 1 KiB to 1 recipient, KiB:   DATA   dot after   args "
          "  own  max RSS")
    for name, client in others:
        w = Row(bench, client, "1 KiB", 1, True).watch
        print("  %-37s" % name + "".join(
            "%6s" % kib(w.at.get(m)) for m in ("DATA", "DOT", "AFTER")) +
            "%7s%6s%9s" % (kib(w.kernel), kib(w.own), kib(w.resident)))


# --- system calls -----------------------------------------------------------

def calls(bench, client, size, people):
    """How many, and the most frequent ones."""
    path = os.path.join(bench.folder, "calls")
    bench.deliver(client, size, people,
                  before=[shutil.which("strace"), "-f", "-c", "-o", path])
    rows = []
    with open(path, encoding="ascii") as f:
        for line in f:
            words = line.split()
            if len(words) >= 5 and words[3].isdigit():
                rows.append((int(words[3]), words[-1]))
    total = [n for n, name in rows if name == "total"]
    rows = sorted((r for r in rows if r[1] != "total"), reverse=True)
    return total[0], ", ".join("%s %d" % (name, n) for n, name in rows[:6])


def calls_table(bench, programs):
    print("\nSystem calls of one delivery, from exec to exit")
    if not shutil.which("strace"):
        print("  not counted: there is no strace here (package strace)")
        return
    for size, people in ("1 KiB", 1), ("1 KiB", 100), ("1 MiB", 1):
        for client in programs:
            if client.name.startswith("bare") and people > 1:
                continue
            n, most = calls(bench, client, size, people)
            print("  %-6s %4d rcpt  %-13s %6d  (%s)" % (
                size, people, client.name, n, most))


# --- CPU time ---------------------------------------------------------------

def cpu_table(bench, programs):
    """Every round runs each program once, so that what else the machine does
    falls on all of them."""
    print("\nCPU time, process start to end, median of interleaved rounds, "
          "1 recipient")
    for size, rounds in ROUNDS.items():
        times = {c.name: [] for c in programs}
        for _ in range(rounds):
            for c in programs:
                used = bench.deliver(c, size)
                times[c.name].append(used.ru_utime + used.ru_stime)
        for c in programs:
            of = times[c.name]
            ratio = statistics.median(
                a / b for a, b in zip(of, times["postern"]))
            print("  %-6s %-28s %7.2f ms  %5.2f x postern" % (
                size, c.name, 1000 * statistics.median(of), ratio))


# --- outside and inside the namespaces --------------------------------------

def get_packages(*names):
    """They are unpacked, not installed; needs the network once."""
    unpack = os.path.join(TOP, "toolchains", "unpack")
    try:
        r = subprocess.run(["sh", unpack, ROOT, *names], timeout=300,
                           stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT,
                           stdout=subprocess.PIPE)
        why = r.stdout.decode("utf-8", "replace").strip() if r.returncode \
            else None
    except (OSError, subprocess.TimeoutExpired) as e:
        why = str(e)
    if why is not None:
        print("not compared: packages cannot be had (%s)\n" %
              (why.splitlines() or ["no reason given"])[-1])


def make_bare(name):
    out = os.path.join(PLACE, name)
    r = subprocess.run(["cc", "-Os", "-static", "-o", out,
                        os.path.join(HERE, name + ".c")],
                       stdin=subprocess.DEVNULL)
    if r.returncode:
        sys.exit("bench: cannot compile %s.c" % name)
    return out


def outside(program, parts):
    os.makedirs(PLACE, exist_ok=True)
    get_packages("msmtp", "postfix", "postfix-cdb", "ca-certificates")
    # Pages of a file on the way to the disk count as dirty, whose ever it is.
    for path in program, make_bare("bare"), make_bare("bare_queue"), \
            make_bare("logsink"):
        with open(path, "rb") as f:
            os.fsync(f.fileno())
    failed = 0
    if "queue" in parts:
        failed += queue_part(program)
    parts = [part for part in parts if part != "queue"]
    sys.stdout.flush()
    if parts:
        failed += subprocess.run(isolate.prefix() + [
            sys.executable, os.path.abspath(__file__), "--inside",
            os.path.abspath(program), *parts]).returncode
    return 1 if failed else 0


def postfix_sendmail():
    """Postfix's own, which is not unpacked among the rest."""
    archive = sorted(glob.glob(os.path.join(BUILD, "live", "deb",
                                            "postfix_*.deb")))[-1]
    data = subprocess.run(["dpkg-deb", "--fsys-tarfile", archive],
                          check=True, stdout=subprocess.PIPE).stdout
    out = os.path.join(PLACE, "sendmail")
    with open(out, "wb") as f:
        subprocess.run(["tar", "-xO", "./usr/sbin/sendmail"], input=data,
                       stdout=f, check=True)
    os.chmod(out, 0o755)


def queue_part(program):
    """In namespaces of its own: Postfix wants users, and files in place."""
    if os.getuid() != 0 or not os.path.exists(ROOT):
        print("the queue is not measured: that needs root, and Postfix's "
              "package")
        return 0
    postfix_sendmail()
    with tempfile.TemporaryDirectory(dir=PLACE) as folder:
        return subprocess.run([
            "unshare", "-n", "-m", "-p", "-u", "--mount-proc",
            "--kill-child", "--fork", "--", sys.executable,
            os.path.join(HERE, "queue.py"), os.path.abspath(program), ROOT,
            folder, PLACE]).returncode


def cover_dev(folder):
    """A /dev with a log of our own, and with little else."""
    dev = os.path.join(folder, "dev")
    os.mkdir(dev)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", dev], check=True)
    for name in "null", "zero", "random", "urandom", "tty":
        open(os.path.join(dev, name), "wb").close()
        subprocess.run(["mount", "--bind", "/dev/" + name,
                        os.path.join(dev, name)], check=True)
    subprocess.run(["mount", "--move", dev, "/dev"], check=True)
    server.Log("/dev/log")


def set_up(folder):
    """Loopback, a resolver, /proc and /dev of the namespaces' own."""
    isolate.set_up(types.SimpleNamespace(root=folder, sc={
        "server": [], "net": {}, "hosts": {}, "dns": {}}))
    subprocess.run(["mount", "-t", "proc", "proc", "/proc"], check=True)
    cover_dev(folder)
    fakenet.DnsServer(DNS).start()
    with open(os.path.join(folder, "main.cf"), "w", encoding="ascii") as f:
        f.write(MAIN_CF)


def delivery(bench, program, rival, folder):
    """How many budgets were exceeded."""
    hop = "[127.0.0.1]:%d" % clients.PORT
    client = clients.postern(program, folder, hop)
    rows = memory_table(bench, client)
    failed, most = judge(rows)
    show_parts(most)
    bare = os.path.join(PLACE, "bare")
    programs = [client, clients.bare(bare)]
    if rival:
        programs.insert(1, clients.msmtp(*rival))
    by_name = clients.postern(program, folder,
                              "box.example:%d" % clients.PORT)
    memory_beside(bench, [("postern, MX and A asked for", by_name)] + [
        (c.name, c) for c in programs[1:]])
    calls_table(bench, programs)
    cpu_table(bench, programs + [clients.nothing(bare)])
    return failed


def inside(program, parts):
    failed = 0
    mail = os.path.join(ROOT, "usr/bin/msmtp")
    rival = (mail, os.path.join(
        ROOT, "usr/lib/%s-linux-gnu" % os.uname().machine)) \
        if os.path.exists(mail) else None
    with tempfile.TemporaryDirectory(dir=PLACE) as folder:
        set_up(folder)
        bench = clients.Bench(folder)
        if "delivery" in parts:
            failed += delivery(bench, program, rival, folder)
        if "tls" in parts:
            failed += tls.table(bench, program, rival, ROOT, folder)
        bench.server.close()
    if "tables" in parts:
        with tempfile.TemporaryDirectory(dir=PLACE) as folder:
            failed += tables.table(program, ROOT, folder)
    return 1 if failed else 0


def main():
    args = sys.argv[1:]
    if args[:1] == ["--inside"]:
        return inside(args[1], args[2:])
    if not args or not os.access(args[0], os.X_OK) \
            or set(args[1:]) - set(PARTS):
        print(__doc__, file=sys.stderr)
        return 2
    return outside(args[0], args[1:] or PARTS)


if __name__ == "__main__":
    sys.exit(main())
