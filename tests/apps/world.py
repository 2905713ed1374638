"""What the tests of the program share: a world of their own for each, with
servers, queues and managers that end with it, and words to judge by.
"""
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

TESTS_FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
sys.path[:0] = [TESTS_FOLDER, os.path.join(TESTS_FOLDER, "live")]
from demo_server import Server  # noqa: E402

PROGRAM = os.path.realpath(sys.argv[1] if len(sys.argv) > 1 else "")
APPLETS = ["smtp", "lmtp", "sendmail", "postconf", "postmap", "postalias",
           "newaliases", "cacert", "qmgr", "mailq", "postqueue",
           "postsuper", "postcat", "status", "check"]
SECONDS = 30            # no call takes longer; most take a hundredth
SIMPLE = "Subject: hello\n\nOne line.\n"
TESTS = []


def test(f):
    TESTS.append(f)
    return f


class Result:
    def __init__(self, done):
        self.code = done.returncode
        self.raw = done.stdout or b""
        self.out = (done.stdout or b"").decode("utf-8", "replace")
        self.err = (done.stderr or b"").decode("utf-8", "replace")

    def __repr__(self):
        return f"exit {self.code}\nstdout: {self.out}\nstderr: {self.err}"


class ClosedPort:
    """A port of 127.0.0.1 that refuses connections."""

    def __init__(self):
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]

    def close(self):
        self.socket.close()


class SlowServer(Server):
    """Takes its time to answer the dot, until release()."""

    def __init__(self, **how):
        self.may_answer = threading.Event()
        super().__init__(**how)

    def say(self, f, key, *more):
        if key == ".":
            self.may_answer.wait(SECONDS)
        return super().say(f, key, *more)

    def release(self):
        self.may_answer.set()


class World:
    """A folder with an empty main.cf, and servers that end with the test."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="postern-apps-")
        self.servers = []
        self.managers = []
        self.config("")

    def config(self, text):
        with open(self.folder + "/main.cf", "w") as f:
            f.write("myhostname = client.example\nqueue_directory =\n"
                    "alias_maps =\n" + text)

    def server(self, **how):
        self.servers.append(Server(**how))
        return self.servers[-1]

    def slow_server(self, **how):
        self.servers.append(SlowServer(**how))
        return self.servers[-1]

    def closed_port(self):
        self.servers.append(ClosedPort())
        return self.servers[-1]

    def run(self, *words, message=SIMPLE, env=None, **how):
        """The program with these words; message is text, octets or None."""
        if isinstance(message, str):
            message = message.encode()
        if "stdin" not in how:
            how["input"] = message
        how.setdefault("stdout", subprocess.PIPE)
        how.setdefault("stderr", subprocess.PIPE)
        base = {"PATH": os.environ["PATH"], "TZ": "UTC", "LC_ALL": "C",
                "TMPDIR": self.folder, "MAIL_CONFIG": self.folder}
        program = how.pop("program", [PROGRAM])
        return Result(subprocess.run(
            [*program, *words], env={**base, **(env or {})},
            timeout=SECONDS, cwd=self.folder, **how))

    def sendmail(self, server, *words, **how):
        """Through the server, in a form that main.cf might have."""
        return self.run("sendmail", "-o",
                        f"relayhost=[127.0.0.1]:{server.port}", *words, **how)

    def shell(self, text, server=None, **env):
        """A line of shell; $P is the program, $PORT the server's."""
        done = subprocess.run(
            ["sh", "-c", text], cwd=self.folder, timeout=SECONDS,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "P": PROGRAM, "TZ": "UTC",
                 "MAIL_CONFIG": self.folder,
                 "PORT": str(server.port) if server else "0", **env})
        return Result(done)

    def close(self):
        for s in self.servers:
            if isinstance(s, SlowServer):
                s.release()
        for p in self.managers:
            end(p)
        for s in self.servers:
            s.close()
        for q in ("/q", "/home/q"):
            if os.path.exists(self.folder + q + "/lock"):
                stop_manager(self.folder + q)
        shutil.rmtree(self.folder)


