"""No key, session secret or password comes into a log, a core file or a file
that others can read, whatever is logged and wherever the client dies.

The server is `openssl s_server`, which tells the session's master secret. That
the search would find something is seen from the client's own memory.
"""
import contextlib
import os
import resource
import signal
import socket
import subprocess
import threading
from dataclasses import dataclass

import certs
import client
import leaks
import messages
import place
from client import Secure
from front import Front
from peers.doors import CERTS

PACKAGES = ["openssl"]
FOLDER = "tools"
USERS = ["boxes"]
BOXES = []
ADDRESS = "127.0.1.1"
HOST = "tool.tls.example"
RECORDS = ["%s A %s" % (HOST, ADDRESS)]

LOG = place.SPOOL + "/secrets.log"
CAFILE = CERTS + "/roots.pem"
RUN = place.SPOOL + "/run"      # where the client runs: all it makes is below
PASSWORD = "Vexed-Nymphs-Go-For-Quick-Waltz-Job"
SENT = ("sent", "2.0.0", "^250 2.0.0 Taken$")
DEVICES = ["null", "zero", "full", "random", "urandom", "tty"]


class SystemLog:
    """What comes to /dev/log. The namespace's /dev is made anew for it."""

    def __init__(self):
        old = place.SPOOL + "/dev"
        os.makedirs(old)
        place.do("mount", "--rbind", "/dev", old)
        place.do("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/dev")
        for name in DEVICES:
            with open("/dev/" + name, "wb"):
                place.do("mount", "--bind", old + "/" + name, "/dev/" + name)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("/dev/log")
        self.text = b""
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        while True:
            self.text += self.socket.recv(65536) + b"\n"


class Server:
    log = LOG
    routes = []

    def __init__(self, ids, boxes):
        self.certs = certs.make(CERTS, certs.specs(*certs.KINDS))
        certs.roots(self.certs, CAFILE)
        os.makedirs(RUN)

    def start(self):
        self.syslog = SystemLog()

    def stop(self):
        with open(LOG, "wb") as f:
            f.write(self.syslog.text)

    def complaints(self):
        return []


@dataclass(frozen=True)
class Case:
    name: str
    settings: tuple
    keys: tuple = ()        # whose secrets must not come out
    password: bool = False
    die_at: str = ""        # the verb at which the client is killed
    times: int = 1


def chain_of(*kinds):
    return "smtp_tls_chain_files=" + ", ".join(
        "%s/me-%s.pem" % (CERTS, kind) for kind in kinds)


def pair_of(kind, prefix):
    return ("smtp_tls_%scert_file=%s/me-%s.crt" % (prefix, CERTS, kind),
            "smtp_tls_%skey_file=%s/me-%s.key" % (prefix, CERTS, kind))


AUTH = ("smtp_sasl_auth_enable=yes",
        "smtp_sasl_password_maps=texthash:%s/passwords" % place.SPOOL,
        "smtp_sasl_security_options=noanonymous")
CACHE = "smtp_tls_session_cache_database=btree:" + RUN + "/cache/sessions"

CASES = [
    Case("a session with %s, and one more" % kind, (chain_of(kind), CACHE),
         (kind,), times=2) for kind in certs.KINDS
] + [
    Case("a session with a pair of files, RSA", pair_of("rsa", "") + (CACHE,),
         ("rsa",)),
    Case("a session with a pair of files, ECDSA", pair_of("p256", "ec")
         + (CACHE,), ("p256",)),
    Case("a session with two keys", (chain_of("rsa", "p384"), CACHE),
         ("rsa", "p384")),
    Case("a login", AUTH + (CACHE,), password=True),
] + [
    Case("death at %s, %s" % (verb, kind), (
        chain_of(kind), CACHE, "smtp_skip_quit_response=no"), (kind,),
        die_at=verb)
    for verb, kind in (("EHLO", "rsa"), ("EHLO", "p256"), ("MAIL", "p384"),
                       (".", "rsa"), (".", "p256"), ("QUIT", "p256"))
] + [
    Case("death at the login", AUTH + (CACHE,), password=True, die_at="MAIL"),
]


class Hold:
    """Stops the dialogue at a command until the test goes on."""

    def __init__(self, verb):
        self.verb = verb
        self.reached = threading.Event()
        self.released = threading.Event()

    def __call__(self, command):
        if self.verb and command.upper().startswith(self.verb):
            self.reached.set()
            self.released.wait(20)


def _as_welcome_as_can_be():
    """Nothing but the client itself keeps others out, or a core away."""
    os.umask(0)
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))


def tool(made, keylog, demands):
    return ("openssl", "s_server", "-brief", "-accept", "127.0.0.1:{port}",
            "-tls1_2", "-no_ticket", "-cert", made.leaf, "-key", made.key,
            "-cert_chain", made.cert, "-keylogfile", keylog,
            *(("-Verify", "5", "-CAfile", CAFILE) if demands else ()))


