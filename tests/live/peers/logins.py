"""What the checks of AUTH share: who there is, what is tried at each server,
and that the server's own records tell of it what they should.

A server that takes part has, besides what every peer's has,

    mechanisms      those that it offers inside TLS, best first
    refused         the reply to a wrong password, as it begins
    dsn             the enhanced code of that reply; X.0.0 if it has none
    sent            the outcome of a recipient whose mail it took
    names(user)     who that is in its records
    logins()        [(mechanism, name, was it right?)] from its log

and doors: "open" in TLS or without, "bare" without TLS and CRAM-MD5.
"""
import os
import re
import time
from dataclasses import dataclass, replace

import client
import place
from client import Secure
from peers import Route, doors

SETTLE = 5      # seconds for the server to write its log
PASSWORDS = place.SPOOL + "/client/passwd"
CAFILE = doors.CERTS + "/roots.pem"


@dataclass(frozen=True)
class Account:
    what: str
    user: str
    password: bytes

    @property
    def entry(self):
        return self.user.encode() + b":" + self.password


MARY = Account("a password", "mary", b"Quite.contrary1")
JOHN = Account("another", "john", b"Went-to-bed2")
ODD = [
    Account("all kinds of ASCII in it", "ascii",
            b"a:b::c \"d'\\e $f ${g} %h <i> =j# |k;l,~"),
    Account("UTF-8 in it", "utf-8", "Zwölf Boxkämpfer, 日本語 €".encode()),
    Account("a password as long as a line", "line", b"0123456789" * 40),
    Account("a password of 1000 octets", "long", b"0123456789" * 100),
    Account("an address for a user", "mary@other.example", b"other"),
]
TAB = Account("a tab in it", "tab", b"a\tb")
OCTETS = Account("octets that are no text", "octets",
                 bytes(range(0x80, 0x100)) + b"\xff\xfe")
# `:' ends the user's name: this is co, whose password begins with lon
COLON = Account("a colon in the user's name", "co", b"lon:secret")
ACCOUNTS = [MARY, JOHN, *ODD, TAB, OCTETS, COLON]


@dataclass(frozen=True)
class Try:
    """A delivery with a password."""
    name: str
    entry: bytes = MARY.entry
    mechanism: str = ""     # let pass by smtp_sasl_mechanism_filter; "": all
    door: str = "open"
    level: str = "verify"
    settings: tuple = ()
    rows: bytes = b""       # of the table instead
    sender: str = client.SENDER
    wanted: tuple = ()      # outcome of the recipient; () if it is sent
    logged: tuple = ()      # what the server should record of it
    login: str = ""         # who the server says has sent it
    owner: str = ""         # of the certificate that we show


