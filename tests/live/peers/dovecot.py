"""Dovecot's LMTP server over TCP and over a UNIX socket, into maildirs."""
import os
import re
from dataclasses import replace

import client
import messages
import place
from peers import SENT, Route
from peers.common import Daemon, empty, log_lines, maildir, take_trace

PACKAGES = ["dovecot-core", "dovecot-lmtpd"]
USERS = ["boxes", "dovecot", "dovenull"]
RECORDS = []
BOXES = ["one", "two", "full", "later"]

CONF = place.SPOOL + "/conf"
LOG = place.SPOOL + "/dovecot.log"
SOCKET = place.SPOOL + "/lmtp"

SETTINGS = """\
protocols = lmtp
base_dir = {spool}/run
state_dir = {spool}/state
log_path = {log}
ssl = no
first_valid_uid = 1
mail_location = maildir:~
mail_plugins = quota
auth_username_format = %Ln
lmtp_rcpt_check_quota = no
passdb {{
  driver = passwd-file
  args = {conf}/boxes
}}
userdb {{
  driver = passwd-file
  args = {conf}/boxes
}}
plugin {{
  quota = maildir:User quota
}}
protocol lmtp {{
  mail_plugins = quota
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.5 {ipv6}
    port = 24
  }}
  unix_listener {socket} {{
    mode = 0666
  }}
}}
service auth {{
  unix_listener auth-userdb {{
    mode = 0600
  }}
}}
"""

# what a box's owner has besides a name and a home
EXTRA = {
    "full": "userdb_quota_rule=*:bytes=2048",
    "later": "userdb_quota_rule=*:bytes=2048 userdb_quota_full_tempfail=yes",
}

TCP = Route("lmtp", "inet:[127.0.0.5]:24",
            r"^127\.0\.0\.5\[127\.0\.0\.5\]:24$")
IPV6 = Route("lmtp", "inet:[%s]:24" % place.IPV6,
             r"^%s\[%s\]:24$" % (place.IPV6, place.IPV6))
UNIX = Route("lmtp", "unix:" + SOCKET, r"^client\.example\[%s\]$" % SOCKET)


class Server:
    log = LOG
    routes = [
        replace(TCP, options=("-B", "8bitmime"), pipe=True,
                name="lmtp over TCP", prefix="t"),
        replace(UNIX, name="lmtp over a UNIX socket", prefix="u"),
    ]

    def __init__(self, ids, boxes):
        os.makedirs(CONF)
        with open(CONF + "/dovecot.conf", "w", encoding="ascii") as f:
            f.write(SETTINGS.format(spool=place.SPOOL, log=LOG, conf=CONF,
                                    ipv6=place.IPV6, socket=SOCKET)
                    + self.settings())
        with open(CONF + "/boxes", "w", encoding="ascii") as f:
            for box in boxes:
                f.write("%s:{PLAIN}x:%d:%d::%s/box/%s::%s\n" % (
                    box, ids["boxes"], ids["boxes"], place.SPOOL, box,
                    EXTRA.get(box, "")))

    @staticmethod
    def settings():
        """What else its configuration has."""
        return ""

    def start(self):
        self.daemon = Daemon(["dovecot", "-F", "-c", CONF + "/dovecot.conf"],
                             {}, ("127.0.0.5", 24))

    def stop(self):
        self.daemon.stop()

    def arrived(self, box):
        return maildir(box)

    def empty(self, box):
        empty(box)

    def complaints(self):
        """All sessions must have ended by QUIT. The signal is ours."""
        return [ln for ln in log_lines(
            LOG, "Warning|Error|Fatal|Panic|Disconnect (?!.*Logged out)")
            if "Killed with signal 15 (by pid=1 " not in ln]

    def stripped(self, octets, box, sender, how):
        address = re.escape(box + "@box.example")
        return take_trace(octets, [
            "Return-Path: <%s>" % re.escape(sender),
            # no Delivered-To if there are several recipients
            r"(?:Delivered-To: %s\n)?"
            r"Received: from client\.example(?: \([^\n]*\))?\n%s"
            r"\tby mx1\.box\.example with LMTP%s\n\tid [^\n]*\n"
            r"\t\(envelope-from <%s>\)(?:\n\tfor <%s>)?; [^\n]*" % (
                address, _protection(how), "S" if how.trust else "",
                re.escape(sender), address)])

    def stored(self, text):
        """As it came."""
        return text


def _protection(how):
    """What Received says of it."""
    if not how.trust:
        return ""
    return r"\t\(using %s with cipher %s \(\d+/\d+ bits\)\)\n" % (
        re.escape(how.version), re.escape(how.cipher) or r"\S+")


LONG = messages.NOTE + (b"x" * 70 + b"\n") * 100


def _said(reply, command):
    return r"^host [^ ]+\[[^]]+\] said: %s .*\(in reply to %s command\)$" % (
        re.escape(reply), command)


UNKNOWN = ("bounced", "5.1.1", _said("550 5.1.1", "RCPT TO"))
FULL = ("bounced", "5.2.2", _said("552 5.2.2", "end of DATA"))
LATER = ("deferred", "4.2.2", _said("452 4.2.2", "end of DATA"))


def checks(world):
    for route, by in (TCP, "TCP"), (IPV6, "IPv6"), (UNIX, "a UNIX socket"):
        world.case("two recipients have the mail by " + by, route,
                   client.SENT, {"one": SENT, "two": SENT})
        world.case("an unknown user bounces by " + by, route, client.BOUNCED,
                   {"nobody": UNKNOWN})
    world.case("a bounce has no sender", UNIX, client.SENT, {"one": SENT},
               sender="")
    world.case("each recipient has a reply after the dot: one bounces", TCP,
               client.BOUNCED, {"full": FULL, "one": SENT}, text=LONG)
    world.case("each recipient has a reply after the dot: one is deferred",
               TCP, client.DEFERRED,
               {"one": SENT, "later": LATER, "nobody": UNKNOWN,
                "full": FULL, "two": SENT}, text=LONG)
