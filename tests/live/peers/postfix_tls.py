"""Postfix's smtpd under TLS: every kind of certificate with every curve and
cipher, levels of trust, client certificates, TLS from the start, sessions."""
import os
import re
import subprocess
from dataclasses import replace

import certs
import client
import place
from client import CLEAR, NO_TLS, Secure
from peers import SENT, Route, doors, postfix
from peers.common import log_lines
from peers.doors import CERTS, Door

PACKAGES = postfix.PACKAGES
USERS = postfix.USERS
BOXES = postfix.BOXES
FOLDER = "postfix"

CAFILE = CERTS + "/roots.pem"
CURVES = ["X25519", "prime256v1", "secp384r1", "secp521r1"]


def _cipher_door(kind, curve, cipher):
    suite = certs.suite(kind, cipher)
    return Door("%s-%s-%s" % (kind, curve.lower(), cipher.lower()), kind, (
        "tls_high_cipherlist = " + suite,
        "tls_medium_cipherlist = " + suite,
        "tls_eecdh_auto_curves = " + curve))


# (door, suite) for each way that a key is agreed on and used
CIPHER_DOORS = [
    (_cipher_door(kind, curve, cipher), certs.suite(kind, cipher))
    for kind in certs.KINDS
    for n, curve in enumerate(CURVES)
    for cipher in (certs.CIPHERS if n < 2 else certs.CIPHERS[:1])]

ASKS = ("smtpd_tls_CAfile = " + CAFILE, "smtpd_tls_req_ccert = yes",
        "smtpd_tls_security_level = encrypt")
VERBOSE = ("smtpd_tls_loglevel = 2",)
DOORS = [door for door, _ in CIPHER_DOORS] + [
    Door("any", "rsa"),
    Door("stranger", "stranger"),
    Door("named-else", "named-else"),
    Door("expired", "expired"),
    Door("for-clients", "for-clients"),
    Door("asks", "p256", ASKS),
    Door("asks-nicely", "rsa", ASKS[:1] + ("smtpd_tls_ask_ccert = yes",)),
    Door("wrapped", "p256", ("smtpd_tls_wrappermode = yes",), 465),
    Door("insists", "rsa", ("smtpd_tls_security_level = encrypt",)),
    Door("newer", "p256", ("smtpd_tls_protocols = >=TLSv1.3",)),
    Door("older", "rsa", (
        "smtpd_tls_protocols = >=TLSv1, <=TLSv1",
        "tls_medium_cipherlist = ALL:@SECLEVEL=0")),
    Door("by-id", "rsa", VERBOSE + ("tls_ssl_options = NO_TICKET",)),
    Door("by-ticket", "rsa", VERBOSE),
]
ADDRESS = doors.addresses(DOORS)
RECORDS = ["%s.tls.example A %s" % item for item in ADDRESS.items()]


def options(level, *more):
    wanted = ("smtp_tls_security_level=" + level,
              "smtp_tls_CAfile=" + CAFILE) + more
    return sum((("-o", word) for word in wanted), ())


def way(name, level="verify", *more, port=25):
    host = name + ".tls.example"
    return Route("smtp", "[%s]:%d" % (host, port), r"^%s\[%s\]:%d$" % (
        re.escape(host), re.escape(ADDRESS[name]), port),
        options(level, *more))


class Server(doors.Server):
    doors = DOORS
    routes = [replace(
        way("p256-x25519-aes128-gcm-sha256"), name="smtp under TLS",
        prefix="t", how=Secure("Verified", "TLSv1.2", certs.suite(
            "p256", "AES128-GCM-SHA256")))]

    def __init__(self, ids, boxes):
        super().__init__(ids, boxes, certs.specs(*certs.KINDS, odd=True))
        certs.roots(self.certs, CAFILE)


def checks(world):
    _every_cipher(world)
    _levels(world)
    _our_certificates(world)
    _versions(world)
    _from_the_start(world)
    _sessions(world)


def _sent(world, name, route, trust, cipher="", **more):
    world.case(name, route, client.SENT, {"one": SENT},
               how=Secure(trust, cipher=cipher, **more))


def _kept(world, name, route, why=".", trust=""):
    world.case(name, route, client.DEFERRED,
               {"one": NO_TLS[:2] + (why,)},
               how=Secure(trust) if trust else CLEAR)


def _every_cipher(world):
    for door, suite in CIPHER_DOORS:
        _sent(world, "delivers by " + door.name, way(door.name), "Verified",
              suite)


