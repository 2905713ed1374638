#!/usr/bin/env python3
"""Compiled tables are the same to us, to Postfix and to tinycdb.

    tables.py PROGRAM [COUNT]...

For tables of 10, 10,000 and 1,000,000 keys (or COUNT): what `PROGRAM postmap`
compiles is read by Postfix's postmap and by tinycdb's cdb, every key of it,
and the other way round. Their programs come out of Debian packages that are
unpacked below build/live and not installed.

Prints "pass NAME" and "FAIL NAME" with reasons, last "N passed, N failed".
"""
import os
import subprocess
import sys
import tempfile

import packages
import report

PLACE = os.path.join(packages.BUILD, "live", "tables")
SECONDS = 200       # for one program; most take less than five


class Programs:
    """Ours and theirs, in a folder of their own."""

    def __init__(self, ours, folder):
        usr = os.path.join(PLACE, "usr")
        machine = os.uname().machine + "-linux-gnu"
        self.folder = folder
        self.ours = [ours, "postmap"]
        self.postmap = [os.path.join(usr, "sbin/postmap")]
        self.cdb = [os.path.join(usr, "bin/cdb")]
        self.env = {"PATH": os.environ["PATH"], "LC_ALL": "C",
                    "MAIL_CONFIG": folder, "LD_LIBRARY_PATH": ":".join([
                        os.path.join(usr, "lib/postfix"),
                        os.path.join(usr, "lib", machine)])}
        self.write("main.cf", "compatibility_level = 3.7\n"
                   "myhostname = client.example\n"
                   "shlib_directory = %s/lib/postfix\n"
                   "meta_directory = %s\n" % (usr, folder))
        self.write("dynamicmaps.cf",
                   "cdb postfix-cdb.so dict_cdb_open mkmap_cdb_open\n")
        self.write("postfix-files", "")

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w") as f:
            f.write(text)

    def run(self, words, text=None):
        """What it prints. Complaints and any other status end the check."""
        r = subprocess.run(words, cwd=self.folder, env=self.env,
                           input=(text or "").encode(), timeout=SECONDS,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        errors = r.stderr.decode("utf-8", "replace").strip()
        if r.returncode or errors:
            raise Failed("%s: status %d, %s" % (
                " ".join(words), r.returncode, errors[-500:]))
        return r.stdout.decode()


class Failed(Exception):
    pass


def pairs_of(count):
    """Keys in lower case, of many lengths; no two alike."""
    return [("user%d%s@host%d.example" % (i, "x" * (i * 7 % 23), i % 97),
             "%sbox%d@%d.example, second" % ("y" * (i * 5 % 31), i * 31, i % 7))
            for i in range(count)]


def same(seen, expected, about):
    """seen, expected: lists of lines, in an order of their own."""
    seen, expected = sorted(seen), sorted(expected)
    if seen != expected:
        pairs = [p for p in zip(seen, expected) if p[0] != p[1]]
        raise Failed("%s: %d lines for %d, first %r" % (
            about, len(seen), len(expected), pairs[:1]))


def records(text):
    """`cdb -d` prints +3,2:key->va"""
    for line in text.splitlines():
        if line:
            head, rest = line.split(":", 1)
            n = int(head[1:].split(",")[0])
            yield rest[:n] + "\t" + rest[n + 2:]


def check(p, count, with_nul):
    pairs = pairs_of(count)
    lines = ["%s\t%s" % pair for pair in pairs]
    keys = "".join("%s\n%s.none\n" % (k, k) for k, _ in pairs)
    text = "".join("%s %s\n" % pair for pair in pairs)
    nul = ["-N"] if with_nul else []

    p.write("ours", text)
    p.run(p.ours + nul + ["cdb:ours"])
    same(p.run(p.postmap + ["-q", "-", "cdb:ours"], keys).splitlines(), lines,
         "ours, read by Postfix's postmap")
    if not with_nul:
        same(records(p.run(p.cdb + ["-d", "ours.cdb"])), lines,
             "ours, dumped by tinycdb")
        for key, value in pairs[::max(1, count // 50)]:
            if p.run(p.cdb + ["-q", "ours.cdb", key]) != value:
                raise Failed("ours, asked by tinycdb: " + key)

    p.write("theirs", text)
    p.run(p.postmap + nul + ["cdb:theirs"])
    same(p.run(p.ours + ["-q", "-", "cdb:theirs"], keys).splitlines(), lines,
         "Postfix's, read by ours")
    same(p.run(p.ours + ["-s", "cdb:theirs"]).splitlines(), lines,
         "Postfix's, listed by ours")
    if not with_nul:
        p.run(p.cdb + ["-c", "tiny.cdb"], "".join(
            "+%d,%d:%s->%s\n" % (len(k), len(v), k, v)
            for k, v in pairs) + "\n")
        same(p.run(p.ours + ["-q", "-", "cdb:tiny"], keys).splitlines(),
             lines, "tinycdb's, read by ours")


def main():
    if len(sys.argv) < 2 or not all(w.isdigit() for w in sys.argv[2:]):
        print(__doc__, file=sys.stderr)
        return 2
    packages.server(PLACE, ["postfix", "postfix-cdb", "tinycdb"])
    screen = report.Screen()
    ours = os.path.abspath(sys.argv[1])
    for count in [int(w) for w in sys.argv[2:]] or [10, 10000, 1000000]:
        for with_nul in (False, True) if count <= 10000 else (False,):
            with tempfile.TemporaryDirectory(prefix="postern-") as folder:
                try:
                    check(Programs(ours, folder), count, with_nul)
                    lacking = []
                except (Failed, OSError, ValueError,
                        subprocess.TimeoutExpired) as e:
                    lacking = [str(e)]
            screen.result("tables of %d keys%s are exchanged" % (
                count, " with NUL" if with_nul else ""), lacking)
    screen.total()
    return 1 if screen.failed else 0


if __name__ == "__main__":
    sys.exit(main())
