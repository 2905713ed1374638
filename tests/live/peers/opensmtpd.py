"""OpenSMTPD 6.8.0p2 as Debian 12 has it, built with OpenSSL 3: it offers
STARTTLS, and no handshake ever succeeds, since its key operations go to a
process of their own by a way that OpenSSL 3 has closed (OpenSMTPD issue 1171).
So this is what a server looks like whose TLS is broken. Should a fixed one
come, the check by another client fails, and it's time for real checks here."""
import os
import re
import subprocess

import certs
import client
import place
from client import NO_TLS
from peers import Route
from peers.common import Daemon, empty, log_lines, maildir, take_trace
from peers.doors import CERTS

PACKAGES = ["opensmtpd"]
USERS = ["boxes", "opensmtpd", "opensmtpq"]
BOXES = ["one", "two"]
KIND = {"127.0.1.1": "rsa", "127.0.1.2": "p256"}
RECORDS = ["%s.tls.example A %s" % (kind, address)
           for address, kind in KIND.items()]

LOG = place.SPOOL + "/opensmtpd.log"
CONF = place.SPOOL + "/smtpd.conf"
# the port's libraries want these two, each of root
FOLDERS = ["/var/lib/opensmtpd/empty", "/var/spool/smtpd"]
SENT = ("sent", "2.0.0", "^250 2.0.0 ")
UNKNOWN = ("bounced", "5.0.0", "said: 550 Invalid recipient")

PKI = """\
pki {kind} cert "{cert}"
pki {kind} key "{key}"
listen on {address} tls pki {kind} hostname mx1.box.example
"""

SETTINGS = """\
smtp max-message-size 100M
table boxes file:{spool}/users
table virt {{ "@" = "boxes" }}
action "in" maildir "{spool}/box/%{{rcpt.user}}" virtual <virt>
match from any for rcpt-to <boxes> action "in"
match from any for any reject
"""


class Server:
    log = LOG
    routes = []     # it completes addresses, and refuses odd headers

    def __init__(self, ids, boxes):
        self.certs = certs.make(CERTS, certs.specs("rsa", "p256"))
        for path in FOLDERS:
            os.makedirs(path, exist_ok=True)
            os.chmod(path, 0o711)
        with open(place.SPOOL + "/users", "w", encoding="ascii") as f:
            f.writelines("%s@box.example\n" % box for box in boxes)
        with open(CONF, "w", encoding="ascii") as f:
            for address, kind in KIND.items():
                f.write(PKI.format(kind=kind, address=address,
                                   cert=self.certs[kind].cert,
                                   key=self.certs[kind].key))
            f.write(SETTINGS.format(spool=place.SPOOL))

    def start(self):
        self.daemon = Daemon(["smtpd", "-d", "-f", CONF], {},
                             ("127.0.1.1", 25), LOG)

    def stop(self):
        self.daemon.stop()

    def arrived(self, box):
        return maildir(box)

    def empty(self, box):
        empty(box)

    def complaints(self):
        """That boxes' owner has no home is none, nor that the queue is not
        there yet when it is to be cleaned."""
        return [ln for ln in log_lines(LOG, "(?i)warn:|fatal|fail|timeout")
                if not re.search("parent_forward_open: /nonexistent:"
                                 "|purge_task: opendir:|RCPT TO:<nobody@", ln)]

    def stripped(self, octets, box, sender, how):
        address = re.escape(box + "@box.example")
        return take_trace(octets, [
            "Return-Path: <?%s>?" % re.escape(sender),
            "Delivered-To: " + address,
            r"Received: from [^\n]*\n\tby mx1\.box\.example \(OpenSMTPD\) "
            r"with ESMTP id \w+(?:\n\tfor <%s>)?;\n\t[^\n]*" % address])

    def stored(self, text):
        """As it came."""
        return text


def _way(kind, level):
    return Route("smtp", "[%s.tls.example]" % kind, r"^%s\.tls\.example\["
                 % kind, ("-o", "smtp_tls_security_level=" + level))


def _openssl(address):
    """Reasons why OpenSSL's own client doesn't fail with an alert."""
    r = subprocess.run(
        ["openssl", "s_client", "-starttls", "smtp", "-tls1_2", "-connect",
         address + ":25"], input=b"QUIT\r\n", stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, timeout=20, check=False)
    said = r.stdout.decode("utf-8", "replace")
    if r.returncode and re.search("alert", said):
        return []
    return ["status %d: %s" % (r.returncode, said[-1500:])]


def checks(world):
    for address, kind in KIND.items():
        world.report.result("another client can't shake hands, either: "
                            + kind, _openssl(address))
        world.case("none: delivers in the clear: " + kind,
                   _way(kind, "none"), client.SENT, {"one": SENT})
        for level in "encrypt", "may":
            world.case("%s: a broken handshake keeps the mail: %s" % (
                level, kind), _way(kind, level), client.DEFERRED,
                {"one": NO_TLS[:2] + ("Cannot start TLS",)})
        world.case("may: mail that has waited goes in the clear: " + kind,
                   _way(kind, "may"), client.SENT, {"one": SENT},
                   options=("-A", "7200"))
        world.case("encrypt: mail that has waited waits: " + kind,
                   _way(kind, "encrypt"), client.DEFERRED, {"one": NO_TLS},
                   options=("-A", "7200"))
    world.case("two recipients, and one unknown", _way("rsa", "none"),
               client.BOUNCED, {"one": SENT, "nobody": UNKNOWN, "two": SENT})
