#!/usr/bin/env python3
"""Does a test notice each of these faults?

    python3 tests/bite/run.py [FAULT...]        default: all of them
    python3 tests/bite/run.py --who FAULT...    every unit test that notices

tests/bite/faults lists mistakes that somebody could make, each with the one
test that has to fail when it is made.  Each is put into a copy of its file
under build/bite; that object is compiled anew, linked with those that have no
fault, and the test is run: it has to fail.  Without the fault it has to pass.

Text that is not there exactly once fails the run, so that the list keeps up
with the sources.  Ends with "N passed, N failed".
"""
import concurrent.futures
import fnmatch
import glob
import os
import re
import shutil
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
LIST = "tests/bite/faults"
B = "build/bite"
JOBS = 2
SECONDS = 100           # no test takes longer; a fault may make it hang
CC = "gcc"
FLAGS = ["-std=c11", "-O1", "-g", "-w", "-iquote", "build/date",
         "-iquote", "build/packed", "-isystem", "build/src/bearssl/inc",
         "-isystem", "build/src/tinycdb"]
# Those of the program, which `make' has built.
LIBRARIES = ["build/%s/lib%s.a" % (os.uname().machine, x)
             for x in ("bearssl", "cdb")]


class Trouble(Exception):
    """The fault could not be judged, and why."""


# ---- the list --------------------------------------------------------------

class Fault:
    def __init__(self, place, name):
        self.place, self.name = place, name
        self.about = self.file = self.build = ""
        self.test = ()
        self.old, self.new = [], []

    def take(self, line):
        """One line of it; a sentence if it makes no sense."""
        sign, text = line[0], line[1:]
        if sign in " -":
            self.old.append(text)
        if sign in " +":
            self.new.append(text)
        if sign in " -+":
            return None
        key, _, value = line.partition(": ")
        if key not in ("about", "file", "build", "test"):
            return "%s is none of about, file, build, test" % key
        setattr(self, key, tuple(value.split()) if key == "test" else value)
        return None

    def mistake(self):
        """What is wrong with the entry, if anything."""
        if not self.about or not self.file or not self.old:
            return "about, file and the text to change are needed"
        if self.old == self.new:
            return "it changes nothing"
        want = {"unit": 3, "apps": 2, "scenario": 2}
        if not self.test or len(self.test) != want.get(self.test[0]):
            return ("test is one of `unit PROGRAM NAME', `apps NAME', "
                    "`scenario NAME'")
        return None

    def text(self):
        """The file with the fault in it."""
        try:
            with open(self.file) as f:
                whole = "\n" + f.read()
        except OSError as e:
            raise Trouble(str(e))
        old, new = ("\n" + "".join(x + "\n" for x in lines)
                    for lines in (self.old, self.new))
        # Neighbours may share a line end, so count() would not do.
        times = sum(whole.startswith(old, i) for i in range(len(whole)))
        if times != 1:
            raise Trouble("its text is %d times in %s, not once"
                          % (times, self.file))
        return whole.replace(old, new)[1:]


def read_list():
    faults, wrong = [], []
    with open(LIST) as f:
        for n, line in enumerate(f.read().split("\n"), 1):
            if not line or line[0] == "#":
                continue
            if line.startswith("fault: "):
                faults.append(Fault("%s:%d" % (LIST, n), line[7:].strip()))
            elif not faults:
                wrong.append("%s:%d: what fault is it of?" % (LIST, n))
            else:
                why = faults[-1].take(line)
                if why:
                    wrong.append("%s:%d: %s" % (LIST, n, why))
    names = [x.name for x in faults]
    for x in faults:
        why = x.mistake()
        if names.count(x.name) > 1:
            why = "there are two of this name"
        if why:
            wrong.append("%s: %s: %s" % (x.place, x.name, why))
    return faults, wrong


# ---- building --------------------------------------------------------------

def call(words, **how):
    """A command's exit code and all it said; 124: it took too long."""
    try:
        done = subprocess.run(words, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, timeout=SECONDS,
                              stderr=subprocess.STDOUT, **how)
    except subprocess.TimeoutExpired as e:
        return 124, (e.stdout or b"").decode("utf-8", "replace")
    return done.returncode, done.stdout.decode("utf-8", "replace")


