"""Exim, which is GnuTLS's side of the story: every kind of certificate with
every curve and cipher, client certificates, TLS from the start."""
import functools
import os
import re
import shutil
import subprocess

import certs
import client
import place
from client import CLEAR, NO_TLS, Secure
from peers import Route, doors
from peers.common import Daemon, empty, log_lines, maildir, take_trace
from peers.doors import CERTS, Door

PACKAGES = ["exim4-daemon-heavy"]
USERS = ["boxes", "Debian-exim"]
BOXES = ["one", "two"]

CONF = place.SPOOL + "/conf"
CAFILE = CERTS + "/roots.pem"
SPOOL = "/var/spool/exim4"
COMPILED_IN = "/var/lib/exim4"      # another place costs Exim its privileges
LOG = SPOOL + "/log/main"
PANIC = SPOOL + "/log/panic"
SENT = ("sent", "2.0.0", "^250 OK id=")
GROUPS = ["X25519", "SECP256R1"]

# OpenSSL's name of a cipher: what GnuTLS's priorities call it
PRIORITY = {
    "AES128-GCM-SHA256": "+AES-128-GCM:+AEAD",
    "AES256-GCM-SHA384": "+AES-256-GCM:+AEAD",
    "AES128-SHA256": "+AES-128-CBC:+SHA256",
    "AES256-SHA384": "+AES-256-CBC:+SHA384",
    "AES128-SHA": "+AES-128-CBC:+SHA1",
    "CHACHA20-POLY1305": "+CHACHA20-POLY1305:+AEAD",
}
NORMAL = "NORMAL:-VERS-ALL:+VERS-TLS1.2"


def _priority(group, cipher):
    return "%s:-CIPHER-ALL:-MAC-ALL:%s:-GROUP-ALL:+GROUP-%s" % (
        NORMAL, PRIORITY[cipher], group)


# (door, suite, group); the settings of a door: its priority, whom it asks
CIPHER_DOORS = [
    (Door("%s-%s-%s" % (kind, group.lower(), cipher.lower()), kind,
          (_priority(group, cipher), "")), certs.suite(kind, cipher), group)
    for kind in certs.KINDS for group in GROUPS for cipher in certs.CIPHERS]
DOORS = [door for door, *_ in CIPHER_DOORS] + [
    Door("asks", "p256", (NORMAL, "*")),
    Door("newer", "p256", ("NORMAL:-VERS-ALL:+VERS-TLS1.3", "")),
    Door("wrapped", "rsa", (NORMAL, ""), 465),
]
ADDRESS = doors.addresses(DOORS)
RECORDS = ["%s.tls.example A %s" % item for item in ADDRESS.items()]

# $received_ip_address is the door
TABLE = "${{lookup{{$received_ip_address}}lsearch{{{conf}/{name}}}{{$value}}}}"

SETTINGS = """\
primary_hostname = mx1.box.example
spool_directory = {spool}
log_file_path = {spool}/log/%s
log_selector = +tls_cipher +tls_peerdn +received_recipients
exim_user = Debian-exim
exim_group = Debian-exim
never_users =
keep_environment =
local_interfaces = <; {interfaces}
tls_on_connect_ports = 465
tls_certificate = {certificate}
tls_require_ciphers = {priority}
tls_verify_hosts = {asks}
tls_verify_certificates = {cafile}
acl_smtp_rcpt = check
acl_smtp_data = take
domainlist ours = box.example
message_size_limit = 0
host_lookup =
rfc1413_query_timeout = 0s
{more}
received_header_text = Received: by $primary_hostname \
  with $received_protocol (${{if def:tls_in_cipher\
  {{$tls_in_cipher $tls_in_cipher_std}}{{clear}}}}) \
  owner <${{if def:tls_in_peercert\
  {{${{certextract{{subject,CN}}{{$tls_in_peercert}}}}}}{{}}}}> \
  login <$authenticated_id> \
  for ${{if def:received_for{{$received_for}}{{several}}}}

begin acl
check:
  accept domains = +ours
  deny
take:
  accept

begin routers
boxes:
  driver = accept
  domains = +ours
  local_parts = lsearch,ret=key;{conf}/boxes
  transport = boxes

begin transports
boxes:
  driver = appendfile
  directory = {box}/$local_part_data
  maildir_format
  create_directory
  return_path_add
  user = boxes
  group = boxes

begin retry
* * F,1h,10m
"""


def way(name, level="verify", *more, port=25):
    host = name + ".tls.example"
    return Route("smtp", "[%s]:%d" % (host, port), r"^%s\[%s\]:%d$" % (
        re.escape(host), re.escape(ADDRESS[name]), port),
        sum((("-o", word) for word in (
            "smtp_tls_security_level=" + level,
            "smtp_tls_CAfile=" + CAFILE) + more), ()))


