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
SENT, USAGE, BOUNCED, DEFERRED = 0, 64, 69, 75
SENDER = "sender@client.example"


@dataclass
class Outcome:
    exit: object        # a number, or the sentence why there is none
    recipients: dict    # address: {"relay", "dsn", "status", "text"}
    odd: list           # lines of standard output that are no result
    stderr: str

    def differences(self, exit_code, **recipients):
        """Reasons why this is not the outcome wanted.

        recipients: address=(status, dsn, expression found in relay,
        expression found in text); an address is given as NAME=, meaning
        NAME@box.example.
        """
        reasons = ["no result line: " + line for line in self.odd]
        if self.exit != exit_code:
            reasons.append("exit %s, not %s" % (self.exit, exit_code))
        wanted = {"%s@box.example" % k: v for k, v in recipients.items()}
        for address in sorted(wanted.keys() | self.recipients.keys()):
            got = self.recipients.get(address)
            if address not in wanted or got is None:
                reasons.append("%s line for %s" % (
                    "unasked" if got else "no", address))
            else:
                reasons += _compare(address, got, *wanted[address])
        if reasons and self.stderr:
            reasons.append("standard error: " + self.stderr[-2000:].strip())
        return reasons


def _compare(address, got, status, dsn, relay, text):
    same = (got["status"] == status and got["dsn"] == dsn
            and re.search(relay, got["relay"])
            and re.search(text, got["text"]))
    return [] if same else ["%s: %s %s by %s (%s)\nwanted: %s %s by %s (%s)" % (
        address, got["status"], got["dsn"], got["relay"], got["text"],
        status, dsn, relay, text)]


class Client:
    def __init__(self, command, conf):
        self.command = command      # list
        self.conf = conf            # folder with main.cf

    def deliver(self, applet, nexthop, recipients, text, options=(),
                sender=SENDER):
        """text: octets, which come through a pipe, or an open file."""
        args = [*self.command, applet, "-c", self.conf, *options,
                "-f", sender, nexthop, *recipients]
        feed = ({"input": text} if isinstance(text, bytes)
                else {"stdin": text})
        try:
            r = subprocess.run(args, **feed, capture_output=True, timeout=60,
                               env={"PATH": os.environ["PATH"],
                                    "LC_ALL": "C", "TZ": "UTC"})
        except subprocess.TimeoutExpired:
            return Outcome("killed after 60 s", {}, [], "")
        return _read(r)


def _read(r):
    found, odd = {}, []
    for line in r.stdout.decode("utf-8", "replace").splitlines():
        m = LINE.fullmatch(line)
        if m and m["to"] not in found:
            found[m["to"]] = m.groupdict()
        else:
            odd.append(line)
    return Outcome(r.returncode, found, odd,
                   r.stderr.decode("utf-8", "replace"))
