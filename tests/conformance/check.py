#!/usr/bin/env python3
"""The conformance kit as a test: all scenarios, with todo taken into account.

    check.py CLIENT [-j N] [--only FILE]

`todo` lists scenarios not passed yet, one in a line.  It may only shrink: a
scenario in it that passes fails the run until it is struck, and one that is
not in it must pass.  --only takes the names in FILE instead (for targets that
run emulated); then todo does not count.
"""
import argparse
import concurrent.futures
import os
import sys

import run
import scenario

HERE = os.path.dirname(os.path.abspath(__file__))


def names_in(path):
    with open(path) as f:
        return [ln.split("#")[0].strip() for ln in f
                if ln.split("#")[0].strip()]


def why_wrong(result, is_todo):
    """Lines on what is wrong with this outcome; empty when all is well."""
    if is_todo:
        return ["passes now: strike it from tests/conformance/todo"] \
            if result["ok"] else []
    return result["why"]


def progress(done, of):
    if sys.stderr.isatty():
        print("\r%d of %d scenarios" % (done, of), end="", file=sys.stderr,
              flush=True)


def main():
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("client")
    ap.add_argument("-j", "--jobs", type=int,
                    default=3 * (os.cpu_count() or 1))
    ap.add_argument("--only", metavar="FILE")
    args = ap.parse_args()
    client = run.client_command(args.client)
    all_names = scenario.list_names()
    todo = set() if args.only else set(names_in(os.path.join(HERE, "todo")))
    names = names_in(args.only) if args.only else all_names
    strange = sorted((todo | set(names)) - set(all_names))
    if strange:
        print("no such scenario: " + " ".join(strange))
    why = run.why_not(client)
    if why or strange:
        print(why or "the list is wrong")
        print("0 passed, %d failed" % len(names))
        return 1
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as ex:
        jobs = {ex.submit(run.judge, n, client, False): n for n in names}
        for i, j in enumerate(concurrent.futures.as_completed(jobs), 1):
            progress(i, len(names))
            wrong = why_wrong(j.result(), jobs[j] in todo)
            if wrong:
                bad += 1
                print("FAIL %s" % jobs[j])
                for w in wrong:
                    print("    " + w.replace("\n", "\n    "))
                sys.stdout.flush()
    if sys.stderr.isatty():
        print(file=sys.stderr)
    if todo:
        print("%d scenarios are still in tests/conformance/todo" % len(todo))
    print("%d passed, %d failed" % (len(names) - bad - len(todo), bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