def _levels(world):
    some = world.server.certs["named-else"]
    match = "smtp_tls_verify_cert_match=other.example"
    fingerprint = ("smtp_tls_fingerprint_digest=sha256",
                   "smtp_tls_fingerprint_cert_match=")
    _sent(world, "may: a good chain is trusted, whatever the name",
          way("named-else", "may"), "Trusted")
    _sent(world, "may: a stranger gets mail, too", way("stranger", "may"),
          "Untrusted")
    _sent(world, "encrypt: who is past his time gets mail",
          way("expired", "encrypt"), "Untrusted")
    _kept(world, "verify: not who is named otherwise", way("named-else"),
          trust="Untrusted")
    _sent(world, "verify: but if that is the name to look for",
          way("named-else", "verify", match), "Verified")
    _kept(world, "verify: no stranger", way("stranger"), trust="Untrusted")
    _kept(world, "verify: not who is past his time", way("expired"),
          trust="Untrusted")
    _kept(world, "verify: not who is vouched for as a client",
          way("for-clients"), trust="Untrusted")
    _sent(world, "secure: the next hop's name", way("any", "secure"),
          "Verified")
    _sent(world, "fingerprint: of the certificate",
          way("named-else", "fingerprint", fingerprint[0],
              fingerprint[1] + some.sha256), "Verified")
    _kept(world, "fingerprint: of another", way(
        "stranger", "fingerprint", fingerprint[0],
        fingerprint[1] + some.sha256), trust="Untrusted")
    _sent(world, "a trust anchor of its own, for a stranger",
          way("stranger", "verify", "smtp_tls_trust_anchor_file="
              + world.server.certs["stranger"].leaf), "Verified")
    world.case("none: a server that insists on TLS bounces it",
               way("insists", "none"), client.BOUNCED,
               {"one": ("bounced", "5.7.0", "STARTTLS")})


def _notations(made):
    """The same keys in other words, and what to set -> (name, settings)."""
    def key(name, *command):
        path = "%s/%s" % (CERTS, name)
        subprocess.run(["openssl", *command, "-out", path], check=True,
                       stderr=subprocess.DEVNULL, timeout=20)
        os.chmod(path, 0o600)
        return path
    for kind in certs.KINDS:
        me = made["me-" + kind]
        pair = ("smtp_tls_eccert_file=", "smtp_tls_eckey_file=") \
            if kind != "rsa" else ("smtp_tls_cert_file=", "smtp_tls_key_file=")
        yield kind + ", chain file", kind, (
            "smtp_tls_chain_files=" + me.pem,)
        yield kind + ", a pair, PKCS#8", kind, (
            pair[0] + me.cert, pair[1] + me.key)
        if kind == "rsa":
            old = key("rsa.pkcs1", "rsa", "-traditional", "-in", me.key)
        else:
            old = key(kind + ".sec1", "ec", "-in", me.key)
        yield kind + (", PKCS#1" if kind == "rsa" else ", SEC1"), kind, (
            pair[0] + me.cert, pair[1] + old)


def _our_certificates(world):
    made = world.server.certs
    world.case("without a certificate of ours, where one is asked for",
               way("asks", "encrypt"), client.DEFERRED, {"one": (
                   "deferred", "4.7.1", "No client certificate presented")},
               how=Secure("Trusted"))
    _sent(world, "where one is asked for nicely", way("asks-nicely"),
          "Verified")
    for door in "asks", "asks-nicely":
        for name, kind, settings in _notations(made):
            _sent(world, "%s has our certificate: %s" % (door, name),
                  way(door, "verify", *settings), "Verified",
                  owner=kind + ".client.example")


def _versions(world):
    _kept(world, "a server with TLS 1.3 alone gets a sentence that says so",
          way("newer", "encrypt"), r"TLS ?v?1\.3")
    _kept(world, "may: fresh mail waits for that server",
          way("newer", "may"))
    world.case("may: mail that has waited goes in the clear",
               way("newer", "may"), client.SENT, {"one": SENT},
               options=("-A", "7200"))
    _sent(world, "may: TLS 1.0 is better than nothing", way(
        "older", "may", "smtp_tls_protocols=>=TLSv1"), "Trusted",
        version="TLSv1")
    _kept(world, "encrypt: TLS 1.0 is refused if so set",
          way("older", "encrypt", "smtp_tls_mandatory_protocols=>=TLSv1.2"))


def _from_the_start(world):
    wrapper = "smtp_tls_wrappermode=yes"
    _sent(world, "TLS from the start, port 465",
          way("wrapped", "verify", wrapper, port=465), "Verified")
    _sent(world, "TLS from the start, level encrypt",
          way("wrapped", "encrypt", wrapper, port=465), "Trusted")


def _sessions(world):
    """Two deliveries: the server knows the second one's session."""
    for door, by in ("by-id", "id"), ("by-ticket", "ticket"):
        cache = "smtp_tls_session_cache_database=btree:%s/client-%s" % (
            place.SPOOL, door)
        for _ in range(2):
            _sent(world, "delivers where sessions are kept by " + by,
                  way(door, "verify", cache), "Verified")
    world.report.result("a session kept by id is taken up again", [] if
                        log_lines(world.server.log, "Reusing old session")
                        else ["the server made a new one each time"])
