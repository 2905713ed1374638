"""TLS tools as mail servers.

`openssl s_server` can do everything odd, but speaks no SMTP. So SMTP is spoken
by a thread here, in the clear up to STARTTLS; then octets are copied between
the client and the tool, and what the tool decrypts comes to the thread again,
through the tool's standard streams.
"""
import contextlib
import os
import re
import select
import socket
import subprocess
import threading
import time

SECONDS = 20        # for anything


class Gone(Exception):
    """The other side ended the dialogue."""


class Lines:
    """A dialogue, whatever carries it."""

    def __init__(self, read, write):
        self.read = read        # some octets, none at the end
        self.write = write
        self.rest = b""

    def line(self):
        while b"\n" not in self.rest:
            more = self.read()
            if not more:
                raise Gone("in mid-dialogue")
            self.rest += more
        line, self.rest = self.rest.split(b"\n", 1)
        return line.rstrip(b"\r").decode("utf-8", "replace")

    def say(self, *lines):
        for n, line in enumerate(lines, 1):
            self.write(b"%s%s%s\r\n" % (
                line[:3].encode(), b" " if n == len(lines) else b"-",
                line[4:].encode()))


class Session:
    """What one client did."""

    def __init__(self):
        self.commands = []      # in the clear, then under TLS
        self.content = None     # of the one message, lines ended by LF
        self.is_secure = False
        self.failure = ""
        self.over = threading.Event()


class Mail:
    """The SMTP of one connection.

    hold  told of each command before it is answered, under TLS
    bye   is QUIT answered?  A client need not wait for that, and what it
          leaves in the tool goes to the next one.
    """

    def __init__(self, session, ehlo, hold, bye):
        self.session = session
        self.ehlo = list(ehlo)
        self.hold = hold or (lambda command: None)
        self.bye = bye

    def serve(self, lines, secure, starttls):
        """Until QUIT, or, in the clear, STARTTLS: True then."""
        if not secure or not starttls:
            lines.say("220 mx1.box.example ESMTP")
        while True:
            command = lines.line()
            self.session.commands.append(command)
            if secure:
                self.hold(command)
            verb = command.upper().split(" ")[0]
            if verb == "EHLO":
                words = self.ehlo if secure else ["STARTTLS"]
                lines.say("250 mx1.box.example", *[
                    "250 " + word for word in words])
            elif verb == "STARTTLS" and not secure:
                lines.say("220 2.0.0 Go")
                return True
            elif verb == "AUTH":
                lines.say("235 2.7.0 Welcome")
            elif verb == "DATA":
                lines.say("354 Go")
                self.session.content = self._content(lines)
                self.hold(".")
                lines.say("250 2.0.0 Taken")
            elif verb == "QUIT":
                if self.bye or not secure:
                    lines.say("221 2.0.0 Bye")
                return False
            else:
                lines.say("250 2.0.0 Ok")

    @staticmethod
    def _content(lines):
        found = b""
        while True:
            while b"\n" not in lines.rest:
                more = lines.read()
                if not more:
                    raise Gone("in mid-message")
                lines.rest += more
            line, lines.rest = lines.rest.split(b"\n", 1)
            line = line.removesuffix(b"\r")
            if line == b".":
                return found
            found += line.removeprefix(b".") + b"\n"


def _copy(one, other, piece, pause):
    """Octets from one to the other, in pieces, until either ends."""
    with contextlib.suppress(OSError):
        while True:
            data = one.recv(65536)
            if not data:
                break
            for n in range(0, len(data), piece):
                other.sendall(data[n:n + piece])
                if pause:
                    time.sleep(pause)
    for s in one, other:
        with contextlib.suppress(OSError):
            s.shutdown(socket.SHUT_RDWR)


