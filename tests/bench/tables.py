"""Lookup tables: how fast they are compiled and asked, beside Postfix.

Postfix's postmap comes out of Debian's packages, unpacked. Both read the same
keys from a file and write to /dev/null; rounds are interleaved. Memory is what
is private and dirty while the program waits for more keys, having answered.
"""
import os
import random
import resource
import statistics
import subprocess
import time

SIZES = [10000, 1000000]        # keys
LOOKUPS = 1000000
ROUNDS = 5
LEAST_FACTOR = 3                # lookups, of Postfix's rate


def pair(i):
    return "user%d@host%d.example" % (i, i % 5000), "box%d@%d.example" % (
        i * 7, i % 100)


class Side:
    """One of the two programs."""

    def __init__(self, name, words, env, folder):
        self.name, self.words, self.env = name, words, env
        self.folder = folder

    def used(self, words, stdin=subprocess.DEVNULL):
        """Seconds of the processor's, system and user."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(self.words + words, cwd=self.folder, env=self.env,
                       stdin=stdin, stdout=subprocess.DEVNULL, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - \
            before.ru_utime - before.ru_stime

    def compile(self):
        return self.used(["cdb:table"])

    def ask(self):
        with open(os.path.join(self.folder, "keys"), "rb") as f:
            return self.used(["-q", "-", "cdb:table"], f)

    def private_kib(self, keys):
        p = subprocess.Popen(self.words + ["-q", "-", "cdb:table"],
                             cwd=self.folder, env=self.env,
                             stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        try:
            p.stdin.write(keys)
            p.stdin.flush()
            time.sleep(0.5)     # all of it is answered by then
            with open("/proc/%d/smaps_rollup" % p.pid) as f:
                return sum(int(line.split()[1]) for line in f
                           if line.startswith("Private_Dirty:"))
        finally:
            p.stdin.close()
            p.wait()


def sides(program, root, folder):
    """Ours, and Postfix's if its packages could be had."""
    usr = os.path.join(root, "usr")
    env = {"MAIL_CONFIG": folder, "PATH": os.environ["PATH"],
           "LD_LIBRARY_PATH": "%s/lib/postfix:%s/lib/%s-linux-gnu" % (
               usr, usr, os.uname().machine)}
    with open(os.path.join(folder, "main.cf"), "w") as f:
        f.write("compatibility_level = 3.7\nmyhostname = client.example\n"
                "shlib_directory = %s/lib/postfix\nmeta_directory = %s\n" % (
                    usr, folder))
    with open(os.path.join(folder, "dynamicmaps.cf"), "w") as f:
        f.write("cdb postfix-cdb.so dict_cdb_open mkmap_cdb_open\n")
    with open(os.path.join(folder, "postfix-files"), "w"):
        pass
    theirs = os.path.join(usr, "sbin/postmap")
    found = [Side("postern", [program, "postmap"], env, folder)]
    if os.path.exists(os.path.join(usr, "lib/postfix/postfix-cdb.so")):
        found.append(Side("Postfix", [theirs], env, folder))
    return found


def make(folder, size):
    """The text, and keys in an order of chance."""
    chance = random.Random(1)
    numbers = list(range(size))
    with open(os.path.join(folder, "table"), "w") as f:
        f.writelines("%s %s\n" % pair(i) for i in numbers)
    chance.shuffle(numbers)
    with open(os.path.join(folder, "keys"), "w") as f:
        for i in range(LOOKUPS):
            f.write(pair(numbers[i % size])[0] + "\n")


def table(program, root, folder):
    """Prints it; how many budgets were exceeded."""
    print("\nTables, CPU time, median of %d interleaved rounds; memory while "
          "waiting" % ROUNDS)
    failed = 0
    for size in SIZES:
        make(folder, size)
        both = sides(program, root, folder)
        times = {(s.name, what): [] for s in both for what in ("c", "q")}
        for _ in range(ROUNDS):
            for s in both:
                times[s.name, "c"].append(s.compile())
            for s in both:
                times[s.name, "q"].append(s.ask())
        some = "".join(pair(i)[0] + "\n" for i in range(0, size, 97))[:30000]
        middle = {k: statistics.median(v) for k, v in times.items()}
        for s in both:
            print("  %8d keys  %-8s compiled at %7.0f keys/ms, asked at "
                  "%7.0f keys/ms  %4d KiB" % (
                      size, s.name, size / middle[s.name, "c"] / 1000,
                      LOOKUPS / middle[s.name, "q"] / 1000,
                      s.private_kib(some.encode())))
        if len(both) > 1:
            failed += judge(middle)
        else:
            print("  Postfix's postmap is not there to be compared")
    return failed


def judge(middle):
    failed = 0
    for what, text, least in ("c", "compiles", 1), ("q", "asks",
                                                     LEAST_FACTOR):
        factor = middle["Postfix", what] / middle["postern", what]
        good = factor >= least
        failed += not good
        print("%-8s %s %.1f times as fast (at least %d)" % (
            "good" if good else "MISSED", text, factor, least))
    return failed
