"""AUTH at nodemailer's smtp-server, which is what many programs in JavaScript
have for a mail server."""
import json
import os
import re

import certs
import place
from peers import doors, logins
from peers.common import Daemon, empty, maildir, take_trace
from peers.doors import CERTS, Door

PACKAGES = []       # see packages.node
USERS = ["boxes"]
BOXES = ["one"]

LOG = place.SPOOL + "/node.log"
SETTINGS = place.SPOOL + "/node.json"
PROGRAM = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(
    __file__))), "node", "server.js")
LAX = {"allowInsecureAuth": True}
# settings of a door: mechanisms, options of smtp-server
DOORS = [
    Door("open", "p256", (["LOGIN", "PLAIN", "CRAM-MD5"], LAX)),
    Door("bare", "p256", (["LOGIN", "PLAIN"],
                          {**LAX, "hideSTARTTLS": True})),
    Door("strict", "p256", (["PLAIN", "CRAM-MD5"], {})),
    Door("lax", "p256", (["PLAIN"], {**LAX, "authOptional": True})),
]
ADDRESS = doors.addresses(DOORS)
RECORDS = ["%s.tls.example A %s" % item for item in ADDRESS.items()]


class Server:
    log = LOG
    routes = []
    doors = DOORS
    mechanisms = ["CRAM-MD5", "PLAIN", "LOGIN"]
    refused = "535 Error: Authentication credentials invalid"
    dsn = "5.0.0"
    sent = ("sent", "2.0.0", "^250 OK: message queued$")

    def __init__(self, ids, boxes):
        self.certs = certs.make(CERTS, certs.specs("p256"))
        certs.roots(self.certs, logins.CAFILE)
        with open(SETTINGS, "w", encoding="ascii") as f:
            json.dump({
                "doors": [{"address": ADDRESS[door.name],
                           "methods": door.settings[0],
                           "options": door.settings[1]} for door in DOORS],
                "key": self.certs["p256"].key,
                "cert": self.certs["p256"].cert,
                "users": {a.user: a.password.decode()
                          for a in logins.ACCOUNTS if a != logins.OCTETS},
                "box": place.SPOOL + "/box", "log": LOG}, f)

    def start(self):
        self.daemon = Daemon(["node", PROGRAM, SETTINGS],
                             {"NODE_PATH": "/usr/lib/node_modules"},
                             (ADDRESS[DOORS[-1].name], 25), LOG)

    def stop(self):
        self.daemon.stop()

    def arrived(self, box):
        return maildir(box)

    def empty(self, box):
        empty(box)

    def stripped(self, octets, box, sender, how):
        return take_trace(octets.replace(b"\r\n", b"\n"), [
            "X-Session: %s %s <%s>" % (
                re.escape(how.login or "false"),
                re.escape(how.version) if how.trust else "clear",
                re.escape(sender))])

    def stored(self, text):
        """As it came."""
        return text

    def names(self, user):
        return user

    def _events(self):
        """What is no JSON is Node's own complaint."""
        with open(LOG, encoding="utf-8", errors="replace") as f:
            for line in f.read().splitlines():
                try:
                    yield json.loads(line)
                except ValueError:
                    yield {"error": line}

    def logins(self):
        return [(e["mechanism"], e["user"], e["right"])
                for e in self._events() if "mechanism" in e]

    def complaints(self):
        return [e["error"] for e in self._events() if "error" in e]


def checks(world):
    some = logins.Logins(world)
    logins.checks(some, logins.TAB)
    some.check(logins.Try(
        "AUTH offered in clear, but refused there", door="strict",
        level="none", wanted=("deferred", "4.0.0", "said: 538 Error: Must "
                              "issue a STARTTLS command first")))
    some.right("and taken inside TLS", "PLAIN", door="strict")
    some.check(logins.Try(
        "a server that would take mail without gets none without a password",
        door="lax", mechanism="CRAM-MD5",
        wanted=("deferred", "4.7.0", "no mechanism available")))
    some.check(logins.Try(
        "nor after a wrong one", entry=b"mary:wrong", door="lax",
        wanted=some.refusal("deferred", "lax"),
        logged=(("PLAIN", "mary", False),)))
    some.check(logins.Try(
        "but without any entry", rows=b"other.example a:b\n", door="lax"))