def must(words, what):
    code, said = call(words)
    if code:
        raise Trouble("%s fails:\n%s" % (what, said[-2000:].rstrip()))


def compile_(source, obj, folders=()):
    """Headers are looked for beside it and in these folders."""
    folders = list(folders) or [os.path.dirname(source)]
    quotes = [w for x in folders for w in ("-iquote", x)]
    own = [] if folders[-1] in ("src", "cdb") else ["-D_GNU_SOURCE"]
    os.makedirs(os.path.dirname(obj), exist_ok=True)
    must([CC, *FLAGS, *quotes, "-iquote", "include", *own, "-MMD", "-MF",
          obj + ".d", "-c", "-o", obj, source], "compiling " + source)


def is_fresh(obj):
    try:
        with open(obj + ".d") as f:
            needs = f.read().replace("\\\n", " ").split(":", 1)[1].split()
        made = os.path.getmtime(obj)
        return all(os.path.getmtime(x) < made
                   for x in needs + [os.path.abspath(__file__)])
    except OSError:
        return False


def base_object(source):
    return "%s/base/%s.o" % (B, source[:-2])


def sources(pattern):
    return sorted(glob.glob(pattern))


def archive(name, pattern, but=()):
    path = "%s/base/%s.a" % (B, name)
    if os.path.exists(path):
        os.remove(path)
    must(["ar", "rcs", path] + [base_object(x) for x in sources(pattern)
                                if x not in but], "making " + path)


def build_base(programs):
    """All that has no fault: objects, archives."""
    every = sources("src/*.c") + sources("cdb/*.c") + \
        sources("port/*.c") + sources("tests/sim/*.c") + programs
    stale = [x for x in every if not is_fresh(base_object(x))]
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        list(pool.map(lambda x: compile_(x, base_object(x)), stale))
    archive("src", "src/*.c", ["src/main.c"])
    archive("cdb", "cdb/*.c")
    archive("port", "port/*.c")
    archive("sim", "tests/sim/*.c")


def link(out, objects, archives):
    """An object of an archive stays out if another one has its symbols."""
    must([CC, "-o", out] + objects + ["-Wl,--start-group"] +
         ["%s/base/%s.a" % (B, x) for x in archives] + LIBRARIES +
         ["-Wl,--end-group", "-lcmocka"], "linking " + out)
    return out


def link_test(folder, program, objects):
    world = "port" if program.startswith("port_") else "sim"
    main = "tests/unit/%s.o" % program
    if not any(x.endswith(main) for x in objects):
        objects = objects + ["%s/base/%s" % (B, main)]
    return link("%s/%s" % (folder, program), objects, ["src", "cdb", world])


def link_program(folder, objects):
    return link(folder + "/postern",
                [base_object("src/main.c")] + objects, ["src", "cdb", "port"])


def copy_of(source, folder, text=None):
    path = "%s/%s" % (folder, source)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if text is None:
        shutil.copyfile(source, path)
        return path
    with open(path, "w") as f:
        f.write(text)
    return path


def object_of(fault):
    """The fault, compiled."""
    folder = "%s/%s" % (B, fault.name)
    path = copy_of(fault.file, folder, fault.text())
    # The copy's folder first, as another file may include it.
    folders = [os.path.dirname(x) for x in (path, fault.file)]
    source = fault.build or fault.file
    if fault.build:
        path = copy_of(fault.build, folder)
        folders.append(os.path.dirname(fault.build))
    obj = "%s/%s.o" % (folder, source[:-2])
    compile_(path, obj, folders)
    return folder, obj


# ---- tests -----------------------------------------------------------------

