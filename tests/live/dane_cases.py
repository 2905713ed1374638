"""What zones may say of a server, and what it is worth.

In records and nexthops
    {d}     a domain of the case's own, in the signed zone
    {h} {t} two hosts there; unless `records` says otherwise, h is the only
            exchanger of d, and has an address
    {pd} {ph}   a domain and a host in the zone that is not signed
    {bd} {bh}   the same in the zone that is bogus
    {NAME}  the address of the door with that certificate
    {certs} the folder of certificates
    {NAME.sha256}   the digest of a certificate

A TLSA record names a certificate instead of data, as in `3 1 1 good`: what
selector and matching type make of it. `hex:` begins other data, and `raw:` all
that the record has.
"""
from dataclasses import dataclass

VERIFIED, TRUSTED, UNTRUSTED = "Verified", "Trusted", "Untrusted"
SENT, KEPT = "sent", "deferred"

TREE = "*.mx.safe.example"
# certificates; all hosts of the signed zone are below mx.safe.example
SPECS = [
    {"name": "root", "ca": True},
    {"name": "inter", "ca": True, "issuer": "root"},
    {"name": "good", "issuer": "inter", "sans": [TREE, "*.mx.plain.example"]},
    {"name": "rooted", "issuer": "inter", "sans": [TREE], "send_root": True},
    {"name": "leaf-alone", "issuer": "inter", "sans": [TREE],
     "leaf_only": True},
    {"name": "domain", "issuer": "inter", "sans": ["*.safe.example"]},
    {"name": "by-cn", "issuer": "inter", "cn": TREE},
    {"name": "other", "issuer": "inter", "sans": ["else.example"]},
    {"name": "expired", "issuer": "inter", "sans": [TREE], "expired": True},
    {"name": "early", "issuer": "inter", "sans": [TREE],
     "not_before": "20400101000000Z"},
    {"name": "old-inter", "ca": True, "issuer": "root", "expired": True},
    {"name": "below-old", "issuer": "old-inter", "sans": [TREE]},
    {"name": "old-root", "ca": True, "expired": True},
    {"name": "below-aged", "issuer": "old-root", "sans": [TREE],
     "send_root": True},
    {"name": "no-ca", "issuer": "root"},
    {"name": "below-no-ca", "issuer": "no-ca", "sans": [TREE]},
    {"name": "client-only", "issuer": "inter", "sans": [TREE],
     "eku": "clientAuth"},
    {"name": "self", "cn": "nobody"},
    {"name": "self-named", "sans": [TREE]},
    {"name": "self-expired", "cn": "nobody", "expired": True},
    {"name": "rsa-root", "ca": True, "key": "rsa:2048"},
    {"name": "rsa", "issuer": "rsa-root", "sans": [TREE], "key": "rsa:2048"},
    {"name": "p384", "issuer": "rsa-root", "sans": [TREE], "key": "ec:P-384"},
]
NO_DOOR = ["root", "inter", "old-inter", "old-root", "no-ca", "rsa-root"]


@dataclass(frozen=True)
class Case:
    name: str
    want: str           # the client's word at each handshake, in order
    status: str         # of the mail
    tlsa: tuple = ()    # at _25._tcp.{h}
    cert: str = "good"  # of the door where {h} leads
    records: tuple = ()     # besides, or instead of MX and address
    bare: bool = False      # no MX and no address but those in records
    spoilt: tuple = ()      # names with types whose signatures are wrong
    nexthop: str = "{d}"
    level: str = "dane"
    settings: tuple = ()
    # Why posttls-finger should not be asked, or what it says instead.  It
    # looks no further than the first host that answers.
    alone: str = ""
    finger: str = ""


def _fits(rows):
    return [Case("%s %s" % (rdata, cert), VERIFIED, SENT, (rdata + " " + of,),
                 cert) for rdata, of, cert in rows]


def _fails(rows):
    return [Case("%s %s at %s" % (rdata, of, cert), UNTRUSTED, KEPT,
                 (rdata + " " + of,), cert) for rdata, of, cert in rows]


def _unusable(*rows):
    """As good as level encrypt."""
    return [Case("nothing usable: " + "; ".join(row), UNTRUSTED, SENT, row)
            for row in rows]


