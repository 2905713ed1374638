"""Certificates for the live tests: one authority, and whoever it vouches for.

Made afresh in each namespace, by the maker of the conformance kit. Every
server's names are below tls.example, and one wildcard covers them.
"""
import hashlib
import os
from types import SimpleNamespace

import place        # noqa: F401 which shows the way to the conformance kit
import scenario

# kind of key: what it is to the maker, and to OpenSSL's cipher names
KINDS = {
    "rsa": ("rsa:2048", "RSA"),
    "p256": ("ec:P-256", "ECDSA"),
    "p384": ("ec:P-384", "ECDSA"),
}
CIPHERS = ["AES128-GCM-SHA256", "AES256-GCM-SHA384", "AES128-SHA256",
           "AES256-SHA384", "AES128-SHA", "CHACHA20-POLY1305"]
EVERY_NAME = ["*.tls.example"]


def suite(kind, cipher):
    return "ECDHE-%s-%s" % (KINDS[kind][1], cipher)


def _chain(kind):
    """root-KIND, inter-KIND, and below it a server and a client: KIND, me-KIND
    """
    key = KINDS[kind][0]
    md = "sha384" if kind == "p384" else "sha256"
    common = {"key": key, "md": md}
    return [
        dict(common, name="root-" + kind, ca=True),
        dict(common, name="inter-" + kind, ca=True, issuer="root-" + kind),
        dict(common, name=kind, issuer="inter-" + kind, sans=EVERY_NAME,
             eku="serverAuth"),
        dict(common, name="me-" + kind, issuer="inter-" + kind,
             cn=kind + ".client.example", eku="clientAuth"),
    ]


# what is wrong with some: all below root-p256, but for the one that isn't
ODD = [
    {"name": "stranger", "sans": EVERY_NAME},
    {"name": "named-else", "issuer": "root-p256", "sans": ["other.example"]},
    {"name": "expired", "issuer": "root-p256", "sans": EVERY_NAME,
     "expired": True},
    {"name": "for-clients", "issuer": "root-p256", "sans": EVERY_NAME,
     "eku": "clientAuth"},
]


def specs(*kinds, odd=False):
    """odd: those of ODD, too; wants p256 among the kinds."""
    return sum((_chain(kind) for kind in kinds), []) + (ODD if odd else [])


def make(folder, wanted):
    """-> names with the attributes key, cert (chain), pem (both, key first),
    leaf (one certificate), der, spki (octets), sha256 (a fingerprint)."""
    made = {}
    for name, paths in scenario.make_certs(wanted, folder).items():
        der = bytes.fromhex(paths.pop("der"))
        spki = bytes.fromhex(paths.pop("spki"))
        made[name] = SimpleNamespace(
            **paths, der=der, spki=spki,
            sha256=hashlib.sha256(der).hexdigest())
        for path in (made[name].key, made[name].pem):
            os.chmod(path, 0o600)
    return made


def roots(made, path):
    """A CAfile of all roots there are."""
    return together(path, *[made[name].leaf for name in made
                            if name.startswith("root-")])


def together(path, *parts):
    with open(path, "w", encoding="ascii") as out:
        for part in parts:
            with open(part, encoding="ascii") as f:
                out.write(f.read())
    return path
