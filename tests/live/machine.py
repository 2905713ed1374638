"""A small machine whose mail system is the program under test.

Inside the namespace of a peer's checks: its main.cf, its queue, /usr/sbin/
sendmail in place, a syslog to write to, and, where a check asks for it, a
network of its own with one cable to where the servers are.
"""
import errno
import fcntl
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

import client
import place

CONF = "/etc/postern"
QUEUE = place.SPOOL + "/postern"
SYSLOG = place.SPOOL + "/syslog"
OWNER = "postern"           # mail_owner; a peer names it among its USERS
PUBLIC = "203.0.113.25"     # of the mail server beyond the cable
RESOLVER = "203.0.113.53"
NEAR, HERE = "198.51.100.1", "198.51.100.2"     # the cable's two ends
MAIN = """\
compatibility_level = 3.7
myhostname = client.example
mydomain = example
inet_interfaces = loopback-only
inet_protocols = ipv4
mail_owner = %s
queue_directory = %s
data_directory = %s.data
smtp_tls_security_level = none
""" % (OWNER, QUEUE, QUEUE)
NAMES = ["sendmail", "mailq", "postqueue", "postsuper", "postcat"]
PLACES = {"sendmail": ["/usr/sbin/sendmail", "/usr/lib/sendmail"],
          "mailq": ["/usr/bin/mailq"]}


def mount_points(unpacked):
    """Files below usr for what will be mounted there; ahead of set_up()."""
    for path in sum(PLACES.values(), []):
        path = unpacked + path
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "a", encoding="ascii"):
            pass


class Syslog:
    """What a syslog daemon would write, to a file; /dev is ours for it."""

    def __init__(self, path=SYSLOG):
        self.path = path
        self.out = open(path, "ab", buffering=0)
        self._cover_dev()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.socket.bind("/dev/log")
        os.chmod("/dev/log", 0o666)
        threading.Thread(target=self._write, daemon=True).start()

    @staticmethod
    def _cover_dev():
        dev = os.path.join(place.SPOOL, "dev")
        os.mkdir(dev)
        place.do("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", dev)
        for name in "null", "zero", "full", "random", "urandom", "tty":
            with open(os.path.join(dev, name), "wb"):
                pass
            place.do("mount", "--bind", "/dev/" + name,
                     os.path.join(dev, name))
        for name, to in ("fd", "/proc/self/fd"), ("stdin", "fd/0"), \
                ("stdout", "fd/1"), ("stderr", "fd/2"):
            os.symlink(to, os.path.join(dev, name))
        place.do("mount", "--move", dev, "/dev")

    def _write(self):
        while True:
            line = self.socket.recv(65536)
            m = re.fullmatch(rb"<\d+>(\w{3} [ \d]\d \d\d:\d\d:\d\d) (.*?)\s*",
                             line, re.S)
            self.out.write(b"%s client %s\n" % (m[1], m[2]) if m
                           else b"odd: " + line + b"\n")

    def lines(self, expression, since=0):
        with open(self.path, "rb") as f:
            f.seek(since)
            text = f.read().decode("utf-8", "replace")
        return [ln for ln in text.splitlines() if re.search(expression, ln)]

    def mark(self):
        return os.path.getsize(self.path)


class Cable:
    """A network namespace of the machine's, joined by a pair of interfaces.
    There is no way to PUBLIC until route()."""

    def __init__(self):
        self.keeper = subprocess.Popen(
            ["unshare", "-n", "sleep", "infinity"], stdin=subprocess.DEVNULL)
        self._await_namespace()
        pid = str(self.keeper.pid)
        for address in PUBLIC, RESOLVER:
            place.do("ip", "addr", "add", address + "/32", "dev", "lo")
        place.do("ip", "link", "add", "near0", "type", "veth",
                 "peer", "name", "eth0", "netns", pid)
        place.do("ip", "addr", "add", NEAR + "/24", "dev", "near0")
        place.do("ip", "link", "set", "near0", "up")
        self.prefix = ["nsenter", "--net=/proc/%s/ns/net" % pid, "--"]
        self.do("ip", "link", "set", "lo", "up")

    def _await_namespace(self):
        ours = os.readlink("/proc/self/ns/net")
        until = time.monotonic() + 10
        while os.readlink("/proc/%d/ns/net" % self.keeper.pid) == ours:
            if time.monotonic() > until:
                raise RuntimeError("no namespace for the machine")
            time.sleep(0.01)

    def do(self, *args):
        place.do(*self.prefix, *args)

    def link(self, up=True):
        self.do("ip", "link", "set", "eth0", "up" if up else "down")

    def address(self):
        self.do("ip", "addr", "add", HERE + "/24", "dev", "eth0")

    def route(self):
        self.do("ip", "route", "add", "default", "via", NEAR)

    def no_route(self):
        self.do("ip", "route", "del", "default")

    def close(self):
        self.keeper.kill()
        self.keeper.wait(10)


