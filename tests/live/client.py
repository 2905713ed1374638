"""Run the client once, and read what it says."""
import os
import re
import subprocess
from dataclasses import dataclass

LINE = re.compile(
    r"to=<(?P<to>.*)>, relay=(?P<relay>[^,]+), (?:conn_use=\d+, )?"
    r"delay=\d[\d.]*, delays=\d[\d.]*(?:/\d[\d.]*){3}, "
    r"dsn=(?P<dsn>[245]\.\d{1,3}\.\d{1,3}), status=(?P<status>[a-z]+) "
    r"\((?P<text>.*)\)")
# what -v says when a handshake is complete
HANDSHAKE = re.compile(
    r"(?:^|.* )TLS: (?P<trust>Verified|Trusted|Untrusted|Anonymous) "
    r"(?P<version>\S+) (?P<cipher>\S+) "
    r"(?P<host>[^ \[]+)\[(?P<address>[^]]+)\](?::(?P<port>\d+))?")
SENT, BOUNCED, DEFERRED = 0, 69, 75     # exit codes
SENDER = "sender@client.example"
# outcome of a recipient whose server can't be trusted, or speaks no TLS
NO_TLS = ("deferred", "4.7.5", "")


@dataclass(frozen=True)
class Secure:
    """How a connection is to be protected, as both sides should say."""
    trust: str          # the client's word; "" if the mail goes in the clear
    version: str = "TLSv1.2"
    cipher: str = ""    # OpenSSL's name, "" for any
    owner: str = ""     # of the certificate that the client showed
    group: str = ""     # of the key agreement, which only some servers tell
    login: str = ""     # who logged in, as the server's trace has it

    def differences(self, out):
        """Reasons why these weren't the client's handshakes."""
        wanted = [(self.trust, self.version)] if self.trust else []
        if ([(t["trust"], t["version"]) for t in out.tls] == wanted
                and not (self.cipher and wanted
                         and out.tls[0]["cipher"] != self.cipher)):
            return []
        return ["handshakes: %s, not %s" % (
            [" ".join(t[k] for k in ("trust", "version", "cipher"))
             for t in out.tls] or "none",
            " ".join([self.trust, self.version, self.cipher])
            if wanted else "none")]


CLEAR = Secure("")


@dataclass
class Outcome:
    exit: object        # a number, or the sentence why there is none
    recipients: dict    # address: {"relay", "dsn", "status", "text"}
    odd: list           # lines of standard output that are no result
    stderr: str
    tls: list           # what it says of handshakes: groups of HANDSHAKE

    def took(self, box):
        return self.recipients.get(box + "@box.example", {}).get(
            "status") == "sent"

    def differences(self, exit_code, relay, wanted):
        """Reasons why this is not the outcome wanted.

        relay: expression for relay= of every line.
        wanted: local part in box.example: (status, dsn, expression that the
        text contains).
        """
        reasons = ["no result line: " + line for line in self.odd]
        if self.exit != exit_code:
            reasons.append("exit %s, not %s" % (self.exit, exit_code))
        wanted = {k + "@box.example": v for k, v in wanted.items()}
        for address in sorted(wanted.keys() | self.recipients.keys()):
            got = self.recipients.get(address)
            if address not in wanted or got is None:
                reasons.append("%s line for %s" % (
                    "unasked" if got else "no", address))
            else:
                reasons += _compare(got, relay, *wanted[address])
        if reasons and self.stderr:
            reasons.append("standard error: " + self.stderr[-2000:].strip())
        return reasons


def _compare(got, relay, status, dsn, text):
    if (got["status"] == status and got["dsn"] == dsn
            and re.search(relay, got["relay"])
            and re.search(text, got["text"])):
        return []
    return ["to=<%(to)s>: %(status)s %(dsn)s by %(relay)s (%(text)s)" % got
            + "\nwanted: %s %s by %s (%s)" % (status, dsn, relay, text)]


class Client:
    def __init__(self, command, conf):
        self.command = command      # list
        self.conf = conf            # folder with main.cf

    def arguments(self, applet, nexthop, recipients, options=(),
                  sender=SENDER):
        return [*self.command, applet, "-v", "-c", self.conf, *options,
                "-f", sender, nexthop, *recipients]

    def deliver(self, applet, nexthop, recipients, text, options=(),
                sender=SENDER):
        """text: octets, which come through a pipe, or an open file."""
        args = self.arguments(applet, nexthop, recipients, options, sender)
        feed = ({"input": text} if isinstance(text, bytes)
                else {"stdin": text})
        try:
            r = subprocess.run(args, **feed, capture_output=True, timeout=60,
                               env=environment())
        except subprocess.TimeoutExpired:
            return Outcome("killed after 60 s", {}, [], "", [])
        return read(r.returncode, r.stdout, r.stderr)


def environment():
    return {"PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC"}


def read(status, stdout, stderr):
    """What a client has said -> Outcome"""
    found, odd = {}, []
    for line in stdout.decode("utf-8", "replace").splitlines():
        m = LINE.fullmatch(line)
        if m and m["to"] not in found:
            found[m["to"]] = m.groupdict()
        else:
            odd.append(line)
    stderr = stderr.decode("utf-8", "replace")
    tls = [m.groupdict() for m in map(HANDSHAKE.fullmatch,
                                      stderr.splitlines()) if m]
    return Outcome(status, found, odd, stderr, tls)
