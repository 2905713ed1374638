"""Dovecot's LMTP under TLS, by STARTTLS and from the start."""
import re

import certs
import client
from client import NO_TLS, Secure
from peers import SENT, Route, dovecot
from peers.doors import CERTS

PACKAGES = dovecot.PACKAGES
USERS = dovecot.USERS
BOXES = dovecot.BOXES
FOLDER = "dovecot"

CAFILE = CERTS + "/roots.pem"
ADDRESS = "127.0.1.1"
RECORDS = ["lmtp.tls.example A " + ADDRESS]
# kind of the certificate: what the client must not speak, to get the other
KINDS = {"rsa": "aECDSA", "p384": "aRSA"}

SETTINGS = """\
ssl = yes
ssl_min_protocol = TLSv1.2
ssl_cert = <{rsa.cert}
ssl_key = <{rsa.key}
ssl_alt_cert = <{p384.cert}
ssl_alt_key = <{p384.key}
service lmtp {{
  inet_listener starttls {{
    address = {address}
    port = 24
  }}
  inet_listener wrapped {{
    address = {address}
    port = 2424
    ssl = yes
  }}
}}
"""


def way(level, *more, port=24):
    words = ("lmtp_tls_security_level=" + level, "lmtp_tls_CAfile=" + CAFILE,
             "lmtp_tls_mandatory_protocols=>=TLSv1.2, <=TLSv1.2",
             "lmtp_tls_protocols=>=TLSv1.2, <=TLSv1.2") + more
    return Route("lmtp", "inet:lmtp.tls.example:%d" % port,
                 r"^lmtp\.tls\.example\[%s\]:%d$" % (
                     re.escape(ADDRESS), port),
                 sum((("-o", word) for word in words), ()))


class Server(dovecot.Server):
    routes = []

    def __init__(self, ids, boxes):
        self.certs = certs.make(CERTS, certs.specs(*certs.KINDS, odd=True))
        certs.roots(self.certs, CAFILE)
        super().__init__(ids, boxes)

    def settings(self):
        return SETTINGS.format(address=ADDRESS, **self.certs)


def checks(world):
    two = {"one": SENT, "two": SENT}
    for kind, other in KINDS.items():
        how = Secure("Verified", cipher=certs.suite(kind, certs.CIPHERS[1]))
        only = ("lmtp_tls_exclude_ciphers=" + other,
                "lmtp_tls_mandatory_ciphers=high",
                "tls_high_cipherlist=" + how.cipher)
        world.case("two recipients have the mail: " + kind,
                   way("verify", *only), client.SENT, two, how=how)
        world.case("two recipients have the mail, TLS from the start: "
                   + kind, way("secure", "lmtp_tls_wrappermode=yes", *only,
                               port=2424), client.SENT, two, how=how)
    world.case("each recipient has a reply after the dot", way("may"),
               client.DEFERRED, {"one": SENT, "later": dovecot.LATER,
                                 "nobody": dovecot.UNKNOWN},
               text=dovecot.LONG, how=Secure("Trusted"))
    stranger = ("lmtp_tls_CAfile=" + world.server.certs["stranger"].leaf,)
    world.case("verify: no stranger", way("verify", *stranger),
               client.DEFERRED, {"one": NO_TLS}, how=Secure("Untrusted"))
    world.case("may: a stranger gets mail, too", way("may", *stranger),
               client.SENT, {"one": SENT}, how=Secure("Untrusted"))
    world.case("none: it goes in the clear", way("none"), client.SENT,
               {"one": SENT})
