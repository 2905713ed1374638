"""A receiving SMTP server that is quick and keeps nothing.

It counts commands and octets of content. Where it has the client waiting, it
calls `look` with the name of the moment, so that the client can be measured
from outside: "HELLO", "MAIL", "RCPT", "DATA" (ahead of its reply), "BODY"
(several times), "DOT" (ahead of its reply), "AFTER" (at QUIT).
"""
import os
import re
import socket
import threading

PARTS = 8               # "BODY" comes so often in a message that is announced
END = b"\r\n.\r\n"
REPLIES = {
    b"HELO": b"250 mx.box.example",
    b"MAIL": b"250 2.1.0 Ok",
    b"RCPT": b"250 2.1.5 Ok",
    b"DATA": b"354 End data with <CR><LF>.<CR><LF>",
    b"RSET": b"250 2.0.0 Ok",
    b"NOOP": b"250 2.0.0 Ok",
    b"QUIT": b"221 2.0.0 Bye",
}


class Gone(Exception):
    """The client hung up."""


class Session:
    """One connection, from the greeting to its end."""

    def __init__(self, peer, pipelining, look, tls=None):
        self.peer = peer
        self.pipelining = pipelining
        self.look = look
        self.tls = tls          # an SSLContext, until it is in use
        self.have = b""         # received, not looked at
        self.out = b""          # replies that have not left
        self.announced = 0      # SIZE= of MAIL
        self.recipients = 0
        self.octets = 0         # of content, ahead of the dot
        self.delivered = False  # the dot got its 250

    def __str__(self):
        return "the server got %d recipients and %d octets" % (
            self.recipients, self.octets)

    def flush(self):
        out, self.out = self.out, b""
        if out:
            self.peer.sendall(out)

    def receive(self):
        data = self.peer.recv(262144)
        if not data:
            raise Gone
        return data

    def line(self):
        """The next command; what was replied leaves before we wait."""
        while b"\n" not in self.have:
            self.flush()
            self.have += self.receive()
        line, _, self.have = self.have.partition(b"\n")
        return line.rstrip(b"\r")

    def moment(self, name):
        self.flush()
        if self.look:
            self.look(name)

    def keywords(self):
        words = [b"mx.box.example", b"SIZE 0", b"8BITMIME",
                 b"ENHANCEDSTATUSCODES"]
        if self.pipelining:
            words.insert(1, b"PIPELINING")
        if self.tls:
            words.insert(1, b"STARTTLS")
        return b"".join(b"250-%s\r\n" % w for w in words[:-1]) + \
            b"250 %s\r\n" % words[-1]

    def serve(self):
        self.out = b"220 mx.box.example ESMTP\r\n"
        while True:
            line = self.line()
            verb = line[:4].upper()
            if verb == b"STAR" and self.tls:
                self.start_tls()
                continue
            self.before(verb, line)
            if verb in (b"EHLO", b"LHLO"):
                self.out += self.keywords()
            else:
                self.out += REPLIES.get(verb, b"502 5.5.1 No") + b"\r\n"
            if verb == b"DATA":
                self.content()
            if verb == b"QUIT":
                self.flush()
                return

    def start_tls(self):
        self.out += b"220 2.0.0 Go\r\n"
        self.flush()
        self.peer = self.tls.wrap_socket(self.peer, server_side=True)
        self.tls, self.have = None, b""

    def before(self, verb, line):
        """What is noted ahead of the reply."""
        if verb == b"MAIL":
            size = re.search(rb" SIZE=(\d+)", line)
            self.announced = int(size[1]) if size else 0
        self.recipients += verb == b"RCPT"
        if verb in (b"EHLO", b"HELO"):
            self.moment("HELLO")
        elif verb == b"MAIL" or verb == b"DATA" or \
                verb == b"RCPT" and self.recipients == 1:
            self.moment(verb.decode())
        elif verb == b"QUIT":
            self.moment("AFTER")

    def content(self):
        """Up to the dot; only the last octets are kept to find it."""
        self.flush()
        tail, data = b"\r\n", self.have
        step = max(self.announced // PARTS, 1)
        due = step
        while True:
            if self.octets + len(data) >= due and due < self.announced:
                due += step
                self.moment("BODY")
            end = (tail + data).find(END)
            if end >= 0:
                break
            self.octets += len(data)
            tail = (tail + data)[-4:]
            data = self.receive()
        self.octets += end + 2 - len(tail)
        self.have = (tail + data)[end + len(END):]
        self.moment("DOT")
        self.out += b"250 2.0.0 Ok: counted\r\n"
        self.delivered = True
        self.flush()


class Server:
    """Listens from the start, one session after the other; close() ends it.

    `pipelining`, `look` and `tls` hold for the sessions that begin after they were
    set. take() gives the session that ended last; None: there was none.
    """

    def __init__(self, address, port):
        self.pipelining = True
        self.look = self.tls = None
        self.last = None
        self.ended = threading.Semaphore(0)
        self.socket = socket.create_server((address, port))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def accept(self):
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            with peer:
                peer.settimeout(60)
                peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                session = Session(peer, self.pipelining, self.look,
                                  self.tls)
                try:
                    session.serve()
                except (OSError, Gone):
                    pass
            self.last = session
            self.ended.release()

    def take(self):
        return self.last if self.ended.acquire(timeout=5) else None

    def close(self):
        # Wakes accept(), which close() alone would not.
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join(5)


class Log:
    """The system's log, which forgets. Clients must find one, or each record
    costs them a search for it; and they must not find the machine's own."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        os.chmod(path, 0o666)
        threading.Thread(target=self.drain, daemon=True).start()

    def drain(self):
        while self.socket.recv(65536):
            pass
