"""What the modules of servers share."""
import os
import re
import signal
import socket
import subprocess
import time

import place


def maildir(box):
    """The messages delivered to a box below SPOOL/box."""
    folder = os.path.join(place.SPOOL, "box", box, "new")
    found = []
    for name in sorted(os.listdir(folder) if os.path.isdir(folder) else []):
        with open(os.path.join(folder, name), "rb") as f:
            found.append(f.read())
    return found


def empty(box):
    folder = os.path.join(place.SPOOL, "box", box, "new")
    for name in os.listdir(folder) if os.path.isdir(folder) else []:
        os.unlink(os.path.join(folder, name))


def take_trace(octets, wanted):
    """Take off header lines that must stand on top just so.

    wanted: expressions for whole fields, in order.
    """
    for expression in wanted:
        m = re.match(expression.encode("ascii") + b"\n", octets)
        if not m:
            raise ValueError("no match for %s at %r" % (
                expression, octets[:300]))
        octets = octets[m.end():]
    return octets


def _greets(address):
    """Is it there? Leaves as a client should, for the log stays clean. The
    path of a socket: it is, if it takes us."""
    try:
        if isinstance(address, str):
            with socket.socket(socket.AF_UNIX) as s:
                s.connect(address)
            return True
        with socket.create_connection(address, 5) as s:
            s.settimeout(5)
            greeting = s.recv(4096)
            s.sendall(b"QUIT\r\n")
            while s.recv(4096):
                pass
            return greeting.startswith(b"220 ")
    except OSError:
        return False


def log_lines(path, expression):
    """Lines of a log that have that in them."""
    with open(path, encoding="utf-8", errors="replace") as f:
        return [ln.rstrip() for ln in f if re.search(expression, ln)]


class Daemon:
    """A server in the foreground, stopped by its number.

    ready: address and port where it greets, or the path of its socket.
    log: gets its standard error.
    """

    def __init__(self, args, env, ready, log=os.devnull):
        with open(log, "wb") as errors:
            self.process = subprocess.Popen(
                args, env=dict(os.environ, **env), stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=errors)
        until = time.monotonic() + 20
        while not _greets(ready):
            if self.process.poll() is not None:
                raise RuntimeError("%s ended with %d" % (
                    args[0], self.process.returncode))
            if time.monotonic() > until:
                raise RuntimeError("%s doesn't answer" % args[0])
            time.sleep(0.05)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