class Trial:
    """One case, its client and what is found afterwards."""

    def __init__(self, world, case):
        self.world = world
        self.case = case
        self.reasons = []
        self.output = b""
        self.keylog = place.SPOOL + "/keylog"
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.keylog)
        for path in leaks.files_below(RUN):
            os.unlink(path)
        for name in "cache", "tmp", "cwd":
            os.makedirs(os.path.join(RUN, name), exist_ok=True)
        self.secrets = {}
        for kind in case.keys:
            self.secrets.update(leaks.of_key(
                world.server.certs["me-" + kind].key))
        if case.password:
            self.secrets["password"] = PASSWORD.encode()

    def _client(self):
        words = ("smtp_tls_security_level=verify", "smtp_tls_loglevel=4",
                 "smtp_tls_CAfile=" + CAFILE) + self.case.settings
        return subprocess.Popen(
            self.world.client.arguments(
                "smtp", "[%s]" % HOST, ["one@box.example"],
                sum((("-o", word) for word in words), ())),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, cwd=RUN + "/cwd",
            preexec_fn=_as_welcome_as_can_be,
            env=dict(client.environment(), TMPDIR=RUN + "/tmp"))

    def _die(self, process, hold):
        """The search finds the session's secret in memory; no core."""
        if not hold.reached.wait(20):
            self.reasons.append("the client never came to "
                                + self.case.die_at)
            return
        known = leaks.of_keylog(self.keylog)
        if not leaks.find(known, leaks.memory(process.pid)):
            self.reasons.append("no session secret is found in memory: "
                                "would one be found elsewhere?")
        with open("/proc/%d/limits" % process.pid, encoding="ascii") as f:
            limit = next(line.split()[4:6] for line in f
                         if line.startswith("Max core file size"))
        if not set(limit) <= {"0", "1"}:
            self.reasons.append("a core file may be as large as "
                                + " ".join(limit))
        os.kill(process.pid, signal.SIGABRT)

    def _deliver(self, hold):
        with self._client() as process:
            process.stdin.write(messages.NOTE)
            process.stdin.close()
            process.stdin = None
            if self.case.die_at:
                self._die(process, hold)
                hold.released.set()
            try:
                out, err = process.communicate(timeout=40)
            except subprocess.TimeoutExpired:
                process.kill()
                out, err = process.communicate()
                self.reasons.append("the client didn't end")
        self.output += out + err
        return client.read(process.returncode, out, err)

    def _judge(self, out):
        if self.case.die_at:
            if out.exit != -signal.SIGABRT:
                self.reasons.append("killed, it ended with %s" % out.exit)
            return
        self.reasons += (
            Secure("Verified").differences(out)
            + out.differences(client.SENT, "", {"one": SENT}))

    def _search(self):
        self.secrets.update(leaks.of_keylog(self.keylog))
        if not any(name.startswith("master") for name in self.secrets):
            self.reasons.append("the server told no session secret")
        for where, data in (
                ("its output", self.output),
                ("the system's log", self.world.server.syslog.text)):
            found = leaks.find(self.secrets, data)
            if found:
                self.reasons.append("in %s: %s" % (where, ", ".join(found)))
        for path in leaks.files_below(RUN):
            self._search_file(path)

    def _search_file(self, path):
        with open(path, "rb") as f:
            found = leaks.find(self.secrets, f.read())
        if os.path.basename(path).startswith("core"):
            self.reasons.append("there is a core file: " + path)
        if leaks.others_may_read(path) and (
                found or path.startswith(RUN + "/cache/")):
            self.reasons.append("%s has mode %o and %s in it" % (
                path, os.stat(path).st_mode & 0o777,
                ", ".join(found) or "sessions"))

    def run(self):
        hold = Hold(self.case.die_at)
        before = len(self.world.server.syslog.text)
        with Front(ADDRESS, 25, tool(self.world.server.certs["p256"],
                                     self.keylog, self.case.keys),
                   hold=hold, bye=self.case.times == 1,
                   ehlo=("8BITMIME", "AUTH PLAIN LOGIN")) as front:
            for _ in range(self.case.times):
                self._judge(self._deliver(hold))
        if self.case.password and not any(
                "AUTH" in command for s in front.sessions
                for command in s.commands):
            self.reasons.append("the password was never used")
        self._search()
        if self.reasons:
            self.reasons.append("its log: %s" % self.world.server.syslog.text[
                before:][-1500:].decode("utf-8", "replace"))
        self.world.report.result(self.case.name, self.reasons)


def search_finds(world):
    """Each form of a secret is found, and nothing where there is none."""
    secrets = leaks.of_key(world.server.certs["me-rsa"].key)
    secrets.update(leaks.of_key(world.server.certs["me-p256"].key))
    some = secrets["me-p256.key scalar"]
    dump = b"".join(b"%04x %s\n" % (n, some[n:n + 16].hex(" ").encode())
                    for n in range(0, 32, 16))
    forms = {"octets": some, "octets backward": some[::-1],
             "digits": some.hex().encode(), "a dump": dump,
             "capitals with colons": some.hex(":").upper().encode()}
    with open(world.server.certs["me-p256"].key, "rb") as f:
        forms["PEM"] = f.read()
    reasons = ["%s are not found" % name for name, form in forms.items()
               if leaks.find(secrets, b"some " + form + b" text")
               != ["me-p256.key scalar"]]
    if len(secrets) != 7:
        reasons.append("these are all secrets: " + " ".join(secrets))
    with open(world.server.certs["me-rsa"].leaf, "rb") as f:
        if leaks.find(secrets, f.read()):
            reasons.append("a certificate is no secret")
    world.report.result("a secret is found in any form", reasons)


def checks(world):
    search_finds(world)
    path = place.SPOOL + "/passwords"
    with open(path, "w", encoding="ascii") as f:
        os.fchmod(f.fileno(), 0o600)
        f.write("[%s] joe:%s\n" % (HOST, PASSWORD))
    for case in CASES:
        Trial(world, case).run()