class Machine:
    """command: the program, as words."""

    def __init__(self, command, cable=None):
        self.command = command
        self.before = cable.prefix if cable else []
        self.manager = None
        os.makedirs(CONF, exist_ok=True)
        self.programs = place.SPOOL + "/bin"
        if not os.path.isdir(self.programs):
            self._install()

    def _install(self):
        os.mkdir(self.programs)
        for name in NAMES:
            path = os.path.join(self.programs, name)
            if len(self.command) == 1:
                os.symlink(self.command[0], path)
            else:
                with open(path, "w", encoding="utf-8") as f:
                    f.write("#!/bin/sh\nexec %s %s \"$@\"\n" % (
                        " ".join(self.command), name))
                os.chmod(path, 0o755)
            for where in PLACES.get(name, []):
                place.do("mount", "--bind", os.path.realpath(path), where)

    def config(self, text="", fresh=True):
        """main.cf; fresh: of a machine that has had no mail yet."""
        with open(CONF + "/main.cf.new", "w", encoding="ascii") as f:
            f.write(MAIN + text)
        os.rename(CONF + "/main.cf.new", CONF + "/main.cf")
        if fresh and self.pid():
            raise RuntimeError("a manager still works on the old queue")
        if fresh:
            for folder in QUEUE, QUEUE + ".data":
                shutil.rmtree(folder, ignore_errors=True)

    def words(self, applet, *args):
        return [*self.before, *self.command, applet, *args]

    def run(self, applet, *args, text=b"", user=None, timeout=60, env=None):
        """-> subprocess.CompletedProcess"""
        return subprocess.run(
            self.words(applet, *args), input=text, capture_output=True,
            timeout=timeout, user=user, group=user,
            extra_groups=None if user is None else [],
            env={**client.environment(), **(env or {})})

    # ---- the manager

    def start(self):
        """A resident manager, in the foreground of nobody."""
        self.manager = subprocess.Popen(
            self.words("qmgr"), env=client.environment(),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True)
        self.await_manager()

    def await_manager(self):
        until = time.monotonic() + 10
        while not self.listens():
            if self.manager and self.manager.poll() is not None:
                raise RuntimeError("qmgr ended with %d" %
                                   self.manager.returncode)
            if time.monotonic() > until:
                raise RuntimeError("qmgr does not listen after 10 s")
            time.sleep(0.01)

    @staticmethod
    def pid():
        """Who holds the lock: manager or runner; None if nobody does."""
        return holder(QUEUE + "/lock") if is_locked(QUEUE + "/lock") \
            else None

    @staticmethod
    def listens():
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
            try:
                s.connect(QUEUE + "/control")
                return True
            except OSError as e:
                return e.errno == errno.EPROTOTYPE

    def stop(self, how=signal.SIGTERM):
        """-> exit status; whoever holds the lock is ended, and waited for."""
        pid = self.pid()
        if pid:
            os.kill(pid, how)
        if self.manager:
            try:
                status = self.manager.wait(20)
            except subprocess.TimeoutExpired:
                self.manager.kill()
                status = self.manager.wait(10)
            self.manager = None
            return status
        until = time.monotonic() + 20
        while pid and self.pid() == pid:
            if time.monotonic() > until:
                raise RuntimeError("the runner doesn't end on signal %d"
                                   % how)
            time.sleep(0.01)
        return None

    # ---- the queue, as its folder shows it

    @staticmethod
    def queued():
        """Ids of all messages, without asking the program."""
        return names(QUEUE + "/incoming") + names(QUEUE + "/drop")

    @staticmethod
    def set_aside():
        return names(QUEUE + "/corrupt")

    def await_empty(self, seconds):
        """-> seconds it took, or None."""
        begun = time.monotonic()
        while self.queued():
            if time.monotonic() - begun > seconds:
                return None
            time.sleep(0.02)
        return time.monotonic() - begun


def names(folder):
    try:
        return [n for n in os.listdir(folder) if not n.startswith(".")]
    except FileNotFoundError:
        return []


def is_locked(path):
    try:
        with open(path, "rb") as f:
            fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return False
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True


def holder(path):
    """The oldest process that has this file open. The kernel would name the
    one that locked it, which forked since and is gone."""
    found = []
    want = os.path.realpath(path)
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            for fd in os.listdir("/proc/%s/fd" % pid):
                if os.readlink("/proc/%s/fd/%s" % (pid, fd)) == want:
                    found.append(int(pid))
                    break
        except OSError:
            pass
    return min(found, default=None)


def children(pid):
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
            return [int(word) for word in f.read().split()]
    except OSError:
        return []


def switches(pid):
    """How often it was given the processor."""
    with open("/proc/%d/status" % pid, encoding="ascii") as f:
        return sum(int(n) for n in re.findall(r"ctxt_switches:\s+(\d+)",
                                              f.read()))


def calls(pid, seconds, path=place.SPOOL + "/calls"):
    """System calls it makes in that time, without the one it sleeps in."""
    p = subprocess.Popen(["strace", "-qq", "-o", path, "-p", str(pid)],
                         stdin=subprocess.DEVNULL,
                         stderr=subprocess.DEVNULL)
    time.sleep(seconds)
    p.send_signal(signal.SIGINT)
    p.wait(10)
    with open(path, encoding="ascii", errors="replace") as f:
        return [ln.rstrip() for ln in f if ln.strip()
                and not ln.rstrip().endswith("<detached ...>")]
