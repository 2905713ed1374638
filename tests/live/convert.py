#!/usr/bin/env python3
"""8-bit messages to a server without 8BITMIME, decoded back to what they were.

    convert.py PROGRAM [NUMBER [SEED]]     messages made here, 200 by default

Each message goes through the program to a small server; what arrives is read
by Python's email package, and so is the original.  They must have the same
structure, the same header fields but for the label of what was converted, and
parts that decode to the same octets.  What is not labelled 8bit arrives octet
for octet; so does what is signed, or must not be encoded.

run.py calls results() with its real messages: as they are, and with the text
of their parts put in as 8-bit text.
"""
import email
import email.policy
import os
import random
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from demo_server import Server  # noqa: E402

SECONDS = 30
KEYWORDS = ["PIPELINING", "SIZE 50000000", "ENHANCEDSTATUSCODES"]
LABEL = "content-transfer-encoding"
WIDE = ("8bit", "binary")
# Kinds of message that can be looked into; others must not be encoded.
OPEN = ("message/rfc822", "message/global")
WIDE_LABEL = re.compile(rb"(?im)^content-transfer-encoding[ \t]*:"
                        rb"(?:[^\n]|\n[ \t])*(?:8bit|binary)")


# ---- messages made here ----------------------------------------------------

class Maker:
    """Messages of any structure, the same for the same seed."""

    def __init__(self, seed):
        self.r = random.Random(seed)
        self.boundaries = 0

    def line(self):
        r = self.r
        kind = r.randrange(12)
        if kind == 0:
            return b""
        if kind == 1:
            return r.choice([b".", b"..", b"From me", b"--", b"-- ", b"=",
                             b"=3D", b"=\xe4=", b"\t", b" ", b"a \t ", b">"])
        if kind == 2:
            return bytes(r.choice([32, 61, 65, 228, 255, 0, 9, 127])
                         for _ in range(r.randrange(3000)))
        if kind == 3:
            return b"x" * r.randrange(60, 90) + r.choice([b" ", b"=", b"\xe4"])
        if kind == 4:
            return "Größe, naïveté, 日本語 ".encode() * r.randrange(1, 12)
        return bytes(r.randrange(32, 256) for _ in range(r.randrange(100)))

    def text(self):
        lines = [self.line() for _ in range(self.r.randrange(1, 12))]
        return b"".join(ln.replace(b"\n", b"") + b"\n" for ln in lines)

    def leaf(self):
        r = self.r
        label = r.choice(["8bit", "8BIT", "binary", "8bit (c)", "7bit",
                          "base64", "quoted-printable", None])
        head = [b"Content-Type: " + r.choice([
            b"text/plain; charset=utf-8", b"text/html;\n\tcharset=\"x\"",
            b"application/octet-stream", b"image/png (8bit)"])]
        if label:
            head.append(r.choice([b"Content-Transfer-Encoding: ",
                                  b"content-transfer-encoding:\n "])
                        + label.encode())
        r.shuffle(head)
        body = self.text()
        if label == "base64":
            body = b"SGVsbG8=\n"
        if label == "quoted-printable":
            body = b"=E4 =\nx=20\n"
        if label in ("7bit", None):
            body = b"plain = text \n.\n"
        return head, body

    def multipart(self, depth):
        r = self.r
        self.boundaries += 1
        name = b"%s %d" % (r.choice([b"=_b", b"b-", b"B'(x)"]),
                           self.boundaries)
        kind = r.choice([b"mixed", b"alternative", b"related", b"digest",
                         b"signed", b"report"])
        head = [b"Content-Type: multipart/" + kind
                + r.choice([b"; boundary=\"", b";\n\tBoundary=\""]) + name
                + b"\""]
        if r.random() < .5:
            head.append(b"Content-Transfer-Encoding: 8bit")
        body = r.choice([b"", b"preamble \xe4\n"])
        for _ in range(r.randrange(1, 4)):
            if kind == b"digest" and r.random() < .5:
                lines, text = [], self.message(depth - 1)
            else:
                lines, text = self.part(depth - 1)
            body += (b"--" + name + b"\n"
                     + b"".join(x + b"\n" for x in lines) + b"\n" + text
                     + b"\n")
        return head, body + b"--" + name + b"--\n" + r.choice(
            [b"", b"epilogue\xe4\n"])

    def part(self, depth):
        r = self.r
        kind = r.randrange(6) if depth > 0 else 0
        if kind in (3, 4):
            return self.multipart(depth)
        if kind == 5:
            head = [b"Content-Type: " + r.choice([
                b"message/rfc822", b"message/rfc822", b"message/partial",
                b"message/external-body"])]
            if r.random() < .5:
                head.append(b"Content-Transfer-Encoding: binary")
            return head, self.message(depth - 1)
        return self.leaf()

    def message(self, depth=4):
        head, body = self.part(depth)
        lines = [b"Subject: made \xc3\xa4", b"MIME-Version: 1.0", *head]
        return b"".join(x + b"\n" for x in lines) + b"\n" + body


def made(number, seed=1):
    """(name, octets) of so many."""
    return [("made/%d" % n, Maker("%s %d" % (seed, n)).message())
            for n in range(number)]