class Logins:
    def __init__(self, world):
        self.world = world
        self.server = world.server
        self.address = doors.addresses(self.server.doors)
        self.known = 0      # of the server's records, how many were seen

    def host(self, door):
        return door + ".tls.example"

    def _route(self, t):
        host = self.host(t.door)
        words = ("smtp_sasl_auth_enable=yes",
                 "smtp_sasl_password_maps=texthash:" + PASSWORDS,
                 "smtp_tls_security_level=" + t.level,
                 "smtp_tls_CAfile=" + CAFILE)
        if t.level != "none":
            words += ("smtp_sasl_tls_security_options=noanonymous",)
        if t.mechanism:
            words += ("smtp_sasl_mechanism_filter=" + t.mechanism,)
        return Route("smtp", "[%s]" % host, r"^%s\[%s\]:25$" % (
            re.escape(host), re.escape(self.address[t.door])),
            sum((("-o", word) for word in words + t.settings), ()))

    def _write(self, t):
        fd = os.open(PASSWORDS, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(fd, "wb") as f:
            f.write(t.rows or b"%s %s\n" % (
                self.host(t.door).encode(), t.entry))

    def _recorded(self, wanted):
        """Reasons why the server's records of this try are others."""
        until = time.monotonic() + SETTLE
        while True:
            new = self.server.logins()[self.known:]
            if len(new) >= len(wanted) or time.monotonic() > until:
                break
            time.sleep(0.02)
        self.known += len(new)
        return [] if new == list(wanted) else [
            "the server's record: %s, not %s" % (new, list(wanted))]

    def check(self, t):
        self._write(t)
        outcome = t.wanted or self.server.sent
        how = Secure("Verified" if t.level == "verify" else "",
                     login=t.login, owner=t.owner)
        reasons = self.world.delivery(
            self._route(t), {"sent": client.SENT, "deferred": client.DEFERRED,
                             "bounced": client.BOUNCED}[outcome[0]],
            {"one": outcome}, sender=t.sender, how=how)
        if outcome[0] != "sent" and self.server.arrived("one"):
            reasons.append("the server has the mail")
            self.server.empty("one")
        self.world.report.result(t.name, reasons + self._recorded(t.logged))

    # ---- outcomes ----------------------------------------------------------

    def right(self, name, by, account=MARY, **more):
        """Sent, and the server knows by whom."""
        who = self.server.names(account.user)
        self.check(Try(name, **{
            "entry": account.entry, "mechanism": by, "login": who,
            "logged": ((by, who, True),), **more}))

    def wrong(self, name, by, entry, user, **more):
        """Kept, and the server knows that somebody tried."""
        who = self.server.names(user)
        self.check(Try(name, **{
            "entry": entry, "mechanism": by,
            "wanted": self.refusal("deferred", "open"),
            "logged": ((by, who, False),), **more}))

    def refusal(self, status, door, cached=""):
        return (status, {"deferred": "4", "bounced": "5"}[status]
                + self.server.dsn[1:],
                r"^SASL %sauthentication failed; server %s\[%s\] said: %s" % (
                    cached, re.escape(self.host(door)),
                    re.escape(self.address[door]), self.server.refused))


def checks(logins, *odd):
    """All that every server is asked; odd: accounts for this one alone."""
    for mechanism in logins.server.mechanisms:
        _each(logins, mechanism, (*ODD, COLON, *odd))
    _first_choice(logins)
    _refused_for_good(logins)
    _not_in_clear(logins)
    _filtered(logins)
    _by_sender(logins)
    _remembered(logins)


def _each(logins, mechanism, odd):
    logins.right(mechanism + ": the right password", mechanism)
    logins.wrong(mechanism + ": the wrong password", mechanism,
                 b"mary:quite.contrary1", "mary")
    logins.wrong(mechanism + ": no password", mechanism, b"mary", "mary")
    logins.wrong(mechanism + ": nobody's name", mechanism,
                 b"nobody:" + MARY.password, "nobody")
    for account in odd:
        logins.right("%s: %s" % (mechanism, account.what), mechanism, account)
    for account in odd:
        cut = replace(account, password=account.password[:-1])
        logins.wrong("%s: %s, but the last octet is wanting" % (
            mechanism, account.what), mechanism, cut.entry, cut.user)


def _first_choice(logins):
    best = logins.server.mechanisms[0]
    logins.right("of all offered %s is taken" % best, best,
                 mechanism="")


def _refused_for_good(logins):
    for mechanism in logins.server.mechanisms:
        logins.wrong(mechanism + ": bounced, if that is wished", mechanism,
                     b"mary:wrong", "mary",
                     settings=("smtp_sasl_auth_soft_bounce=no",),
                     wanted=logins.refusal("bounced", "open"))


def _not_in_clear(logins):
    """With the settings that there are if nobody sets any."""
    logins.check(Try(
        "in clear no password is sent, and the line to write is named",
        door="bare", level="none", wanted=(
            "deferred", "4.7.0", "password not sent: no TLS; set "
            "smtp_tls_security_level = secure")))
    logins.check(Try(
        "nor in plain text inside TLS, and the line to write is named",
        mechanism="PLAIN, LOGIN", settings=(
            "smtp_sasl_tls_security_options=$smtp_sasl_security_options",),
        wanted=("deferred", "4.7.0", "set smtp_sasl_tls_security_options = "
                "noanonymous")))
    logins.right("in clear PLAIN if that is wished", "PLAIN", door="bare",
                 level="none",
                 settings=("smtp_sasl_security_options=noanonymous",))
    if "CRAM-MD5" in logins.server.mechanisms:
        logins.right("in clear CRAM-MD5 keeps the password to itself",
                     "CRAM-MD5", level="none", mechanism="")
        logins.wrong("in clear CRAM-MD5 with a wrong one", "CRAM-MD5",
                     b"john:wrong", "john", level="none")


def _filtered(logins):
    logins.check(Try(
        "a filter that leaves nothing keeps the mail", mechanism="GSSAPI",
        wanted=("deferred", "4.7.0", "no mechanism available")))
    logins.right("a filter that bars one leaves the others", "PLAIN",
                 mechanism="!CRAM-MD5, !EXTERNAL, static:all")


def _by_sender(logins):
    """Whose mail it is decides who logs in."""
    rows = b"mary@client.example %s\njohn@client.example %s\n%s %s\n" % (
        MARY.entry, JOHN.entry, logins.host("open").encode(), b"mary:wrong")
    wish = ("smtp_sender_dependent_authentication=yes",)
    for account in MARY, JOHN:
        logins.right("a sender's own password: " + account.user, "PLAIN",
                     account, rows=rows, settings=wish,
                     sender=account.user + "@client.example")
    logins.wrong("a sender without one gets the server's", "PLAIN", b"",
                 "mary", rows=rows, settings=wish)
    logins.right("a sender with an extension", "PLAIN", JOHN, rows=rows,
                 settings=wish + ("recipient_delimiter=+",),
                 sender="john+x@client.example")


def _remembered(logins):
    """Once refused, the same is not tried again."""
    wish = ("smtp_sasl_auth_cache_name=proxy:btree:%s/client/refused"
            % place.SPOOL,)
    entry = b"mary:forgotten"
    logins.wrong("a refused login is tried once", "PLAIN", entry, "mary",
                 settings=wish)
    for times in "again", "a third time":
        logins.wrong("and not %s" % times, "PLAIN", entry, "mary",
                     settings=wish, logged=(),
                     wanted=logins.refusal("deferred", "open",
                                           r"\[CACHED\] "))
    logins.wrong("another password is another login", "PLAIN",
                 b"mary:guessed", "mary", settings=wish)
    logins.right("the right one is let through", "PLAIN", settings=wish)