class Front:
    """A server at address:port that takes some clients, one after another.

    tool     command of the TLS server, which serves SMTP on its standard
             streams; {port} is where it shall listen on 127.0.0.1
    wrapper  TLS from the start
    extra    octets in the packet of the reply to STARTTLS
    piece    most octets that go to the client at once, and with a pause
    mute     the tool answers by itself: no SMTP under TLS
    ehlo, hold, bye  see Mail
    """

    def __init__(self, address, port, tool, **more):
        self.tool = tool
        self.wrapper = more.get("wrapper", False)
        self.extra = more.get("extra", b"")
        self.piece = more.get("piece", 65536)
        self.mute = more.get("mute", False)
        self.ehlo = more.get("ehlo", ("8BITMIME", "ENHANCEDSTATUSCODES"))
        self.hold = more.get("hold")
        self.bye = more.get("bye", True)
        self.cwd = more.get("cwd")
        self.sessions = []
        self.said = ""          # by the tool on standard error
        self.listener = socket.create_server((address, port))
        self.inner = _free_port()
        self.process = None
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self.errors, write = os.pipe()
        self.process = subprocess.Popen(
            [word.format(port=self.inner) for word in self.tool],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=write,
            cwd=self.cwd, bufsize=0)
        os.close(write)
        until = time.monotonic() + SECONDS
        while not _listens(self.inner):
            if self.process.poll() is not None or time.monotonic() > until:
                self.__exit__()
                raise RuntimeError("%s: %s" % (self.tool[0], self.said))
            time.sleep(0.01)
        self.thread.start()
        return self

    def __exit__(self, *_):
        # a client may be gone before its last words were heard
        for session in self.sessions:
            session.over.wait(3)
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.process.kill()
        self.process.wait(SECONDS)
        if self.thread.ident:
            self.thread.join(SECONDS)
        with open(self.errors, "rb") as f:
            said = f.read()
        if self.mute:
            said += self.process.stdout.read()
        self.said = said.decode("utf-8", "replace")
        self.process.stdin.close()
        self.process.stdout.close()

    def _run(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            session = Session()
            self.sessions.append(session)
            with client:
                client.settimeout(SECONDS)
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                try:
                    self._serve(client, session)
                except (Gone, OSError) as e:
                    session.failure = str(e)
                finally:
                    session.over.set()

    def _serve(self, client, session):
        mail = Mail(session, self.ehlo, self.hold, self.bye)
        if not self.wrapper:
            lines = Lines(lambda: client.recv(1), client.sendall)
            real, lines.write = lines.write, self._with_extra(client)
            if not mail.serve(lines, False, True):
                return
            lines.write = real
        with socket.create_connection(("127.0.0.1", self.inner), 5) as tool:
            tool.settimeout(SECONDS)
            ways = [threading.Thread(target=_copy, daemon=True, args=args)
                    for args in ((client, tool, 65536, 0),
                                 (tool, client, self.piece,
                                  0.0005 if self.piece < 65536 else 0))]
            for way in ways:
                way.start()
            if not self.mute:
                reader = threading.Thread(target=self._secure, daemon=True,
                                          args=(mail, session))
                reader.start()
            for way in ways:
                way.join(SECONDS)
            # one that never heard anything is in nobody's way
            if not self.mute:
                reader.join(1)

    def _secure(self, mail, session):
        out, back = self.process.stdout, self.process.stdin
        fed = Lines(lambda: os.read(out.fileno(), 65536),
                    lambda data: os.write(back.fileno(), data))
        try:
            if self.wrapper:
                # the tool tells of a handshake, but not of one that began
                # because there was something to send
                select.select([self.errors], [], [], SECONDS)
            mail.serve(fed, True, not self.wrapper)
            session.is_secure = True
        except (Gone, OSError) as e:
            session.failure = str(e)

    def _with_extra(self, client):
        def write(data):
            client.sendall(data + (
                self.extra if data.startswith(b"220 2.0.0 Go") else b""))
        return write


def _free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


def _listens(port):
    """Looks without connecting: some tools serve one connection only."""
    wanted = re.compile(r"^\s*\d+: [0-9A-F]+:%04X [0-9A-F:]+ 0A " % port)
    for name in "/proc/net/tcp", "/proc/net/tcp6":
        with open(name, encoding="ascii") as f:
            if any(wanted.match(line) for line in f):
                return True
    return False
