"""AUTH at Postfix's smtpd with Cyrus SASL behind it."""
import os
import re
import subprocess

import certs
import place
from peers import SENT, doors, logins, postfix
from peers.doors import Door

PACKAGES = ["postfix", "sasl2-bin", "libsasl2-modules", "libsasl2-modules-db"]
USERS = postfix.USERS
BOXES = postfix.BOXES
FOLDER = "postfix"

REALM = "box.example"
DATABASE = place.SPOOL + "/sasldb"
SASL = ("smtpd_sasl_auth_enable = yes", "smtpd_relay_restrictions = "
        "permit_sasl_authenticated, reject",
        "smtpd_sasl_authenticated_header = yes")
PLAIN_ONLY = ("smtpd_sasl_path = plain", "smtpd_tls_security_level = none")
DOORS = [
    Door("open", "p256", SASL + ("smtpd_sasl_path = all",)),
    Door("bare", "p256", SASL + PLAIN_ONLY),
    Door("old", "rsa", SASL + ("smtpd_sasl_path = all",
                               "broken_sasl_auth_clients = yes")),
    Door("timid", "rsa", SASL + ("smtpd_sasl_path = all",
                                 "smtpd_tls_auth_only = yes")),
]
RECORDS = ["%s.tls.example A %s" % item
           for item in doors.addresses(DOORS).items()]
CONFIGURATION = """\
pwcheck_method: auxprop
auxprop_plugin: sasldb
sasldb_path: %s
mech_list: %s
"""
TRACE = re.compile(
    r"sasl_method=(?P<right>\S+), sasl_username=(?P<user>.*)"
    r"|SASL (?P<wrong>\S+) authentication failed:.*"
    r", sasl_username=(?P<tried>.*)")


def postfix_logins(log):
    """What smtpd writes."""
    with open(log, encoding="utf-8", errors="replace") as f:
        found = [m for m in map(TRACE.search, f) if m]
    return [(m["right"] or m["wrong"], m["user"] or m["tried"],
             bool(m["right"])) for m in found]


class Server(doors.Server):
    doors = DOORS
    routes = []
    mechanisms = ["CRAM-MD5", "PLAIN", "LOGIN"]
    refused = r"535 5\.7\.8 Error: authentication failed"
    dsn = "5.7.8"
    sent = SENT

    def __init__(self, ids, boxes):
        super().__init__(ids, boxes, certs.specs("rsa", "p256"))
        certs.roots(self.certs, logins.CAFILE)
        self.configure(ids)

    def configure(self, ids):
        os.mkdir(postfix.CONF + "/sasl")
        for name, mechanisms in (("all", "PLAIN LOGIN CRAM-MD5"),
                                 ("plain", "PLAIN LOGIN")):
            with open("%s/sasl/%s.conf" % (postfix.CONF, name), "w",
                      encoding="ascii") as f:
                f.write(CONFIGURATION % (DATABASE, mechanisms))
        for account in logins.ACCOUNTS:
            user, _, realm = account.user.partition("@")
            subprocess.run(["saslpasswd2", "-c", "-p", "-f", DATABASE, "-u",
                            realm or REALM, user], input=account.password,
                           check=True, timeout=10)
        os.chmod(DATABASE, 0o644)

    @staticmethod
    def settings():
        return doors.Server.settings() + "smtpd_sasl_local_domain = %s\n" \
            % REALM

    def names(self, user):
        return user if "@" in user else "%s@%s" % (user, REALM)

    def logins(self):
        return postfix_logins(self.log)

    def complaints(self):
        """Refusals are meant; each was looked at."""
        return [line for line in super().complaints()
                if not re.search("SASL .*authentication fail", line)]


def checks(world):
    some = logins.Logins(world)
    logins.checks(some, logins.TAB, logins.OCTETS)
    some.right("a list behind AUTH= is understood", "LOGIN", door="old")
    some.right("a list behind AUTH= in clear", "CRAM-MD5", door="old",
               level="none", mechanism="")
    some.right("what is offered in TLS alone is found there", "LOGIN",
               door="timid")
