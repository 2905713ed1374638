"""DANE: signed zones, a validating resolver, Postfix's smtpd behind many
addresses; and Debian's posttls-finger, run on each case for its verdict."""
import hashlib
import os
import re
import string
import subprocess
import time
from dataclasses import dataclass

import client
import dane_cases
import messages
import place
import zones
from dane_cases import CASES, NO_DOOR, SPECS
from peers import doors, postfix
from peers.doors import CERTS, Door

PACKAGES = ["postfix", "knot", "ldnsutils", "unbound"]
USERS = postfix.USERS
BOXES = postfix.BOXES

SNI_MAP = place.SPOOL + "/conf/by-name"
DOORS = [Door(spec["name"], spec["name"]) for spec in SPECS
         if spec["name"] not in NO_DOOR] + [
    Door("2525", "good", port=2525),
    Door("six", "good", address=place.IPV6_TOO),
    Door("clear", "good", ("smtpd_tls_security_level = none",)),
    Door("by-name", "other", ("tls_server_sni_maps = texthash:" + SNI_MAP,)),
]
ADDRESS = doors.addresses(DOORS)
FINGER = re.compile(r"posttls-finger: (Verified|Trusted|Untrusted|Anonymous)"
                    r" TLS connection established to")


class _Names(string.Formatter):
    """Fields may be any words."""
    def get_field(self, field_name, args, kwargs):
        return kwargs[field_name], field_name


@dataclass(frozen=True)
class Site:
    """A case with names of its own."""
    case: dane_cases.Case
    names: dict

    def text(self, template):
        return _Names().vformat(template, (), self.names)

    def records(self, certs):
        case = self.case
        found = list(case.records)
        if not case.bare:
            found += ["{d} MX 10 {h}", "{h} A {%s}" % case.cert]
        found += ["_25._tcp.{h} TLSA " + row for row in case.tlsa]
        return [_with_data(self.text(row), certs) for row in found]

    def spoilt(self):
        return [tuple(self.text(row).split()) for row in self.case.spoilt]


def sites(certs):
    known = dict(ADDRESS, certs=CERTS)
    known.update((name + ".sha256", certs[name].sha256) for name in certs)
    for n, case in enumerate(CASES):
        yield Site(case, dict(
            known, d="d%d.safe.example" % n, h="h%d.mx.safe.example" % n,
            t="t%d.mx.safe.example" % n, pd="d%d.plain.example" % n,
            ph="h%d.mx.plain.example" % n, bd="d%d.bogus.example" % n,
            bh="h%d.bogus.example" % n))


def _content(*data, certs):
    if data[0].startswith("raw:"):
        return bytes.fromhex(data[0][4:])
    usage, selector, matching, of = data
    if of.startswith("hex:"):
        content = bytes.fromhex(of[4:])
    else:
        content = certs[of].spki if selector == "1" else certs[of].der
        if matching != "0":
            content = hashlib.new("sha512" if matching == "2" else "sha256",
                                  content).digest()
    return bytes([int(usage), int(selector), int(matching)]) + content


def _with_data(record, certs):
    """A TLSA record that names a certificate gets what belongs there."""
    owner, rtype, *data = record.split()
    if rtype != "TLSA":
        return record
    content = _content(*data, certs=certs)
    # as an unknown type: no tool has an opinion on it (RFC 3597)
    return "%s TYPE52 \\# %d %s" % (owner, len(content), content.hex())


class Server(doors.Server):
    doors = DOORS
    routes = []

    def __init__(self, ids, boxes):
        super().__init__(ids, boxes, SPECS)
        self.sites = list(sites(self.certs))
        by_name = next(site.names["h"] for site in self.sites
                       if "by-name" in "".join(site.case.records))
        postfix.old_file("by-name", "%s %s\n" % (
            by_name, self.certs["good"].pem))
        records = ["lame.safe.example A " + zones.LAME]
        spoilt = []
        for site in self.sites:
            records += site.records(self.certs)
            spoilt += site.spoilt()
        self.zones = zones.Zones(records, spoilt)

    def start(self):
        self.zones.start()
        super().start()

    def stop(self):
        super().stop()
        self.zones.stop()


