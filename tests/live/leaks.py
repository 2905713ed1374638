"""Finds secrets where they should not be, in any form that a log, a dump or a
careless file may give them: octets, backward too, hexadecimal in any
arrangement, Base64, PEM. A piece of a secret is a find."""
import base64
import os
import re
import subprocess

PIECE = 8       # octets of a secret that are enough to tell


def _elements(der):
    """Values of a SEQUENCE of primitive things."""
    def length(at):
        n = der[at]
        if n < 128:
            return n, at + 1
        octets = n & 127
        return (int.from_bytes(der[at + 1:at + 1 + octets], "big"),
                at + 1 + octets)
    _, at = length(1)
    while at < len(der):
        n, at = length(at + 1)
        yield der[at:at + n]
        at += n


def of_key(path):
    """-> name: octets of a private key's secret numbers."""
    name = os.path.basename(path)
    kind = "rsa" if _is_rsa(path) else "ec"
    der = subprocess.run(
        ["openssl", kind, "-in", path, "-outform", "DER"]
        + (["-traditional"] if kind == "rsa" else []), check=True,
        capture_output=True, timeout=10).stdout
    parts = list(_elements(der))
    if kind == "ec":
        return {name + " scalar": parts[1]}
    return {"%s %s" % (name, which): value.lstrip(b"\0")
            for which, value in zip(("d", "p", "q", "dp", "dq", "qinv"),
                                    parts[3:])}


def _is_rsa(path):
    text = subprocess.run(["openssl", "pkey", "-in", path, "-noout", "-text"],
                          check=True, capture_output=True, timeout=10).stdout
    return b"prime1:" in text


def of_keylog(path):
    """-> name: master secret of each session that a server logged."""
    found = {}
    with open(path, encoding="ascii", errors="replace") as f:
        for line in f:
            words = line.split()
            if len(words) == 3 and words[0] == "CLIENT_RANDOM":
                found["master secret %d" % len(found)] = bytes.fromhex(
                    words[2])
    return found


def _base64_forms(secret):
    for skip in range(3):
        text = base64.b64encode(secret[skip:])
        # the last group depends on what follows
        yield from (text[n:n + 12] for n in range(0, len(text) - 16, 4))


def _is_in(secret, data, hexadecimal):
    pieces = [secret[n:n + PIECE] for n in range(len(secret) - PIECE + 1)]
    return (any(piece in data or piece[::-1] in data for piece in pieces)
            or any(form in data for form in _base64_forms(secret))
            or any(piece.hex().encode() in text for piece in pieces
                   for text in hexadecimal))


def find(secrets, data):
    """Names of the secrets of which there is something in these octets."""
    low = data.lower()
    # without what stands between digits; without the columns of a dump
    hexadecimal = [re.sub(rb"[^0-9a-f\n]", b"", low).replace(b"\n", b""),
                   re.sub(rb"[ :,\r\n-]|0x", b"", low),
                   b"".join(re.findall(rb"(?:\b[0-9a-f]{2}\b[ :-]?){4,}",
                                       low)).translate(None, b" :-")] \
        if len(data) < 4 << 20 else []
    return sorted(name for name, secret in secrets.items()
                  if _is_in(secret, data, hexadecimal))


def memory(pid):
    """All that a process may read and write."""
    found = b""
    with open("/proc/%d/maps" % pid, encoding="ascii",
              errors="replace") as maps, \
            open("/proc/%d/mem" % pid, "rb", 0) as mem:
        for line in maps:
            span, mode, *_ = line.split()
            if not mode.startswith("rw"):
                continue
            start, end = (int(word, 16) for word in span.split("-"))
            try:
                mem.seek(start)
                found += mem.read(end - start)
            except (OSError, ValueError, OverflowError):
                continue
    return found


def files_below(folder):
    for where, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(where, name)
            if os.path.isfile(path) and not os.path.islink(path):
                yield path


def others_may_read(path):
    return os.stat(path).st_mode & 0o077