ONE = _fits([
    ("3 1 1", "good", "good"), ("3 0 1", "good", "good"),
    ("3 1 2", "good", "good"), ("3 0 2", "good", "good"),
    ("3 1 0", "good", "good"), ("3 0 0", "good", "good"),
    ("3 1 1", "rsa", "rsa"), ("3 0 0", "rsa", "rsa"),
    ("3 1 1", "p384", "p384"), ("3 0 2", "p384", "p384"),
    ("3 1 1", "self", "self"), ("3 0 1", "self", "self"),
    ("3 1 1", "other", "other"), ("3 1 1", "expired", "expired"),
    ("3 0 1", "self-expired", "self-expired"),
    ("3 1 1", "early", "early"), ("3 1 1", "client-only", "client-only"),
    ("3 1 1", "leaf-alone", "leaf-alone"),
    ("2 0 1", "root", "rooted"), ("2 1 1", "root", "rooted"),
    ("2 1 2", "root", "rooted"), ("2 0 1", "inter", "good"),
    ("2 1 1", "inter", "good"), ("2 0 2", "inter", "good"),
    ("2 0 0", "inter", "good"), ("2 1 0", "inter", "good"),
    ("2 0 0", "root", "good"), ("2 1 0", "root", "good"),
    ("2 1 1", "inter", "domain"), ("2 1 1", "inter", "by-cn"),
    ("2 0 0", "inter", "leaf-alone"), ("2 1 0", "inter", "leaf-alone"),
    # past its time, but an anchor: of those, dates count in roots alone
    ("2 1 1", "old-inter", "below-old"), ("2 0 1", "old-inter", "below-old"),
]) + _fails([
    ("3 1 1", "other", "good"), ("3 0 1", "inter", "good"),
    ("3 1 1", "root", "rooted"), ("3 0 0", "domain", "good"),
    ("2 0 1", "root", "good"), ("2 1 1", "root", "good"),
    ("2 1 1", "inter", "other"), ("2 1 1", "inter", "expired"),
    ("2 1 1", "inter", "early"), ("2 0 1", "root", "below-old"),
    ("2 1 1", "inter", "leaf-alone"), ("2 1 1", "old-root", "below-aged"),
    ("2 1 1", "self", "self"), ("2 0 0", "self", "self"),
    ("2 1 1", "good", "good"), ("2 0 1", "rsa-root", "good"),
    ("2 0 0", "root", "below-no-ca"), ("2 1 1", "inter", "client-only"),
])

SEVERAL = [
    Case("rollover: the old key is still there", VERIFIED, SENT,
         ("3 1 1 good", "3 1 1 rsa"), "good"),
    Case("rollover: the new key is there", VERIFIED, SENT,
         ("3 1 1 good", "3 1 1 rsa"), "rsa"),
    Case("rollover: a third key", UNTRUSTED, KEPT,
         ("3 1 1 good", "3 1 1 rsa"), "p384"),
    Case("3 doesn't fit, 2 does", VERIFIED, SENT,
         ("3 1 1 other", "2 1 1 inter")),
    Case("2 doesn't fit, 3 does", VERIFIED, SENT,
         ("2 1 1 rsa-root", "3 1 1 good")),
    Case("2 for a wrong name, 3 fits", VERIFIED, SENT,
         ("2 1 1 inter", "3 1 1 other"), "other"),
    Case("agility: the weaker digest fits", UNTRUSTED, KEPT,
         ("3 1 1 good", "3 1 2 other")),
    Case("agility: the stronger digest fits", VERIFIED, SENT,
         ("3 1 1 other", "3 1 2 good")),
    Case("agility: by selector", VERIFIED, SENT,
         ("3 1 1 good", "3 0 2 other")),
    Case("agility: by usage", VERIFIED, SENT,
         ("3 1 1 good", "2 1 2 rsa-root")),
    Case("agility: the whole key always counts", VERIFIED, SENT,
         ("3 1 0 good", "3 1 2 other")),
    Case("agility: a digest that is unknown shuts out none", VERIFIED, SENT,
         ("3 1 1 good", "3 1 3 hex:" + "ab" * 64)),
    Case("agility: a digest of wrong length shuts out none", VERIFIED, SENT,
         ("3 1 1 good", "3 1 2 hex:" + "ab" * 32)),
    Case("usable and not: what is usable fits", VERIFIED, SENT,
         ("1 1 1 other", "0 0 1 root", "3 1 1 good")),
    Case("usable and not: what is usable doesn't fit", UNTRUSTED, KEPT,
         ("1 1 1 good", "0 0 1 root", "3 1 1 other")),
    Case("thirty records, the last of which fits", VERIFIED, SENT,
         tuple("3 1 2 hex:%s" % (("%02x" % n) * 64) for n in range(29))
         + ("3 1 2 good",)),
    Case("a record without data", UNTRUSTED, SENT, ("3 1 1 hex:",),
         alone="it dies of that"),
    Case("a record without data, and one that fits", VERIFIED, SENT,
         ("3 1 1 hex:", "3 1 1 good"), alone="it dies of that"),
    Case("a record of two octets, and one that fits", VERIFIED, SENT,
         ("raw:0301", "3 1 1 good")),
    Case("a record of two octets, and one that doesn't fit", UNTRUSTED, KEPT,
         ("raw:0301", "3 1 1 other")),
] + _unusable(
    ("raw:0301",), ("raw:03",), ("0 0 1 root",), ("1 1 1 good",), ("0 1 1 root", "1 0 1 good"),
    ("4 1 1 good",), ("255 1 1 good",), ("3 2 1 good",), ("3 1 3 good",),
    ("3 1 1 hex:abcdef",), ("3 1 2 hex:" + "ab" * 32,),
    ("2 0 0 hex:3000",), ("3 1 0 hex:ab",))

