"""AUTH at Exim, with EXTERNAL for those who show a certificate."""
import os
import re

from peers import doors, exim, logins
from peers.doors import Door

PACKAGES = exim.PACKAGES
USERS = exim.USERS
BOXES = exim.BOXES
FOLDER = "exim"

DOORS = [
    Door("open", "p256", (exim.NORMAL, "")),
    Door("bare", "p256", (exim.NORMAL, "")),
    Door("asks", "rsa", (exim.NORMAL, "*")),
]
ADDRESS = doors.addresses(DOORS)
RECORDS = ["%s.tls.example A %s" % item for item in ADDRESS.items()]
USER_TABLE = exim.CONF + "/users"
SECRET = "${lookup{%s}lsearch{" + USER_TABLE + "}{$value}fail}"
BARE = "${if eq{$received_ip_address}{%s}" % ADDRESS["bare"]

MORE = """\
auth_advertise_hosts = *
tls_advertise_hosts = %s{!*}{*}}
""" % BARE

AUTHENTICATORS = """\

begin authenticators
cram:
  driver = cram_md5
  public_name = CRAM-MD5
  server_advertise_condition = %(bare)s{no}{yes}}
  server_secret = %(first)s
  server_set_id = $auth1
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${if eq{$auth3}{%(second)s}}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = <| Who? | And the password?
  server_condition = ${if eq{$auth2}{%(first)s}}
  server_set_id = $auth1
certificate:
  driver = external
  public_name = EXTERNAL
  server_advertise_condition = $tls_in_certificate_verified
  server_param2 = ${certextract{subject,CN}{$tls_in_peercert}}
  server_condition = ${if eq{$auth1}{$auth2}}
  server_set_id = $auth1
""" % {"bare": BARE, "first": SECRET % "$auth1", "second": SECRET % "$auth2"}

# authenticators by the names that they have in the log
MECHANISMS = {"cram": "CRAM-MD5", "plain": "PLAIN", "login": "LOGIN",
              "certificate": "EXTERNAL"}
TRACE = re.compile(
    r" <= .* A=(?P<right>\w+):(?P<sender>\S+)"
    r"| (?P<wrong>\w+) authenticator failed for .*"
    r": 535 Incorrect authentication data(?: \(set_id=(?P<user>.*)\))?$")


class Server(exim.Server):
    doors = DOORS
    mechanisms = ["CRAM-MD5", "PLAIN", "LOGIN"]
    refused = "535 Incorrect authentication data"
    dsn = "5.0.0"
    sent = exim.SENT
    more = MORE
    sections = AUTHENTICATORS

    def __init__(self, ids, boxes):
        super().__init__(ids, boxes)
        with open(USER_TABLE, "wb") as f:
            f.writelines(b"%s: %s\n" % (a.user.encode(), a.password)
                         for a in logins.ACCOUNTS)

    def names(self, user):
        return user

    def logins(self):
        if not os.path.exists(self.log):
            return []
        with open(self.log, encoding="utf-8", errors="replace") as f:
            found = [m for m in map(TRACE.search, f.read().splitlines()) if m]
        return [(MECHANISMS[m["right"] or m["wrong"]],
                 m["sender"] or m["user"] or "", bool(m["right"]))
                for m in found]

    def complaints(self):
        """Refusals are meant; each was looked at."""
        return [line for line in super().complaints()
                if "authenticator failed for" not in line]


def checks(world):
    some = logins.Logins(world)
    logins.checks(some, logins.TAB, logins.OCTETS)
    _by_certificate(some)


def _by_certificate(some):
    """EXTERNAL is for who has a certificate and no password."""
    for kind in "rsa", "p256", "p384":
        name = kind + ".client.example"
        mine = ("smtp_tls_chain_files="
                + some.server.certs["me-" + kind].pem,)
        some.right("EXTERNAL: the owner of the certificate, " + kind,
                   "EXTERNAL", logins.Account("", name, b""), mechanism="",
                   door="asks", settings=mine, owner=name)
        some.wrong("EXTERNAL: somebody else, " + kind, "EXTERNAL",
                   b"other.client.example", "other.client.example",
                   door="asks", settings=mine,
                   wanted=some.refusal("deferred", "asks"))
    some.wrong("EXTERNAL: without a name", "EXTERNAL", b":", "",
               door="asks", settings=mine,
               wanted=some.refusal("deferred", "asks"))
    some.right("a password is better than a certificate, if there is one",
               "CRAM-MD5", mechanism="", door="asks", settings=mine,
               owner=name)
    some.check(logins.Try(
        "EXTERNAL is not for who has no certificate",
        entry=b"p256.client.example", mechanism="EXTERNAL", wanted=(
            "deferred", "4.7.0", "no mechanism available")))