def run_unit(path, name):
    """-> {test: passed?}; with name "*", of all tests."""
    env = {**os.environ, "SIM_ONLY": name, "CMOCKA_MESSAGE_OUTPUT": "TAP"}
    code, said = call([path], env=env)
    seen = {n: ok == "ok" for ok, n in re.findall(
        r"^(ok|not ok) \d+ - (\S+)", said, re.M)}
    seen = {n: ok for n, ok in seen.items() if fnmatch.fnmatch(n, name)}
    if code and all(seen.values()):     # it crashed or hung
        seen[name] = False
    return seen


def run_test(test, folder, objects):
    """Does it pass?  A test that was not run is trouble."""
    if test[0] == "unit":
        seen = run_unit(link_test(folder, test[1], objects), test[2])
        if test[2] not in seen:
            raise Trouble("%s has no test %s" % test[1:])
        return seen[test[2]]
    program = link_program(folder, objects)
    script = "tests/apps/run.py"
    if test[0] == "scenario":
        script = "tests/conformance/run.py"
    code, said = call([sys.executable, script, program, test[1]])
    if "\npass %s" % test[1] in "\n" + said:
        return code == 0
    if "\nFAIL %s" % test[1] not in "\n" + said or \
            "the scenario could not be run" in said:
        raise Trouble("%s gives no result:\n%s"
                      % (" ".join(test), said[-2000:].rstrip()))
    return False


def passes_without(test):
    """None, or why the test says nothing about faults."""
    folder = "%s/base/%s" % (B, "-".join(test))
    try:
        os.makedirs(folder, exist_ok=True)
        if run_test(test, folder, []):
            return None
        return "%s fails without the fault, too" % " ".join(test)
    except Trouble as e:
        return str(e)


def judge(fault, clean):
    """None, or why it is not caught."""
    why = clean[fault.test]
    if why:
        return why
    try:
        folder, obj = object_of(fault)
        if run_test(fault.test, folder, [obj]):
            return "%s does not notice" % " ".join(fault.test)
    except Trouble as e:
        return str(e)
    return None


def who(fault, programs):
    """Every unit test that fails with it."""
    folder, obj = object_of(fault)
    found = []
    for p in programs:
        name = os.path.basename(p)[:-2]
        if fault.file.startswith("port/") and not name.startswith("port_"):
            continue        # the simulator stands in for it there
        seen = run_unit(link_test(folder, name, [obj]), "*")
        found += ["%s %s" % (name, t) for t, ok in seen.items() if not ok]
    return found


# ---- the run ---------------------------------------------------------------

def programs_of(tests):
    names = {t[1] for t in tests if t[0] == "unit"}
    for n in sorted(names):
        if not os.path.exists("tests/unit/%s.c" % n):
            raise Trouble("there is no tests/unit/%s.c" % n)
    return ["tests/unit/%s.c" % n for n in sorted(names)]


def run(faults):
    tests = sorted({x.test for x in faults})
    build_base(programs_of(tests))
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        clean = dict(zip(tests, pool.map(passes_without, tests)))
        for x, why in zip(faults, pool.map(lambda x: judge(x, clean),
                                           faults)):
            if why:
                failed += 1
                print("FAIL %s (%s)\n    %s" % (
                    x.name, x.about, why.replace("\n", "\n    ")))
            else:
                print("pass %s (caught by %s)" % (
                    x.name, " ".join(x.test[-2:])), flush=True)
    print("%d passed, %d failed" % (len(faults) - failed, failed))
    return 1 if failed or not faults else 0


def main(words):
    os.chdir(TOP)
    asks_who = words[:1] == ["--who"]
    words = words[1:] if asks_who else words
    faults, wrong = read_list()
    unknown = set(words) - {x.name for x in faults}
    wrong += ["%s: there is no fault %s" % (LIST, x) for x in sorted(unknown)]
    if wrong:
        print("\n".join(wrong))
        print("0 passed, %d failed" % len(wrong))
        return 1
    faults = [x for x in faults if not words or x.name in words]
    try:
        if not asks_who:
            return run(faults)
        programs = sources("tests/unit/*_test.c")
        build_base(programs)
        for x in faults:
            print("%s:\n    %s" % (x.name, "\n    ".join(who(x, programs))))
        return 0
    except Trouble as e:
        print(e)
        print("0 passed, 1 failed")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