MX_OTHER = ("{d} MX 10 {t}",)
NAMES = [
    Case("no TLSA record: no such name", UNTRUSTED, SENT),
    Case("no TLSA record: another type at the name", UNTRUSTED, SENT,
         records=("_25._tcp.{h} TXT x",)),
    Case("TLSA for another port alone", UNTRUSTED, SENT,
         records=("_587._tcp.{h} TLSA 3 1 1 other",)),
    Case("another port, and TLSA for it", VERIFIED, SENT,
         ("3 1 1 other",), nexthop="{h}:2525", bare=True,
         records=("{h} A {2525}", "_2525._tcp.{h} TLSA 3 1 1 good")),
    Case("a domain without MX", VERIFIED, SENT, nexthop="{h}", bare=True,
         records=("{h} A {good}", "_25._tcp.{h} TLSA 3 1 1 good")),
    Case("a host in brackets", VERIFIED, SENT, ("3 1 1 good",),
         nexthop="[{h}]"),
    Case("a host in brackets, TLSA doesn't fit", UNTRUSTED, KEPT,
         ("3 1 1 other",), nexthop="[{h}]"),
    Case("an IPv6 host", VERIFIED, SENT, ("3 1 1 good",), bare=True,
         records=("{d} MX 10 {h}", "{h} AAAA {six}")),
    Case("a domain that is an alias", VERIFIED, SENT, ("3 1 1 good",),
         bare=True, records=("{d} CNAME to-{d}", "to-{d} MX 10 {h}",
                             "{h} A {good}")),
    Case("a domain that is an alias, and 2 for its name", VERIFIED, SENT,
         ("2 1 1 inter",), "domain", bare=True, records=(
             "{d} CNAME to.x.{d}", "to.x.{d} MX 10 {h}", "{h} A {domain}")),
    Case("a host that is an alias: TLSA at its end", VERIFIED, SENT,
         ("3 1 1 good",), bare=True, records=MX_OTHER + (
             "{t} CNAME {h}", "{h} A {good}")),
    Case("a host that is an alias: TLSA at its beginning", VERIFIED, SENT,
         bare=True, records=MX_OTHER + (
             "{t} CNAME {h}", "{h} A {good}",
             "_25._tcp.{t} TLSA 3 1 1 good")),
    Case("a host that is an alias: the end counts if both have some",
         UNTRUSTED, KEPT, ("3 1 1 other",), bare=True, records=MX_OTHER + (
             "{t} CNAME {h}", "{h} A {good}",
             "_25._tcp.{t} TLSA 3 1 1 good")),
    Case("a host that is an alias into the unsigned zone", VERIFIED, SENT,
         bare=True, records=MX_OTHER + (
             "{t} CNAME {ph}", "{ph} A {good}",
             "_25._tcp.{t} TLSA 3 1 1 good",
             "_25._tcp.{ph} TLSA 3 1 1 other")),
    Case("a host that is an alias of an alias", VERIFIED, SENT,
         ("3 1 1 good",), bare=True, records=MX_OTHER + (
             "{t} CNAME via-{t}", "via-{t} CNAME {h}", "{h} A {good}")),
    Case("records that are an alias for shared ones", VERIFIED, SENT,
         records=("_25._tcp.{h} CNAME shared.{d}",
                  "shared.{d} TLSA 3 1 1 good")),
    Case("shared ones that don't fit", UNTRUSTED, KEPT,
         records=("_25._tcp.{h} CNAME shared.{d}",
                  "shared.{d} TLSA 3 1 1 other")),
    Case("shared ones behind two aliases", VERIFIED, SENT,
         records=("_25._tcp.{h} CNAME via.{d}", "via.{d} CNAME shared.{d}",
                  "shared.{d} TLSA 2 1 1 inter")),
    Case("shared ones in the unsigned zone", UNTRUSTED, SENT,
         records=("_25._tcp.{h} CNAME shared.{pd}",
                  "shared.{pd} TLSA 3 1 1 other")),
    Case("shared ones that aren't there", UNTRUSTED, SENT,
         records=("_25._tcp.{h} CNAME shared.{d}",)),
    Case("shared ones that are bogus", "", KEPT, nexthop="{d}", records=(
        "_25._tcp.{h} CNAME shared.{d}", "shared.{d} TLSA 3 1 1 good"),
        spoilt=("shared.{d} TLSA",)),
    Case("records below a DNAME", VERIFIED, SENT,
         records=("_tcp.{h} DNAME ports.{d}",
                  "_25.ports.{d} TLSA 3 1 1 good")),
    Case("a wildcard for all ports", VERIFIED, SENT,
         records=("*._tcp.{h} TLSA 3 1 1 good",)),
    Case("a wildcard that doesn't fit", UNTRUSTED, KEPT,
         records=("*._tcp.{h} TLSA 3 1 1 other",)),
    Case("a wildcard that is an alias", VERIFIED, SENT,
         records=("*._tcp.{h} CNAME shared.{d}",
                  "shared.{d} TLSA 3 1 1 good")),
    Case("a wildcard for another port's name", VERIFIED, SENT,
         ("3 1 1 good",), records=("*._tcp.{h} TLSA 3 1 1 other",)),
]

