"""Messages, the programs that deliver them, and whether they did."""
import os
import signal
import sys
import tempfile

import server

KIB = 1024
MIB = 1024 * KIB
SIZES = {"1 KiB": KIB, "1 MiB": MIB, "100 MiB": 100 * MIB}
PORT = 2525
SECONDS = 120       # of one delivery; then it is killed
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/",
               "LANG": "C"}
HEAD = b"""From: ada@client.example
To: ops@box.example
Subject: bench
Message-Id: <bench@client.example>
Date: Thu, 01 Jan 1970 00:00:00 +0000

"""
LINE = b"The quick brown fox jumps over the lazy dog, %04d times a day.\n"


def write_message(path, octets):
    """Lines such as people write. Gives the octets that must arrive: each LF
    has become CR LF."""
    data = HEAD
    more = b"".join(LINE % n for n in range(1000))
    left = arriving = octets
    with open(path, "wb") as f:
        while left > 0:
            if left <= len(data):
                data = data[:left - 1] + b"\n"
            arriving += data.count(b"\n")
            left -= f.write(data)
            data = more
        f.flush()
        os.fsync(f.fileno())
    return arriving


class Client:
    """words: its command line, given a number of recipients; delivers:
    False if it is there for comparison and sends nothing."""

    def __init__(self, name, words, delivers=True, libraries=None):
        self.name = name
        self.words = words
        self.delivers = delivers
        self.environment = dict(ENVIRONMENT)
        if libraries:
            self.environment["LD_LIBRARY_PATH"] = libraries


def addresses(n):
    return ["user%04d@box.example" % (i + 1) for i in range(n)]


def postern(program, folder, hop):
    return Client("postern", lambda n: [
        program, "smtp", "-c", folder, "-o", "message_size_limit=0",
        # it stays for the reply to QUIT, and can be looked at until then
        "-o", "smtp_skip_quit_response=no",
        "-f", "ada@client.example", hop, *addresses(n)])


def msmtp(path, libraries):
    return Client("msmtp", lambda n: [
        path, "--file=/dev/null", "--host=127.0.0.1", "--port=%d" % PORT,
        "--tls=off", "--auth=off", "--domain=client.example",
        "--from=ada@client.example", "--", *addresses(n)],
        libraries=libraries)


def bare(path):
    return Client("bare program", lambda n: [path, str(PORT)])


def nothing(path):
    return Client("a program that ends at once", lambda n: [path],
                  delivers=False)


def _start(args, environment, message, out):
    with open(message, "rb") as f:
        return os.posix_spawn(args[0], args, environment, file_actions=[
            (os.POSIX_SPAWN_DUP2, f.fileno(), 0),
            (os.POSIX_SPAWN_DUP2, out.fileno(), 1),
            (os.POSIX_SPAWN_DUP2, out.fileno(), 2)])


def _finish(pid):
    """Status and what it used; one that hangs is killed."""
    signal.signal(signal.SIGALRM, lambda *_: os.kill(pid, signal.SIGKILL))
    signal.alarm(SECONDS)
    try:
        _, status, used = os.wait4(pid, 0)
    finally:
        signal.alarm(0)
    return os.waitstatus_to_exitcode(status), used


class Bench:
    """A server, and deliveries to it that are made sure of."""

    def __init__(self, folder):
        self.folder = folder
        self.server = server.Server("127.0.0.1", PORT)
        self.messages = {}      # name: path, octets that must arrive

    def message(self, size):
        if size not in self.messages:
            path = os.path.join(self.folder, size.replace(" ", ""))
            self.messages[size] = path, write_message(path, SIZES[size])
        return self.messages[size]

    def deliver(self, client, size, people=1, watch=None, before=()):
        """Gives the resources it used. before: words ahead of its own."""
        path, octets = self.message(size)
        args = [*before, *client.words(people)]
        self.server.look = watch
        with tempfile.TemporaryFile() as out:
            pid = _start(args, client.environment, path, out)
            if watch:
                watch.begin(pid)
            status, used = _finish(pid)
            out.seek(0)
            text = out.read().decode("utf-8", "replace")
        if client.delivers:
            session = self.server.take()
            if session is None or (
                    session.recipients, session.octets, session.delivered,
                    status) != (people, octets, True, 0):
                sys.exit("bench: %s did not deliver %s to %d: status %d, %s"
                         "\n%s" % (client.name, size, people, status, session,
                                   text[-1000:]))
        return used
