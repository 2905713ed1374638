"""OpenSSL's and GnuTLS's test servers: what no mail server can be set to do.

Each check has a server of its own; see front. `openssl s_server` takes mail,
gnutls-serv answers each line with the same line, so that only the handshake
can succeed.
"""
import os
import re
from dataclasses import dataclass

import certs
import client
import messages
import place
from client import CLEAR, NO_TLS, Secure
from front import Front
from peers.doors import CERTS

PACKAGES = ["gnutls-bin", "openssl"]
USERS = ["boxes"]
BOXES = []
ADDRESS = "127.0.1.1"
HOST = "tool.tls.example"
RECORDS = ["%s A %s" % (HOST, ADDRESS)]

LOG = place.SPOOL + "/tools.log"
CAFILE = CERTS + "/roots.pem"
SENT = ("sent", "2.0.0", "^250 2.0.0 Taken$")
TLS12 = ("-tls1_2",)

MORE_SPECS = [
    {"name": "p521", "issuer": "inter-p384", "key": "ec:P-521",
     "sans": certs.EVERY_NAME},
    {"name": "rsa4096", "issuer": "inter-rsa", "key": "rsa:4096",
     "sans": certs.EVERY_NAME, "md": "sha512"},
    {"name": "me-p521", "issuer": "inter-p384", "key": "ec:P-521",
     "cn": "p521.client.example"},
    {"name": "mixed", "issuer": "inter-p384", "key": "rsa:2048",
     "sans": certs.EVERY_NAME},
    {"name": "below-root", "issuer": "root-p256", "sans": certs.EVERY_NAME},
    {"name": "address", "issuer": "inter-p256",
     "sans": ["IP:" + ADDRESS]},
]


@dataclass(frozen=True)
class Case:
    name: str
    cert: str = "rsa"
    tool: tuple = TLS12     # options of s_server besides certificate and port
    how: Secure = Secure("Verified")
    wanted: tuple = SENT
    level: str = "verify"
    settings: tuple = ()
    options: tuple = ()     # of the client
    nexthop: str = "[%s]" % HOST
    front: tuple = ()       # (name, value) for Front
    said: tuple = ()        # expressions for what the tool says
    times: int = 1          # deliveries, one after the other


class Server:
    """None of its own: each check has one."""
    log = LOG
    routes = []

    def __init__(self, ids, boxes):
        self.certs = certs.make(CERTS, certs.specs(
            *certs.KINDS, odd=True) + MORE_SPECS)
        certs.roots(self.certs, CAFILE)
        made = self.certs
        # what servers send in disorder, and with much that is beside the point
        self.chains = {
            "disorder": [made["inter-rsa"], made["root-p256"]],
            "crowd": [made[name] for name in (
                "root-rsa", "stranger", "inter-p256", "inter-rsa", "expired",
                "root-p256", "inter-p384", "root-p384", "p521", "me-rsa",
                "named-else", "for-clients", "p384", "rsa4096")],
        }
        for name, parts in self.chains.items():
            certs.together("%s/%s.chain" % (CERTS, name),
                           *[part.leaf for part in parts])

    def start(self):
        with open(self.log, "w", encoding="utf-8"):
            pass

    def stop(self):
        pass

    def complaints(self):
        return []


def s_server(made, case):
    return ("openssl", "s_server", "-brief", "-accept", "127.0.0.1:{port}",
            "-cert", made.leaf, "-key", made.key, *(
                () if "-cert_chain" in case.tool
                else ("-cert_chain", made.cert)), *case.tool)


def _matrix():
    for kind in certs.KINDS:
        for group in "X25519", "P-256", "P-384", "P-521":
            for cipher in certs.CIPHERS[1:4:2]:
                suite = certs.suite(kind, cipher)
                yield Case(
                    "s_server: %s %s" % (group, suite if kind != "p384"
                                         else suite + " P-384"),
                    kind, TLS12 + ("-groups", group, "-cipher", suite),
                    Secure("Verified", cipher=suite))


def _one_record(octets):
    return ("-max_send_frag", str(octets), "-split_send_frag", str(octets))


DEMANDS = TLS12 + ("-Verify", "5", "-verify_return_error", "-CAfile", CAFILE)
INJECTED = b"250 2.0.0 Taken\r\n250-SIZE 5\r\n421 no"
SNI = ("-servername", HOST, "-cert2", CERTS + "/below-root.leaf",
       "-key2", CERTS + "/below-root.key")