SAFETY = [
    Case("bogus records", "", KEPT, ("3 1 1 good",),
         spoilt=("_25._tcp.{h} TLSA",)),
    Case("bogus records that would not fit", "", KEPT, ("3 1 1 other",),
         spoilt=("_25._tcp.{h} TLSA",)),
    Case("a bogus denial of records", "", KEPT, spoilt=("_tcp.{h} NSEC",),
         records=("_587._tcp.{h} TXT x", "_tcp.{h} TXT x")),
    Case("records in a zone that nobody serves", "", KEPT,
         records=("_tcp.{h} NS lame.safe.example",)),
    Case("a bogus MX answer", "", KEPT, ("3 1 1 good",),
         spoilt=("{d} MX",)),
    Case("a domain in the bogus zone", "", KEPT, ("3 1 1 good",),
         nexthop="{bd}", records=("{bd} MX 10 {h}",)),
    Case("an exchanger in the bogus zone", "", KEPT, bare=True,
         records=("{d} MX 10 {bh}", "{bh} A {good}",
                  "_25._tcp.{bh} TLSA 3 1 1 good")),
    Case("an exchanger whose address is bogus", "", KEPT, ("3 1 1 good",),
         spoilt=("{h} A",)),
    Case("nothing is signed", UNTRUSTED, SENT, nexthop="{pd}", bare=True,
         records=("{pd} MX 10 {ph}", "{ph} A {good}",
                  "_25._tcp.{ph} TLSA 3 1 1 other")),
    Case("an exchanger in the unsigned zone", UNTRUSTED, SENT, bare=True,
         records=("{d} MX 10 {ph}", "{ph} A {good}",
                  "_25._tcp.{ph} TLSA 3 1 1 other")),
    Case("an unsigned domain with a signed exchanger", TRUSTED, SENT,
         ("3 1 1 good",), nexthop="{pd}", records=("{pd} MX 10 {h}",)),
    Case("an unsigned domain, 2 for the exchanger", TRUSTED, SENT,
         ("2 1 1 inter",), nexthop="{pd}", records=("{pd} MX 10 {h}",)),
    Case("an unsigned domain, records that don't fit", UNTRUSTED, KEPT,
         ("3 1 1 other",), nexthop="{pd}", records=("{pd} MX 10 {h}",)),
    Case("an unsigned domain, and policy encrypt", UNTRUSTED, SENT,
         ("3 1 1 other",), nexthop="{pd}", records=("{pd} MX 10 {h}",),
         settings=("smtp_tls_dane_insecure_mx_policy=encrypt",)),
    Case("an unsigned domain, and policy may", UNTRUSTED, SENT,
         ("3 1 1 other",), nexthop="{pd}", records=("{pd} MX 10 {h}",),
         settings=("smtp_tls_dane_insecure_mx_policy=may",)),
    Case("two exchangers: the records of the first don't fit",
         UNTRUSTED + " " + VERIFIED, SENT, ("3 1 1 other",),
         finger=UNTRUSTED, records=("{d} MX 20 {t}", "{t} A {rsa}",
                                    "_25._tcp.{t} TLSA 3 1 1 rsa")),
    Case("two exchangers: the records of the first are bogus", VERIFIED, SENT,
         ("3 1 1 good",), spoilt=("_25._tcp.{h} TLSA",),
         records=("{d} MX 20 {t}", "{t} A {rsa}",
                  "_25._tcp.{t} TLSA 3 1 1 rsa")),
    Case("dane-only: records that fit", VERIFIED, SENT, ("3 1 1 good",),
         level="dane-only"),
    Case("dane-only: records that don't fit", UNTRUSTED, KEPT,
         ("3 1 1 other",), level="dane-only"),
    Case("dane-only: no records", "", KEPT, level="dane-only",
         alone="it takes level secure instead"),
    Case("dane-only: nothing usable", "", KEPT, ("1 1 1 good",),
         level="dane-only", alone="it takes level secure instead"),
    Case("dane-only: an unsigned domain", "", KEPT, ("3 1 1 good",),
         nexthop="{pd}", records=("{pd} MX 10 {h}",), level="dane-only",
         alone="it takes level secure instead"),
    Case("verify does not ask for records", UNTRUSTED, KEPT,
         ("3 1 1 good",), level="verify"),
    Case("no STARTTLS where there are records", "", KEPT, ("3 1 1 good",),
         "good", bare=True, records=("{d} MX 10 {h}", "{h} A {clear}")),
    Case("the server name is the one with the records", VERIFIED, SENT,
         ("3 1 1 good",), bare=True,
         records=("{d} MX 10 {h}", "{h} A {by-name}")),
]