@functools.lru_cache(None)
def _standard_name(suite):
    r = subprocess.run(["openssl", "ciphers", "-stdname", suite], timeout=10,
                       capture_output=True, check=True, text=True)
    return next(words[0] for words in map(str.split, r.stdout.splitlines())
                if words[2] == suite)


class Server:
    log = LOG
    routes = []
    doors = DOORS
    more = "tls_advertise_hosts = *"    # main settings
    sections = ""       # of the configuration, besides

    def __init__(self, ids, boxes):
        at = doors.addresses(self.doors)
        self.first = at[self.doors[0].name]
        self.certs = certs.make(CERTS, certs.specs(*certs.KINDS))
        certs.roots(self.certs, CAFILE)
        os.makedirs(CONF)
        for name in COMPILED_IN, SPOOL + "/log":
            os.makedirs(name, exist_ok=True)
        _table("boxes", {box: "" for box in boxes})
        for name, value in (
                ("certificates", lambda door: self._readable(door.cert)),
                ("priorities", lambda door: door.settings[0]),
                ("asks", lambda door: door.settings[1])):
            _table(name, {at[door.name]: value(door) for door in self.doors})
        with open(COMPILED_IN + "/config.autogenerated", "w",
                  encoding="ascii") as f:
            f.write(SETTINGS.format(
                spool=SPOOL, conf=CONF, cafile=CAFILE,
                box=place.SPOOL + "/box", more=self.more,
                interfaces=" ; ".join("[%s]:%d" % (
                    at[door.name], door.port) for door in self.doors),
                **{key: TABLE.format(conf=CONF, name=name) for key, name in (
                    ("certificate", "certificates"),
                    ("priority", "priorities"), ("asks", "asks"))})
                    + self.sections)
            os.fchmod(f.fileno(), 0o640)
        for path in SPOOL, SPOOL + "/log":
            shutil.chown(path, "Debian-exim", "Debian-exim")
        shutil.chown(COMPILED_IN + "/config.autogenerated", "root",
                     "Debian-exim")

    def _readable(self, name):
        """Exim reads keys as its own user; and the key may come last."""
        shutil.chown(self.certs[name].pem, "Debian-exim", "Debian-exim")
        return self.certs[name].pem

    def start(self):
        self.daemon = Daemon(["exim4", "-bdf"], {},
                             (self.first, 25))

    def stop(self):
        self.daemon.stop()

    def arrived(self, box):
        return maildir(box)

    def empty(self, box):
        empty(box)

    def complaints(self):
        """Handshakes that are meant to fail are none."""
        found = log_lines(LOG, r"(?i)error|panic|warning|fail|reject| \*\* "
                          "|lost|timeout|unexpected")
        if os.path.exists(PANIC):
            found += log_lines(PANIC, "")
        return [ln for ln in found if not re.search(
            r"TLS error on connection .* \(gnutls_handshake\)"
            r"|TLS session: \(gnutls_handshake\)|SIGTERM", ln)]

    def stripped(self, octets, box, sender, how):
        said = "clear"
        if how.trust:
            said = r"%s:[^ ]*%s[^ ]* %s" % (
                how.version.replace("TLSv", "TLS"), how.group,
                _standard_name(how.cipher) if how.cipher else r"\S+")
        return take_trace(octets, [
            "Return-path: <%s>" % re.escape(sender),
            r"Received: by mx1\.box\.example\s+with e?smtp%s\s+\(%s\)\s+owner "
            r"<%s>\s+login <%s>\s+for\s+%s;\s+[^\n]*" % (
                ("s" if how.trust else "") + ("a" if how.login else ""), said,
                re.escape(how.owner), re.escape(how.login),
                re.escape(box + "@box.example"))])

    def stored(self, text):
        """As it came."""
        return text


def _table(name, rows):
    with open(os.path.join(CONF, name), "w", encoding="ascii") as f:
        f.writelines("%s: %s\n" % row for row in rows.items())


def checks(world):
    def sent(name, route, trust, **more):
        world.case(name, route, client.SENT, {"one": SENT},
                   how=Secure(trust, **more))

    def kept(name, route, why):
        world.case(name, route, client.DEFERRED,
                   {"one": NO_TLS[:2] + (why,)}, how=CLEAR)

    for door, suite, group in CIPHER_DOORS:
        sent("delivers by " + door.name, way(door.name), "Verified",
             cipher=suite, group=group)
    kept("without a certificate of ours, where one is demanded",
         way("asks", "encrypt"), "Cannot start TLS")
    for kind in certs.KINDS:
        sent("has our certificate: " + kind, way(
            "asks", "verify", "smtp_tls_chain_files="
            + world.server.certs["me-" + kind].pem), "Verified",
            owner=kind + ".client.example")
    kept("a server with TLS 1.3 alone gets a sentence that says so",
         way("newer", "encrypt"), r"TLS ?v?1\.3")
    sent("TLS from the start, port 465", way(
        "wrapped", "verify", "smtp_tls_wrappermode=yes", port=465),
        "Verified")
