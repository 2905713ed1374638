"""The inside of a namespace: loopback, names, users, the server's files.

Called by the first process of fresh network, mount, process and host name
namespaces; nothing here is seen outside, and all of it ends with them.
"""
import os
import socket
import subprocess
import sys

sys.path.insert(1, os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), "conformance"))
import fakenet      # noqa: E402 the name server of the conformance kit

SPOOL = "/var/spool/live"   # a tmpfs: every folder on the way is 755
IPV6 = "fd00:7::1"
IPV6_TOO = "fd00:7::2"
FIRST_ID = 5400             # users made here; none of a Debian system's

RECORDS = [
    # 127.0.0.9 has no server: the mail must go to the second exchanger
    "box.example MX 10 away.box.example",
    "box.example MX 20 mx1.box.example",
    "away.box.example A 127.0.0.9",
    "mx1.box.example A 127.0.0.2",
    "six.example MX 10 mx6.six.example",
    "mx6.six.example AAAA " + IPV6,
]


def do(*args):
    r = subprocess.run(args, stdin=subprocess.DEVNULL, timeout=10,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if r.returncode:
        raise RuntimeError("%s: %s" % (
            " ".join(args), r.stdout.decode("utf-8", "replace").strip()))


def _write(path, text):
    """A file in place of the system's, which may be a link to anywhere."""
    if os.path.lexists(path):
        os.unlink(path)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def _add_users(path, rows):
    with open(path, encoding="utf-8", errors="replace") as f:
        names = {row.split(":")[0] for row in rows}
        kept = [ln for ln in f.read().splitlines()
                if ln.split(":")[0] not in names]
    _write(path, "\n".join(kept + rows) + "\n")


def user_ids(users):
    return {name: FIRST_ID + n for n, name in enumerate(users)}


def set_up(unpacked, users):
    """unpacked: its usr lies over /usr from now on; users: who must exist,
    each with a group of the same name."""
    do("mount", "-t", "overlay", "overlay", "-o",
        "lowerdir=%s/usr:/usr" % unpacked, "/usr")
    do("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/var/spool")
    os.umask(0o022)
    for name in ("box", "etc", "etc.work"):
        os.makedirs(os.path.join(SPOOL, name))
    do("mount", "-t", "overlay", "overlay", "-o",
        "lowerdir=/etc,upperdir=%s/etc,workdir=%s/etc.work" % (SPOOL, SPOOL),
        "/etc")
    _network()
    ids = user_ids(users)
    _add_users("/etc/passwd", ["%s:x:%d:%d::/nonexistent:/bin/false" % (
        name, n, n) for name, n in ids.items()])
    _add_users("/etc/group", ["%s:x:%d:" % row for row in ids.items()])
    os.chown(SPOOL + "/box", ids["boxes"], ids["boxes"])


def _network():
    socket.sethostname("mx1.box.example")
    do("ip", "link", "set", "lo", "up")
    for address in IPV6, IPV6_TOO:
        do("ip", "-6", "addr", "add", address + "/128", "dev", "lo", "nodad")
    _write("/etc/resolv.conf",
           "nameserver 127.0.0.1\noptions timeout:2 attempts:2 trust-ad\n")
    _write("/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n")
    _write("/etc/nsswitch.conf", "passwd: files\ngroup: files\n"
           "hosts: files dns\nservices: files\nprotocols: files\n")


def serve_names(records):
    """The name server of all but those that bring their own."""
    fakenet.DnsServer({"records": RECORDS + records}).start()


def client_settings():
    """A folder with a main.cf such as a small machine has."""
    conf = SPOOL + "/client"
    os.mkdir(conf)
    with open(conf + "/main.cf", "w", encoding="ascii") as f:
        f.write("compatibility_level = 3.7\n"
                "myhostname = client.example\n"
                "mydomain = example\n"
                "inet_interfaces = loopback-only\n"
                "inet_protocols = all\n")
    return conf
