"""Postfix's smtpd: mail through cleanup, queue manager and virtual into
maildirs, with everything switched off that would change a message."""
import os
import re
import shutil

import client
import place
from peers import Route
from peers.common import RETURN_PATH, Daemon, maildir, take_trace

PACKAGES = ["postfix"]
USERS = ["boxes", "postfix", "postdrop"]
BOXES = ["one", "two"]

PROGRAMS = "/usr/lib/postfix/sbin"
CONF = place.SPOOL + "/conf"
QUEUE = place.SPOOL + "/queue"
LOG = place.SPOOL + "/maillog"

MAIN = """\
compatibility_level = 3.7
queue_directory = {queue}
data_directory = {spool}/data
daemon_directory = {programs}
command_directory = /usr/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {log}
maillog_file_prefixes = {spool}
myhostname = mx1.box.example
mydestination =
inet_interfaces = all
inet_protocols = all
smtputf8_enable = yes
in_flow_delay = 0

virtual_mailbox_domains = box.example
virtual_mailbox_base = {spool}/box
virtual_mailbox_maps = texthash:{conf}/boxes
virtual_uid_maps = static:{boxes}
virtual_gid_maps = static:{boxes}
virtual_minimum_uid = 1
virtual_mailbox_limit = 0
message_size_limit = 0

# a message is kept as it came
local_header_rewrite_clients =
message_drop_headers =
disable_mime_input_processing = yes
header_size_limit = 10000000
hopcount_limit = 1000

smtpd_recipient_restrictions =
    check_recipient_access inline:{{
        {{busy@box.example = 450 4.2.1 Mailbox busy}},
        {{refused@box.example = 550 5.7.1 Not for you}}}}
    reject_unauth_destination
smtpd_end_of_data_restrictions =
    check_recipient_access inline:{{
        {{late@box.example = 452 4.3.1 Not now}},
        {{never@box.example = 554 5.6.0 Not such a thing}}}}
"""

MASTER = """\
127.0.0.2:25 inet n - n - - smtpd
[{ipv6}]:25 inet n - n - - smtpd
127.0.0.3:25 inet n - n - - smtpd
  -o {{ message_size_limit = 5000 }}
127.0.0.4:25 inet n - n - - smtpd
  -o {{ smtpd_discard_ehlo_keywords = pipelining,8bitmime,size,dsn,
        enhancedstatuscodes,vrfy,etrn,starttls,smtputf8,chunking }}
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
virtual unix - n n - - virtual
error unix - - n - - error
retry unix - - n - - error
postlog unix-dgram n - n - 1 postlogd
"""

FOLDERS = [
    ("active bounce corrupt defer deferred flush hold incoming saved trace "
     "private", "postfix", "postfix", 0o700),
    ("maildrop", "postfix", "postdrop", 0o730),
    ("public", "postfix", "postdrop", 0o710),
    ("pid", "root", "root", 0o755),
]


SEPARATOR = re.compile(rb">*from ", re.I)
HEADER = re.compile(rb"[!-9;-~]+[ \t]*:")


class Server:
    log = LOG
    routes = [Route("smtp", "s", "smtp", "[127.0.0.2]",
                    r"^127\.0\.0\.2\[127\.0\.0\.2\]:25$")]

    def __init__(self, ids, boxes):
        values = dict(queue=QUEUE, spool=place.SPOOL, programs=PROGRAMS,
                      log=LOG, conf=CONF, boxes=ids["boxes"],
                      ipv6=place.IPV6)
        os.makedirs(CONF)
        _old_file("main.cf", MAIN.format(**values))
        _old_file("master.cf", MASTER.format(**values))
        _old_file("boxes", "".join("%s@box.example %s/\n" % (box, box)
                                   for box in boxes))
        _folders()

    def start(self):
        self.daemon = Daemon([PROGRAMS + "/master", "-c", CONF],
                             {"MAIL_CONFIG": CONF}, ("127.0.0.2", 25))

    def stop(self):
        self.daemon.stop()

    def arrived(self, box):
        return maildir(box)

    def stripped(self, octets, box, sender=client.SENDER):
        address = re.escape(box + "@box.example")
        return take_trace(octets, [
            "Return-Path: <%s>" % re.escape(sender),
            "X-Original-To: " + address,
            "Delivered-To: " + address,
            r"Received: from client\.example \([^\n]*\)\n"
            r"\tby mx1\.box\.example \(Postfix\) with E?SMTP id \w+"
            r"(?:\n\tfor <%s>)?; [^\n]*" % address])

    def stored(self, text):
        """smtpd marks an mbox separator as what it is; cleanup ends a header
        that runs into the text by an empty line."""
        lines = text.split(b"\n")
        if SEPARATOR.match(lines[0]):
            lines[0] = b"X-Mailbox-Line: " + lines[0]
        for n, line in enumerate(lines):
            if not line:
                break
            if not HEADER.match(line) and not (n and line[:1] in b" \t"):
                lines.insert(n, b"")
                break
        return b"\n".join(lines)


def _old_file(name, text):
    """A main.cf that has just been written is read again and again."""
    path = os.path.join(CONF, name)
    with open(path, "w", encoding="ascii") as f:
        f.write(text)
    os.utime(path, (1700000000, 1700000000))


def _folders():
    os.mkdir(QUEUE)
    for names, owner, group, mode in FOLDERS:
        for name in names.split():
            path = os.path.join(QUEUE, name)
            os.mkdir(path)
            shutil.chown(path, owner, group)
            os.chmod(path, mode)
    os.mkdir(place.SPOOL + "/data", 0o700)
    shutil.chown(place.SPOOL + "/data", "postfix", "postfix")


def checks(world):
    pass
