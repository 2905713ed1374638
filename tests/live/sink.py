"""A mail server that remembers exactly what it took, and when it said so.

    with Sink() as s:   on a free port of an address, in threads
        s.taken         [(sender, recipient, octets)], one per recipient

A message counts as taken at the moment its last reply is on its way: what the
client makes of that reply is not known here. Local parts decide:

    refused...  550 to RCPT         busy...     450 to RCPT
    never...    554 to the dot

`delay` is waited ahead of the reply to the dot.
"""
import socket
import threading
import time

REFUSALS = {"refused": b"550 5.1.1 No such user",
            "busy": b"450 4.2.1 Busy"}
KEYWORDS = [b"PIPELINING", b"SIZE 50000000", b"8BITMIME", b"DSN",
            b"ENHANCEDSTATUSCODES"]


class Sink:
    def __init__(self, delay=0.0, keywords=KEYWORDS, address="127.0.0.1"):
        self.delay = delay
        self.hello = b"\r\n".join(
            [b"250-sink.example"] + [b"250-" + k for k in keywords[:-1]]
            + [b"250 " + keywords[-1]])
        self.taken = []
        self.sessions = 0
        self.lock = threading.Lock()
        self.socket = socket.create_server((address, 0), backlog=128)
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        # a thread in accept() keeps a socket that is only closed
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()

    def _accept(self):
        while True:
            try:
                peer = self.socket.accept()[0]
            except OSError:
                return
            self.sessions += 1
            threading.Thread(target=self._serve, args=(peer,),
                             daemon=True).start()

    def _serve(self, peer):
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            with peer, peer.makefile("rb") as lines:
                self._session(peer, lines)
        except OSError:
            pass

    def _session(self, peer, lines):
        sender, people = "", []
        peer.sendall(b"220 sink.example ESMTP\r\n")
        for line in lines:
            verb = line[:4].upper()
            if verb == b"QUIT":
                peer.sendall(b"221 2.0.0 Bye\r\n")
                return
            if verb == b"EHLO":
                reply = self.hello
            elif verb in (b"MAIL", b"RSET"):
                sender, people = _address(line), []
                reply = b"250 2.0.0 Ok"
            elif verb == b"RCPT":
                box = _address(line)
                reply = next((text for name, text in REFUSALS.items()
                              if box.startswith(name)), b"250 2.1.5 Ok")
                if reply[:1] == b"2":
                    people.append(box)
            elif verb == b"DATA" and people:
                peer.sendall(b"354 Go on\r\n")
                reply = self._content(lines, sender, people)
            elif verb == b"DATA":
                reply = b"554 5.5.1 No recipients"
            else:
                reply = b"250 2.0.0 Ok"
            peer.sendall(reply + b"\r\n")

    def _content(self, lines, sender, people):
        text = []
        for line in lines:
            if line == b".\r\n":
                break
            text.append(line[1:] if line[:1] == b"." else line)
        else:
            raise ConnectionResetError
        if self.delay:
            time.sleep(self.delay)
        if any(box.startswith("never") for box in people):
            return b"554 5.6.0 Not such a thing"
        octets = b"".join(text).replace(b"\r\n", b"\n")
        with self.lock:
            self.taken += [(sender, box, octets) for box in people]
        return b"250 2.0.0 Ok: taken"


def _address(line):
    return line.partition(b"<")[2].partition(b">")[0].decode("utf-8",
                                                             "replace")