def widened(text):
    """The same message with its text as 8-bit text; None: there is none."""
    try:
        message = email.message_from_bytes(text)
        found = False
        for part in message.walk():
            if part.is_multipart() or part.get_content_maintype() != "text":
                continue
            octets = part.get_payload(decode=True)
            part.set_payload(octets.decode("ascii", "surrogateescape"))
            del part[LABEL]
            part["Content-Transfer-Encoding"] = "8bit"
            found = True
        return message.as_bytes() if found else None
    except (ValueError, LookupError, KeyError, AttributeError):
        return None             # the package makes no sense of it


# ---- what arrived ----------------------------------------------------------

def stored(text):
    """What a message means: lines ended by LF, no other CR."""
    text = text.replace(b"\r\n", b"\n").replace(b"\r", b" ")
    return text if text.endswith(b"\n") or not text else text + b"\n"


def is_sound(text):
    """Is the header, and that of each part, one that nobody has to guess?"""
    if re.search(rb"(?m)^[!-9;-~]+[ \t]+:", text):
        return False
    return all(not p.defects for p in email.message_from_bytes(text).walk())


def fields(part):
    return [(k, v) for k, v in part.raw_items() if k.lower() != LABEL]


def label_of(part):
    words = re.sub(r"\(.*?\)", " ", str(part.get(LABEL, ""))).split()
    return words[-1].lower() if words else ""


def octets_of(part, label):
    """The content decoded, as if that were its label; None: it has parts."""
    if part.is_multipart():
        return None
    kept = part.get_all(LABEL, [])
    del part[LABEL]
    part[LABEL] = label
    octets = part.get_payload(decode=True)
    del part[LABEL]
    for value in kept:
        part[LABEL] = value
    return octets


def walk(part, closed=False):
    """Every part, and whether it has to stay as it is."""
    kind = part.get_content_type()
    closed = (closed or kind == "multipart/signed"
              or (kind.startswith("message/") and kind not in OPEN))
    yield part, closed
    if part.is_multipart():
        for p in part.get_payload():
            yield from walk(p, closed)


def part_differences(was, got, closed):
    if was.get_content_type() != got.get_content_type() or \
            fields(was) != fields(got):
        return ["%s: not %s" % (got.items(), was.items())]
    old, new = label_of(was), label_of(got)
    octets = octets_of(got, new)
    if octets != octets_of(was, old):
        return ["%r\nis not\n%r" % (octets, octets_of(was, old))]
    if closed or old not in WIDE:
        return [] if old == new else ["label %s, not %s" % (new, old)]
    if was.is_multipart():
        return [] if new == "7bit" else ["label %s of a multipart" % new]
    if new != "quoted-printable":
        return ["label %s, not quoted-printable" % new]
    raw = octets_of(got, "7bit")
    if not raw.isascii() or max(map(len, raw.split(b"\n"))) > 76:
        return ["no quoted-printable: %r" % raw]
    return []


def differences(text, arrived):
    """Reasons why this is not that message, converted."""
    if not WIDE_LABEL.search(text):
        if text == arrived:
            return []
        return [] if not is_sound(text) and [
            x.replace(b" ", b"") for x in arrived.split(b"\n") if x] == [
            x.replace(b" ", b"") for x in text.split(b"\n") if x] else [
            "without an 8bit label, and other octets arrived"]
    if not is_sound(text):
        return []               # nothing to compare by; see the others
    was = list(walk(email.message_from_bytes(text)))
    got = list(walk(email.message_from_bytes(arrived)))
    if len(was) != len(got):
        return ["%d parts, not %d" % (len(got), len(was))]
    reasons = []
    for (a, closed), (b, _) in zip(was, got):
        reasons += part_differences(a, b, closed)
    return reasons


# ---- one after the other ---------------------------------------------------

def deliver(command, folder, server, text):
    done = subprocess.run(
        [*command, "smtp", "-c", folder, "-o", "smtp_line_length_limit=0",
         "-f", "sender@client.example", "[127.0.0.1]:%d" % server.port,
         "box@box.example"], input=text, timeout=SECONDS,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if done.returncode or len(server.messages) != 1:
        return None, ["exit %d, %d messages: %r" % (
            done.returncode, len(server.messages), done.stderr[-500:])]
    return server.messages.pop(), []


def results(command, messages):
    """(name, reasons) of each message, given as (name, octets)."""
    server = Server(keywords=KEYWORDS)
    try:
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "main.cf"), "w") as f:
                f.write("myhostname = client.example\n")
            for name, text in messages:
                arrived, reasons = deliver(command, folder, server, text)
                server.messages.clear()
                yield name, reasons or differences(stored(text), arrived)
    finally:
        server.close()


def corpus(found):
    """(name, octets): as they are, and with 8-bit text."""
    for message in found:
        text = message.read()
        yield message.name, text
        wide = widened(text)
        if wide is not None:
            yield message.name + ", as 8-bit text", wide


def check(screen, command, found):
    """All of it for run.py: real messages, and many made here."""
    passed = 0
    for name, reasons in results(command, [*corpus(found), *made(500)]):
        if reasons:
            screen.result("convert: " + name, reasons)
        passed += not reasons
    screen.result("convert: %d messages came back from the decoder" % passed,
                  [] if passed >= 600 else ["fewer than 600"])


def main():
    if len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    number = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    seed = sys.argv[3] if len(sys.argv) > 3 else 1
    bad = 0
    for name, reasons in results([os.path.abspath(sys.argv[1])],
                                 made(number, seed)):
        if reasons:
            bad += 1
            print("FAIL %s\n    %s" % (name, "\n    ".join(reasons)))
    print("%d passed, %d failed" % (number - bad, bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
