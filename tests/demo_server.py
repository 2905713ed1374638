"""A small SMTP server for tests, on a free port of 127.0.0.1.

    python3 demo_server.py FOLDER

writes the port to FOLDER/port and each session to FOLDER/dialogue, each
message as it came to FOLDER/message, and serves until it is killed.

Tests use the class: `replies` changes what is said to a command, `drop` ends
the connection instead.  Lines of the client are kept as "C: ...", replies as
"S: ...".
"""
import os
import socket
import sys
import threading

KEYWORDS = ["PIPELINING", "SIZE 50000000", "8BITMIME", "DSN",
            "ENHANCEDSTATUSCODES", "SMTPUTF8"]
REPLIES = {
    "": "220 mx.dest.example ESMTP",
    "HELO": "250 mx.dest.example",
    "MAIL": "250 2.1.0 Ok",
    "RCPT": "250 2.1.5 Ok",
    "DATA": "354 End data with <CR><LF>.<CR><LF>",
    ".": "250 2.0.0 Ok: taken",
    "RSET": "250 2.0.0 Ok",
    "NOOP": "250 2.0.0 Ok",
    "QUIT": "221 2.0.0 Bye",
}


class Server:
    """Listens from the start; close() ends it."""

    def __init__(self, replies=None, keywords=None, drop=()):
        self.replies = dict(REPLIES)
        self.replies["EHLO"] = "\n".join(
            ["250-mx.dest.example"] +
            ["250-" + k for k in (keywords or KEYWORDS)])
        head, _, last = self.replies["EHLO"].rpartition("\n")
        self.replies["EHLO"] = head + "\n" + last.replace("250-", "250 ", 1)
        self.replies.update(replies or {})
        self.drop = set(drop)
        self.messages = []          # bytes, dots and CR LF undone
        self.dialogue = []          # "C: ..." and "S: ...", all sessions
        self.changed = lambda: None
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def commands(self, verb=""):
        """What clients said, of one kind or all."""
        return [d[3:] for d in self.dialogue
                if d.startswith("C: " + verb)]

    def accept(self):
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            with peer:
                peer.settimeout(30)
                peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                try:
                    self.serve(peer.makefile("rwb"))
                except OSError:
                    pass
            self.changed()

    def say(self, f, key, otherwise="502 5.5.1 unknown command"):
        """False: the connection ends here."""
        if key in self.drop:
            return False
        text = self.replies.get(key, otherwise)
        for line in text.split("\n"):
            self.dialogue.append("S: " + line)
            f.write(line.encode() + b"\r\n")
        f.flush()
        return not text.startswith(("221", "421"))

    def serve(self, f):
        if not self.say(f, ""):
            return
        while line := f.readline():
            text = line.rstrip(b"\r\n").decode("utf-8", "replace")
            self.dialogue.append("C: " + text)
            # A reply may be for one address: "RCPT TO:<a@b>".
            exact = text.split(" ORCPT")[0].split(" NOTIFY")[0]
            key = exact if exact in self.replies else text[:4].upper()
            if not self.say(f, key):
                return
            if key == "DATA" and self.replies[key].startswith("354"):
                if not self.take(f) or not self.say(f, "."):
                    return

    def take(self, f):
        lines = []
        while (line := f.readline()) != b".\r\n":
            if not line:
                return False
            lines.append(line[1:] if line.startswith(b".") else line)
        whole = b"".join(lines)
        self.dialogue.append(f"C: ({len(whole)} octets of content)")
        self.dialogue.append("C: .")
        self.messages.append(whole.replace(b"\r\n", b"\n"))
        return True

    def close(self):
        # Wakes accept(), which close() alone would not.
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join(5)


def write(path, data):
    with open(path + ".new", "wb") as f:
        f.write(data)
    os.rename(path + ".new", path)


def main(folder):
    server = Server()

    def keep():
        if server.messages:
            write(folder + "/message", server.messages[-1])
        write(folder + "/dialogue",
              "".join(d + "\n" for d in server.dialogue).encode())
    server.changed = keep
    write(folder + "/port", b"%d\n" % server.port)
    server.thread.join()


if __name__ == "__main__":
    main(sys.argv[1])