def finger_settings():
    """A folder with a main.cf: enough for posttls-finger."""
    folder = place.SPOOL + "/finger"
    os.mkdir(folder)
    with open(folder + "/main.cf", "w", encoding="ascii") as f:
        f.write("compatibility_level = 3.7\nmyhostname = client.example\n"
                "queue_directory = %s\nmail_owner = postfix\n"
                "setgid_group = postdrop\ninet_protocols = all\n"
                "smtp_dns_support_level = dnssec\n" % postfix.QUEUE)
    return folder


# what settings are to posttls-finger
OPTIONS = {"smtp_tls_dane_insecure_mx_policy": ["-M"],
           "smtp_tls_CAfile": ["-F"],
           "smtp_tls_trust_anchor_file": ["-A"]}


def finger(folder, site):
    """-> its word, or "" and what it says."""
    settings = [site.text(word).split("=") for word in site.case.settings]
    more = sum((OPTIONS[name] + [value] for name, value in settings
                if name in OPTIONS), [])
    match = [value for name, value in settings if name.endswith("_match")]
    r = subprocess.run(
        ["posttls-finger", "-c", "-l", site.case.level, "-L", "summary",
         "-o", "smtp_dns_support_level=dnssec", "-d", "sha256", *more,
         site.text(site.case.nexthop), *match],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, timeout=60, check=False,
        env=dict(os.environ, MAIL_CONFIG=folder))
    said = r.stdout.decode("utf-8", "replace")
    m = FINGER.search(said)
    return m[1] if m else "", said


def try_site(world, folder, site):
    """Reasons why client and posttls-finger don't see it as it is, and
    whether the mail was sent."""
    case = site.case
    words = ("smtp_tls_security_level=" + case.level,
             "smtp_tls_fingerprint_digest=sha256",
             "smtp_dns_support_level=dnssec") + tuple(
                 map(site.text, case.settings))
    out = world.client.deliver(
        "smtp", site.text(case.nexthop), ["one@box.example"], messages.NOTE,
        sum((("-o", word) for word in words), ()))
    got = " ".join(t["trust"] for t in out.tls)
    status = [r["status"] for r in out.recipients.values()]
    reasons = []
    if got != case.want or status != [case.status] or out.odd:
        reasons.append("handshakes: %s, mail %s; wanted: %s, mail %s" % (
            got or "none", status, case.want or "none", case.status))
        reasons += [r["text"] for r in out.recipients.values()]
        reasons.append("standard error: " + out.stderr[-1500:].strip())
    if not case.alone:
        word, said = finger(folder, site)
        # of the first host that answered
        if word != (case.finger or got.split(" ", 1)[0]):
            reasons.append("posttls-finger: %s; it says\n%s" % (
                word or "no handshake", said.strip()[-1500:]))
    if reasons:
        reasons.append("zone: " + "\n".join(site.records(
            world.server.certs)))
    return reasons, out.took("one")


def resolver_is_fit(world):
    """The zones are what their names say, or nothing here proves anything."""
    wrong = []
    for name, wanted in (("safe.example", ("NOERROR", True)),
                         ("plain.example", ("NOERROR", False)),
                         ("bogus.example", ("SERVFAIL", False))):
        code, flags = world.server.zones.ask(name, "SOA")
        if (code, "ad" in flags) != wanted:
            wrong.append("%s: %s, flags %s" % (name, code, " ".join(flags)))
    world.report.result("the resolver tells safe, plain and bogus", wrong)


def checks(world):
    resolver_is_fit(world)
    folder = finger_settings()
    sent = 0
    for site in world.server.sites:
        reasons, took = try_site(world, folder, site)
        world.report.result(site.case.name, reasons)
        sent += took
    until = time.monotonic() + 20
    while (len(world.server.arrived("one")) < sent
           and time.monotonic() < until):
        time.sleep(0.1)
    found = len(world.server.arrived("one"))
    world.report.result("what was sent has arrived", [] if found == sent else [
        "%d messages sent, %d there" % (sent, found)])
    compared = sum(not site.case.alone for site in world.server.sites)
    world.report.result(
        "posttls-finger was asked in %d cases" % compared,
        [] if compared >= 30 else ["too few"])