def equal(seen, expected, about=""):
    if seen != expected:
        raise AssertionError(f"{about}\nseen:     {seen!r}\n"
                             f"expected: {expected!r}")


def true(it, about):
    if not it:
        raise AssertionError(str(about))


def head_of(message):
    """The header as a list of (name, value), folded lines joined."""
    head = message.split(b"\n\n")[0].decode("utf-8", "surrogateescape")
    lines = re.sub(r"\n([ \t])", r"\1", head).split("\n")
    return [tuple(re.split(": ?", x, maxsplit=1)) for x in lines]


def value(message, name):
    found = [v for n, v in head_of(message) if n == name]
    equal(len(found), 1, f"{name} in {message}")
    return found[0]


def names(message):
    return [n for n, _ in head_of(message)]


def rcpts(server):
    return [re.match(r"RCPT TO:<([^>]*)>", c)[1]
            for c in server.commands("RCPT")]


def quiet(result):
    equal(result.code, 0, result)
    equal(result.out, "", result)
    equal(result.err, "", result)


def says(result, code, *parts):
    """The exit code, and a sentence that has all the parts."""
    equal(result.code, code, result)
    true(any(all(p in line for p in parts)
             for line in result.err.split("\n")), result)


# ---- queues ----------------------------------------------------------------

USER = 4321             # nobody has this uid, nor 5321


def queue(w, s, more=""):
    """A queue of root's, whose mail goes to the server; its folder."""
    os.chmod(w.folder, 0o755)
    w.config(f"queue_directory = {w.folder}/q\nmail_owner = 5321\n"
             f"relayhost = [127.0.0.1]:{s.port}\n{more}")
    return w.folder + "/q"


def as_user(w, *words, **how):
    return w.run(*words, program=[
        "setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups",
        PROGRAM], **how)


def until(condition, about):
    end = time.monotonic() + SECONDS
    while not condition():
        true(time.monotonic() < end, about() if callable(about) else about)
        time.sleep(0.02)


def waiting(q):
    return [n for f in ("incoming", "drop") for n in os.listdir(f"{q}/{f}")]


def lock_holders(q):
    """Processes that have the queue's lock open."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            for fd in os.listdir(f"/proc/{pid}/fd"):
                if os.readlink(f"/proc/{pid}/fd/{fd}") == q + "/lock":
                    yield int(pid)
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            pass


def stop_manager(q):
    for pid in lock_holders(q):
        os.kill(pid, 15)
    until(lambda: not list(lock_holders(q)), "a manager does not end")


def write(w, name, text, mode=0o644):
    path = w.folder + "/" + name
    with open(path, "w") as f:
        f.write(text)
    os.chmod(path, mode)
    return path


def manager(w, *words):
    """`postern qmgr` in the foreground, once it answers."""
    q = w.folder + "/q"
    with open(w.folder + "/qmgr.err", "ab") as f:
        p = subprocess.Popen(
            [PROGRAM, "qmgr", *words], stdin=subprocess.DEVNULL,
            stdout=f, stderr=f, cwd=w.folder,
            env={"PATH": os.environ["PATH"], "TZ": "UTC",
                 "MAIL_CONFIG": w.folder})
    w.managers.append(p)
    until(lambda: answers(q) or p.poll() is not None, "no manager")
    equal(p.poll(), None, "the manager ended")
    return p


def answers(q):
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
        try:
            s.connect(q + "/control")
        except OSError:
            return False
        return True


def end(p, how=signal.SIGTERM):
    """Its exit code."""
    if p.poll() is None:
        p.send_signal(how)
    try:
        return p.wait(SECONDS)
    except subprocess.TimeoutExpired:
        p.kill()
        p.wait()
        raise