ONE_SUITE = [
    ("AES128-SHA", "rsa"), ("AES256-GCM-SHA384", "rsa"),
    ("AES128-SHA256", "rsa"), ("ECDHE-ECDSA-AES128-CCM", "p256"),
    ("ECDHE-ECDSA-AES256-CCM8", "p256"), ("ECDHE-RSA-AES256-SHA", "rsa"),
    ("ECDHE-ECDSA-AES256-SHA", "p384"),
]

ODD = [Case("s_server: %s alone" % suite, cert,
            TLS12 + ("-cipher", suite), Secure("Verified", cipher=suite),
            settings=("tls_medium_cipherlist=ALL",))
       for suite, cert in ONE_SUITE] + [
    Case("s_server: a P-521 certificate", "p521"),
    Case("s_server: an RSA certificate of 4096 bits, SHA-512", "rsa4096"),
    Case("s_server: an RSA key, ECDSA signatures above it", "mixed"),
    Case("s_server: an address in the certificate", "address",
         nexthop="[%s]" % ADDRESS),
    Case("s_server: records of 512 octets", tool=TLS12 + _one_record(512)),
    Case("s_server: octet by octet", front=(("piece", 1),)),
    Case("s_server: seven octets at a time", "p384",
         front=(("piece", 7),)),
    Case("s_server: a chain in disorder", tool=TLS12 + (
        "-cert_chain", CERTS + "/disorder.chain")),
    Case("s_server: a crowd of certificates", tool=TLS12 + (
        "-cert_chain", CERTS + "/crowd.chain")),
    Case("s_server: signs with SHA-512 alone",
         tool=TLS12 + ("-sigalgs", "RSA+SHA512:ECDSA+SHA512")),
    Case("s_server: signs with ECDSA and SHA-384 alone", "p384",
         tool=TLS12 + ("-sigalgs", "ECDSA+SHA384")),
    Case("s_server: the server name gets the right certificate", "stranger",
         tool=TLS12 + SNI, settings=("smtp_tls_servername=hostname",)),
    Case("s_server: no server name, the other certificate", "stranger",
         tool=TLS12 + SNI, how=Secure("Untrusted"), wanted=NO_TLS),
    Case("s_server: what is said with the reply to STARTTLS is void",
         front=(("extra", INJECTED),)),
    Case("s_server: TLS from the start", nexthop="[%s]:465" % HOST,
         settings=("smtp_tls_wrappermode=yes",),
         front=(("wrapper", True),)),
    Case("s_server: no tickets, twice", tool=TLS12 + ("-no_ticket",),
         times=2),
    Case("s_server: tickets, twice", times=2),
    Case("s_server: without our certificate, where one is demanded",
         tool=DEMANDS, how=CLEAR, level="encrypt",
         wanted=NO_TLS[:2] + ("Cannot start TLS",)),
    Case("s_server: TLS 1.3 alone gets a sentence that says so",
         tool=("-tls1_3",), how=CLEAR, level="encrypt",
         wanted=NO_TLS[:2] + (r"TLS ?v?1\.3",)),
    Case("s_server: TLS 1.0 alone, and it would not do",
         tool=("-tls1", "-cipher", "ALL:@SECLEVEL=0"), how=CLEAR,
         settings=("smtp_tls_mandatory_protocols=>=TLSv1.2",),
         wanted=NO_TLS[:2] + ("Cannot start TLS",)),
    Case("s_server: TLS 1.1, if nothing forbids it",
         tool=("-tls1_1", "-cipher", "ALL:!aNULL:@SECLEVEL=0"), level="may",
         how=Secure("Trusted", "TLSv1.1"), settings=(
             "smtp_tls_protocols=>=TLSv1",
             "tls_medium_cipherlist=ALL:@SECLEVEL=0")),
    Case("s_server: no cipher in common", how=CLEAR,
         tool=TLS12 + ("-cipher", "eNULL:@SECLEVEL=0"),
         wanted=NO_TLS[:2] + ("Cannot start TLS",)),
] + [
    Case("s_server: has our certificate, %s at %s" % (mine, cert), cert,
         DEMANDS, settings=("smtp_tls_chain_files=%s/me-%s.pem" % (
             CERTS, mine),),
         said=(r"Peer certificate: .*CN = %s\.client\.example" % mine,
               "Verification: OK"))
    for mine in ("rsa", "p256", "p384", "p521") for cert in ("rsa", "p256")
] + [
    Case("s_server: has our certificate, signed with %s" % algorithms,
         "rsa", DEMANDS + ("-client_sigalgs", algorithms),
         settings=("smtp_tls_chain_files=%s/me-%s.pem" % (CERTS, mine),),
         said=(r"Peer certificate: .*CN = %s\.client\.example" % mine,))
    for mine, algorithms in (
        ("rsa", "RSA+SHA256"), ("rsa", "RSA+SHA512"), ("p256", "ECDSA+SHA384"),
        ("p384", "ECDSA+SHA256"))
]