CAFILE = "smtp_tls_CAfile={certs}/root.leaf"


def _level(level, cert, want, *match, nexthop="{d}"):
    settings = [CAFILE] if level != "fingerprint" else []
    if match:
        settings += ["smtp_tls_%s_cert_match=%s" % (level, match[0])]
    return Case("%s: %s at %s%s" % (level, " ".join(match) or "its own names",
                                    cert, nexthop if nexthop != "{d}" else ""),
                want, SENT if want == VERIFIED else KEPT, (), cert,
                nexthop=nexthop, level=level, settings=tuple(settings))


# There posttls-finger is asked, too, since it is there.
LEVELS = [_level("verify", cert, VERIFIED) for cert in (
    "good", "rooted", "by-cn")
] + [_level("verify", cert, UNTRUSTED) for cert in (
    "other", "domain", "leaf-alone", "expired", "early", "below-old",
    "below-no-ca", "client-only", "self", "rsa", "below-aged")
] + [
    _level("verify", "other", VERIFIED, "else.example"),
    _level("verify", "good", UNTRUSTED, "else.example"),
    _level("verify", "good", VERIFIED, ".mx.safe.example"),
    _level("verify", "good", VERIFIED, ".safe.example"),
    _level("verify", "domain", VERIFIED, "nexthop"),
    _level("secure", "domain", VERIFIED),
    _level("secure", "good", UNTRUSTED),
    _level("secure", "good", VERIFIED, nexthop="[{h}]"),
    _level("secure", "good", VERIFIED, "hostname"),
    _level("fingerprint", "good", VERIFIED, "{good.sha256}"),
    _level("fingerprint", "self-expired", VERIFIED, "{self-expired.sha256}"),
    _level("fingerprint", "good", UNTRUSTED, "{other.sha256}"),
    _level("fingerprint", "good", UNTRUSTED, "{inter.sha256}"),
]


def _anchors(rows):
    """A trust anchor file of one certificate, and who is trusted by it."""
    return [Case("a file with %s: %s" % (anchor, cert), want,
                 SENT if want == VERIFIED else KEPT, (), cert, level="verify",
                 settings=("smtp_tls_trust_anchor_file={certs}/%s.leaf"
                           % anchor,))
            for anchor, cert, want in rows]


FILES = _anchors([
    ("root", "good", VERIFIED), ("inter", "good", VERIFIED),
    ("inter", "leaf-alone", VERIFIED), ("self", "self", UNTRUSTED),
    ("self-named", "self-named", VERIFIED),
    ("rsa-root", "p384", VERIFIED), ("old-inter", "below-old", VERIFIED),
    ("root", "below-old", UNTRUSTED), ("old-root", "below-aged", UNTRUSTED),
    ("self", "good", UNTRUSTED), ("root", "leaf-alone", UNTRUSTED),
    ("inter", "other", UNTRUSTED), ("inter", "expired", UNTRUSTED),
    ("no-ca", "below-no-ca", UNTRUSTED),
])

CASES = ONE + SEVERAL + NAMES + SAFETY + LEVELS + FILES
