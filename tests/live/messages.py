"""The messages to deliver, and the text that must arrive.

Real ones come from Debian packages whose tests carry mail from the wild:
bounces of every make, mail with CRLF, NUL, stray CR, 8-bit headers, no header
at all. None is kept in this tree. A few are made here, for what no real one
has. `expected` is written from the description of the settings, not from the
client: the two must agree without having read each other.
"""
import glob
import os
import re
from dataclasses import dataclass

import packages

# package: where its messages lie
SOURCES = {
    "python3-flufl.bounce":
        "usr/lib/python3/dist-packages/flufl/bounce/tests/data/*.txt",
    "libpython3.11-testsuite":
        "usr/lib/python3.11/test/test_email/data/msg_*.txt",
    "golang-github-jhillyerd-enmime-dev":
        "usr/share/gocode/src/github.com/jhillyerd/enmime/testdata/*/*.raw",
    "python3-django-hyperkitty":
        "usr/lib/python3/dist-packages/hyperkitty/tests/testdata/*.txt",
}
LEAST = 100             # fewer real ones, and the packages have changed
LINE_LENGTH_LIMIT = 998     # smtp_line_length_limit, lmtp_line_length_limit


@dataclass
class Message:
    name: str
    path: str
    options: tuple = ()         # of the client, besides the route's
    fold: int = LINE_LENGTH_LIMIT

    def read(self):
        with open(self.path, "rb") as f:
            return f.read()

    def expected(self):
        return folded(as_lines(self.read()), self.fold)


def as_lines(text):
    """Lines ended by LF, without CR.

    sendmail_fix_line_endings=always: CRLF is a line end, like LF.
    cleanup_replace_stray_cr_lf=yes: any other CR becomes a blank.
    SMTP knows no unfinished line: the last one gets its end.
    """
    text = text.replace(b"\r\n", b"\n").replace(b"\r", b" ")
    if text and not text.endswith(b"\n"):
        text += b"\n"
    return text


def folded(text, limit):
    """Longer lines in pieces of the limit's length; all but the first begin
    with a blank, which counts. 0 is no limit."""
    if not limit:
        return text
    lines = []
    for line in text.split(b"\n"):
        lines.append(line[:limit])
        for at in range(limit, len(line), limit - 1):
            lines.append(b" " + line[at:at + limit - 1])
    return b"\n".join(lines)


def real(folder):
    """The messages of SOURCES, unpacked below folder."""
    found = []
    for package, pattern in SOURCES.items():
        place = os.path.join(folder, package)
        packages.data(place, package)
        for path in sorted(glob.glob(os.path.join(place, pattern))):
            if os.path.getsize(path):
                found.append(Message("%s/%s" % (
                    package, os.path.basename(path)), path))
    return found


def lacking(found):
    """Reasons why these real messages are not what they were chosen for."""
    texts = [message.read() for message in found]
    reasons = [] if len(texts) >= LEAST else ["%d messages" % len(texts)]
    return reasons + ["no message with " + what for what, expression in {
        "CRLF": rb"\r\n", "a stray CR": rb"\r(?!\n)", "NUL": rb"\0",
        "8-bit characters": rb"[\x80-\xff]", "a line's dot": rb"^\.",
        "an mbox separator": rb"\AFrom ", "no final newline": rb"[^\n]\Z",
        "no header": rb"\A[^:]*\n",
    }.items() if not any(re.search(expression, text, re.M) for text in texts)]


HEAD = (b"From: <sender@client.example>\nTo: <box@box.example>\n"
        b"Subject: made for this test\n\n")

NOTE = HEAD + b"A line.\n.\n..\nThe last.\n"


def made(folder):
    """Messages for what the real ones lack."""
    unfolded = ("-o", "smtp_line_length_limit=0",
                "-o", "lmtp_line_length_limit=0")
    long_lines = b"".join(b"%d " % n + b"x" * n + b"\n"
                          for n in (990, 995, 997, 998, 999, 2000, 70000))
    wanted = [
        ("dots", _dots(), (), LINE_LENGTH_LIMIT),
        ("dot-alone-at-the-end", HEAD + b"text\n.", (), LINE_LENGTH_LIMIT),
        ("long-lines-folded", HEAD + long_lines, (), LINE_LENGTH_LIMIT),
        ("long-lines-kept", HEAD + long_lines, unfolded, 0),
        ("every-byte", HEAD + bytes(range(256)) * 40, unfolded, 0),
        ("two-megabytes", HEAD + b"".join(
            b"%07d %s\n" % (n, b"." * (n % 70)) for n in range(46000)),
            (), LINE_LENGTH_LIMIT),
    ]
    os.makedirs(folder, exist_ok=True)
    found = []
    for name, text, options, fold in wanted:
        path = os.path.join(folder, name)
        with open(path, "wb") as f:
            f.write(text)
        found.append(Message("made/" + name, path, options, fold))
    return found


def _dots():
    """Lines beginning with dots at every offset from a buffer's edge."""
    lines = [HEAD]
    for n in range(300):
        lines.append(b"y" * (n % 67) + b"\n" + b"." * (n % 4) + b"\n"
                     + b"." + b"z" * (n % 13) + b"\n")
    return b"".join(lines * 3)