GNUTLS = [
    ("rsa", "NORMAL", r"RSA-PSS|RSA-SHA256"),
    ("rsa", "SECURE256", ""),
    ("p256", "SECURE128", "ECDSA"),
    ("p384", "SUITEB192", r"SECP384R1.*ECDSA.*AES-256-GCM"),
    ("p256", "PERFORMANCE", "ECDSA"),
    ("rsa", "NORMAL:-CIPHER-ALL:+AES-128-CBC", "AES-128-CBC"),
    ("p256", "NORMAL:-CIPHER-ALL:+CHACHA20-POLY1305", "CHACHA20"),
    ("rsa", "NORMAL:-GROUP-ALL:+GROUP-SECP256R1", "SECP256R1"),
    ("rsa", "NORMAL:-GROUP-ALL:+GROUP-X25519", "X25519"),
    ("rsa", "NORMAL:-KX-ALL:+RSA", r"\(RSA\)"),
    ("rsa", "NORMAL:%SERVER_PRECEDENCE:%SAFE_RENEGOTIATION", ""),
]


def _reasons_of_sessions(case, front):
    """The last session carried the mail, whole and under TLS, or none did."""
    taken = [s for s in front.sessions if s.content is not None]
    if case.wanted[0] != "sent":
        return ["the server took mail"] if taken else []
    if len(taken) != case.times:
        return ["%d mails arrived, not %d; %s" % (
            len(taken), case.times, [s.failure for s in front.sessions])]
    text = messages.as_lines(messages.NOTE)
    return [reason for s in taken for reason in (
        ([] if s.content == text else ["arrived as %r" % s.content])
        + ([] if s.is_secure else ["not under TLS to the end"]))]


def _log(name, text):
    with open(LOG, "a", encoding="utf-8") as f:
        f.write("== %s\n%s\n" % (name, text))


def _exit_of(status):
    return {"sent": client.SENT, "deferred": client.DEFERRED}[status]


def words(level, settings):
    wanted = ("smtp_tls_security_level=" + level,
              "smtp_tls_CAfile=" + CAFILE) + settings
    return sum((("-o", word) for word in wanted), ())


def try_case(world, case):
    more = dict(case.front)
    reasons = []
    with Front(ADDRESS, 465 if more.get("wrapper") else 25,
               s_server(world.server.certs[case.cert], case),
               bye=case.times == 1, **more) as front:
        for _ in range(case.times):
            out = world.client.deliver(
                "smtp", case.nexthop, ["one@box.example"], messages.NOTE,
                words(case.level, case.settings) + case.options)
            reasons += case.how.differences(out) + out.differences(
                _exit_of(case.wanted[0]), "", {"one": case.wanted})
    _log(case.name, front.said)
    facts = list(case.said)
    if case.how.trust:
        facts.append("Protocol version: " + re.escape(case.how.version))
        if case.how.cipher:
            facts.append("Ciphersuite: %s\\b" % re.escape(case.how.cipher))
    reasons += _reasons_of_sessions(case, front)
    reasons += ["the server does not say " + fact for fact in facts
                if not re.search(fact, front.said)]
    if reasons:
        reasons.append("the server: " + front.said[-1500:])
    world.report.result(case.name, reasons)


def try_gnutls(world, kind, priority, fact):
    made = world.server.certs[kind]
    name = "gnutls-serv: shakes hands, %s %s" % (kind, priority)
    with Front(ADDRESS, 25, (
            "gnutls-serv", "-p", "{port}", "--echo", "-a", "--x509certfile",
            made.cert, "--x509keyfile", made.key, "--priority", priority
            + ":-VERS-ALL:+VERS-TLS1.2"), mute=True) as front:
        out = world.client.deliver(
            "smtp", "[%s]" % HOST, ["one@box.example"], messages.NOTE,
            words("verify", ("smtp_helo_timeout=1s",)))
    _log(name, front.said)
    reasons = Secure("Verified").differences(out)
    description = re.search("- Description: (.*)", front.said)
    if not description or not re.search(fact, description[1]):
        reasons.append("the server: " + front.said[-1500:])
    if not re.search("received cmd: EHLO client.example", front.said):
        reasons.append("the server has no EHLO: " + front.said[-1500:])
    if reasons:
        reasons.append("standard error: " + out.stderr[-1500:])
    world.report.result(name, reasons)


def checks(world):
    os.chdir(place.SPOOL)
    for case in [*_matrix(), *ODD]:
        try_case(world, case)
    for row in GNUTLS:
        try_gnutls(world, *row)
