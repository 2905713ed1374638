"""Signed zones: ldns signs them, knot serves them, unbound validates.

    .               signed; its key is what unbound trusts
    safe.example    signed
    plain.example   not signed
    bogus.example   signed, but with another key than the root says

All below root, without a zone `example`. Answers of unbound carry AD for what
is safe, and SERVFAIL stands for what is bogus.
"""
import os
import shutil
import subprocess
import time

import place

KNOT, LAME = "127.0.9.53", "127.0.9.54"     # nobody serves at the latter
HERE = place.SPOOL + "/zones"
SIGNED = ["safe.example", "bogus.example"]
PLAIN = ["plain.example"]

KNOT_CONF = """\
server:
    rundir: {here}/run
    listen: {knot}@53
database:
    storage: {here}/run
log:
  - target: {here}/knot.log
    any: warning
template:
  - id: default
    zonefile-sync: -1
    journal-content: none
    semantic-checks: off
zone:
"""

UNBOUND_CONF = """\
server:
    username: ""
    chroot: ""
    directory: {here}
    pidfile: ""
    use-syslog: no
    logfile: {here}/unbound.log
    interface: 127.0.0.1
    access-control: 127.0.0.0/8 allow
    do-ip6: no
    root-hints: {here}/hints
    trust-anchor-file: {here}/trusted
    do-not-query-localhost: no
    module-config: "validator iterator"
    target-fetch-policy: "0 0 0 0 0"
    val-log-level: 2
    outbound-msg-retry: 2
remote-control:
    control-enable: no
"""


def _in_zone(zone, name):
    return not zone or name == zone or name.endswith("." + zone)


def _ldns(*args):
    r = subprocess.run(args, cwd=HERE, stdin=subprocess.DEVNULL, timeout=30,
                       capture_output=True, text=True)
    if r.returncode:
        raise RuntimeError("%s: %s" % (args[0], r.stderr.strip()))
    return r.stdout.strip()


def _key(zone):
    return _ldns("ldns-keygen", "-r", "/dev/urandom", "-k", "-a",
                 "ECDSAP256SHA256", zone or ".")


def _text(zone, records):
    """A zone's file; names are whole, without final dot."""
    def whole(words):
        owner, rtype, *data = words.split()
        if rtype in ("MX", "CNAME", "NS", "DNAME"):
            data[-1] += "."
        return "%s. 300 IN %s %s\n" % (owner, rtype, " ".join(data))
    apex = zone + "."
    return ("%s 300 IN SOA ns. me. 1 3600 600 86400 5\n"
            "%s 300 IN NS ns.\n" % (apex, apex)
            + "".join(whole(r) for r in records
                      if _in_zone(zone, r.split()[0])))


def _sign(zone, text, key):
    plain = os.path.join(HERE, (zone or "root") + ".plain")
    with open(plain, "w", encoding="ascii") as f:
        f.write(text)
    signed = os.path.join(HERE, (zone or "root") + ".zone")
    _ldns("ldns-signzone", "-o", zone or ".", "-f", signed, plain, key)
    with open(signed, encoding="ascii") as f:
        rows = [_generic(row) for row in f]
    with open(signed, "w", encoding="ascii") as f:
        f.writelines(rows)
    return signed


def _generic(row):
    """ldns writes a TLSA record that is too short as nobody can read it."""
    words = row.split()
    if len(words) > 7 or words[3:4] != ["TLSA"]:
        return row
    return " ".join(words[:3] + ["TYPE52 \\#", str(len(words) - 4)]
                    + ["%02x" % int(word) for word in words[4:]]) + "\n"


def _spoil(path, owner, rtype):
    """One signature that isn't right: this name and type are bogus."""
    with open(path, encoding="ascii") as f:
        rows = f.readlines()
    for n, row in enumerate(rows):
        words = row.split()
        if words[0] == owner + "." and words[3:5] == ["RRSIG", rtype]:
            signature = words[-1]
            other = "B" if signature[20] == "A" else "A"
            rows[n] = " ".join(words[:-1]) + " " + signature[:20] + other \
                + signature[21:] + "\n"
            break
    else:
        raise RuntimeError("%s %s is not there to be spoilt" % (owner, rtype))
    with open(path, "w", encoding="ascii") as f:
        f.writelines(rows)


def _ds(key):
    with open(os.path.join(HERE, key + ".ds"), encoding="ascii") as f:
        return f.read()


class Zones:
    """records: "OWNER TYPE DATA..." with whole names; spoilt: (owner, type)
    whose signature is to be wrong."""

    def __init__(self, records, spoilt):
        os.makedirs(HERE + "/run")
        conf = KNOT_CONF.format(here=HERE, knot=KNOT)
        root = ". 300 IN SOA ns. me. 1 3600 600 86400 5\n" \
            ". 300 IN NS ns.\nns. 300 IN A %s\n" % KNOT
        for zone in SIGNED + PLAIN:
            root += "%s. 300 IN NS ns.\n" % zone
            text = _text(zone, records)
            if zone in PLAIN:
                path = os.path.join(HERE, zone + ".zone")
                with open(path, "w", encoding="ascii") as f:
                    f.write(text)
            else:
                key = _key(zone)
                path = _sign(zone, text, key)
                root += _ds(_key(zone) if zone == "bogus.example" else key)
            for owner, rtype in spoilt:
                if _in_zone(zone, owner):
                    _spoil(path, owner, rtype)
            conf += "  - domain: %s.\n    file: %s\n" % (zone, path)
        key = _key("")
        conf += "  - domain: .\n    file: %s\n" % _sign("", root, key)
        shutil.copy(os.path.join(HERE, key + ".ds"), HERE + "/trusted")
        for name, content in (
                ("knot.conf", conf),
                ("unbound.conf", UNBOUND_CONF.format(here=HERE)),
                ("hints", ". 300 IN NS ns.\nns. 300 IN A %s\n" % KNOT)):
            with open(os.path.join(HERE, name), "w", encoding="ascii") as f:
                f.write(content)
        self.daemons = []

    def start(self):
        for args in (["knotd", "-c", HERE + "/knot.conf"],
                     ["unbound", "-d", "-p", "-c", HERE + "/unbound.conf"]):
            self.daemons.append(subprocess.Popen(
                args, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL))
        until = time.monotonic() + 15
        while "ad" not in self.ask("safe.example", "SOA")[1]:
            if time.monotonic() > until:
                raise RuntimeError("no validated answer: " + self.logs())
            time.sleep(0.1)

    @staticmethod
    def ask(name, rtype):
        """-> the reply code and the flags."""
        r = subprocess.run(
            ["drill", "-D", "-b", "4096", name, "@127.0.0.1", rtype],
            capture_output=True, text=True, timeout=30, check=False)
        code, flags = "", []
        for line in r.stdout.splitlines():
            if "rcode: " in line:
                code = line.split("rcode: ")[1].split(",")[0]
            if line.startswith(";; flags: "):
                flags = line[10:].split(" ;")[0].split()
        return code, flags

    @staticmethod
    def logs():
        text = ""
        for name in "knot.log", "unbound.log":
            path = os.path.join(HERE, name)
            if os.path.exists(path):
                with open(path, encoding="utf-8", errors="replace") as f:
                    text += f.read()[-1500:]
        return text

    def stop(self):
        for daemon in self.daemons:
            daemon.terminate()
            daemon.wait(10)
