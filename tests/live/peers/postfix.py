"""Postfix's smtpd: mail through cleanup, queue manager and virtual into
maildirs, with everything switched off that would change a message."""
import os
import re
import shutil

import client
import messages
import place
from peers import SENT, Route
from peers.common import Daemon, empty, log_lines, maildir, take_trace

PACKAGES = ["postfix"]
USERS = ["boxes", "postfix", "postdrop"]
RECORDS = []
BOXES = ["one", "two", "busy", "refused", "late", "never"]

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
alias_maps =
alias_database =
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
cleanup_replace_stray_cr_lf = no
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


def _route(nexthop, relay, **more):
    return Route("smtp", nexthop, "^%s:25$" % relay, **more)


# A file's time may be a second ahead of the clock that its reader asks: this is
# between Postfix and its kernel.
CLOCK = re.compile(r"file system clock is \d+ seconds ahead of local clock"
                   r"|resetting file time stamps - this hurts performance")


class Server:
    log = LOG
    routes = [_route("[127.0.0.2]", r"127\.0\.0\.2\[127\.0\.0\.2\]",
                     name="smtp", prefix="s")]

    def __init__(self, ids, boxes):
        values = dict(queue=QUEUE, spool=place.SPOOL, programs=PROGRAMS,
                      log=LOG, conf=CONF, boxes=ids["boxes"],
                      ipv6=place.IPV6)
        os.makedirs(CONF)
        old_file("main.cf", MAIN.format(**values) + self.settings())
        old_file("master.cf", MASTER.format(**values) + self.rows())
        old_file("boxes", "".join("%s@box.example %s/\n" % (box, box)
                                   for box in boxes))
        _folders()

    @staticmethod
    def settings():
        """What main.cf has besides."""
        return ""

    @staticmethod
    def rows():
        """What master.cf has besides."""
        return ""

    def start(self):
        self.daemon = Daemon([PROGRAMS + "/master", "-c", CONF],
                             {"MAIL_CONFIG": CONF}, ("127.0.0.2", 25))

    def stop(self):
        self.daemon.stop()

    def arrived(self, box):
        return maildir(box)

    def empty(self, box):
        empty(box)

    def complaints(self):
        """Once a client may leave without a word: told that the mail is too
        large, Postfix's own does so."""
        found = log_lines(LOG, "warning:|error:|fatal:|panic:|improper|"
                           "lost connection|timeout|non-SMTP|too many")
        left = [ln for ln in found if "lost connection after EHLO" in ln]
        return [ln for ln in found if ln not in left[:1]
                and not CLOCK.search(ln)]

    def stripped(self, octets, box, sender, how):
        address = re.escape(box + "@box.example")
        return take_trace(octets, [
            "Return-Path: <%s>" % re.escape(sender),
            "X-Original-To: " + address,
            "Delivered-To: " + address,
            r"Received: from client\.example \([^\n]*\)\n%s"
            r"\tby mx1\.box\.example \(Postfix\) with E?SMTP%s id \w+"
            r"(?:\n\tfor <%s>; |;\n\t)[^\n\t]*" % (
                _protection(how) + _login(how),
                ("S" if how.trust else "") + ("A" if how.login else ""),
                address)])

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


def _protection(how):
    """What Received says of it, if smtpd_tls_received_header is on."""
    if not how.trust:
        return ""
    return (r"\t\(using %s with cipher %s \(\d+/\d+ bits\)\)\n"
            r"\t\(%s\)\n" % (
                re.escape(how.version), re.escape(how.cipher) or r"\S+",
                'Client CN "%s", Issuer "[^"]*" \\(verified OK\\)'
                % re.escape(how.owner) if how.owner
                else "(?:No client certificate requested"
                     "|Client did not present a certificate)"))


def _login(how):
    """The same, if smtpd_sasl_authenticated_header is."""
    return how.login and r"\t\(Authenticated sender: %s\)\n" % re.escape(
        how.login)


def old_file(name, text):
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


DIRECT = _route("[127.0.0.2]", r"127\.0\.0\.2\[127\.0\.0\.2\]")
SMALL = _route("[127.0.0.3]", r"127\.0\.0\.3\[127\.0\.0\.3\]")
PLAIN = _route("[127.0.0.4]", r"127\.0\.0\.4\[127\.0\.0\.4\]")
BY_MX = _route("box.example", r"mx1\.box\.example\[127\.0\.0\.2\]")
BY_IPV6 = _route("six.example", r"mx6\.six\.example\[%s\]" % place.IPV6)


def _said(reply, command):
    return r"^host [^ ]+\[127\.0\.0\.\d\] said: %s .*\(in reply to %s " \
        r"command\)$" % (re.escape(reply), command)


UNKNOWN = ("bounced", "5.1.1", _said("550 5.1.1", "RCPT TO"))
BUSY = ("deferred", "4.2.1", _said("450 4.2.1", "RCPT TO"))


def checks(world):
    _found_by_name(world)
    _refused_at_rcpt(world)
    _refused_at_the_dot(world)
    world.case("a bounce has no sender", DIRECT, client.SENT, {"one": SENT},
               sender="")
    world.case("a server without extensions takes mail", PLAIN, client.SENT,
               {"one": SENT})
    world.case("more than the server's SIZE bounces", SMALL, client.BOUNCED,
               {"one": ("bounced", "5.3.4", "message size")},
               text=messages.NOTE + (b"x" * 70 + b"\n") * 100)
    _dsn_parameters(world)


def _found_by_name(world):
    world.case("the second exchanger gets what the first doesn't take",
               BY_MX, client.SENT, {"one": SENT})
    world.case("an exchanger is reached over IPv6", BY_IPV6, client.SENT,
               {"one": SENT})


def _refused_at_rcpt(world):
    world.case("an unknown user bounces", BY_MX, client.BOUNCED,
               {"nobody": UNKNOWN})
    world.case("a busy user is deferred", DIRECT, client.DEFERRED,
               {"busy": BUSY})
    world.case("two recipients have the mail", DIRECT, client.SENT,
               {"one": SENT, "two": SENT})
    world.case("one bounces, the others have the mail", DIRECT,
               client.BOUNCED,
               {"one": SENT, "nobody": UNKNOWN, "two": SENT})
    world.case("deferred counts for more than bounced", DIRECT,
               client.DEFERRED,
               {"nobody": UNKNOWN, "one": SENT, "busy": BUSY})


def _refused_at_the_dot(world):
    world.case("refused at the dot for good: bounced", DIRECT, client.BOUNCED,
               {"never": ("bounced", "5.6.0",
                          _said("554 5.6.0", "end of DATA"))})
    world.case("refused at the dot for now: deferred", DIRECT,
               client.DEFERRED,
               {"late": ("deferred", "4.3.1",
                         _said("452 4.3.1", "end of DATA"))})


def _dsn_parameters(world):
    """The server's own report of success tells what it was given."""
    world.client.deliver(
        "smtp", "[127.0.0.2]",
        ["-N", "success", "-O", "rfc822;first@old.example",
         "one@box.example"],
        messages.NOTE, ("-V", "envelope-7", "-R", "hdrs"), "two@box.example")
    found = world.await_mail("two")
    missing = [word for word in (
        b"Original-Envelope-Id: envelope-7\n",
        b"Original-Recipient: rfc822;first@old.example\n",
        b"Content-Type: text/rfc822-headers\n",
        b"Action: delivered\n") if word not in b"".join(found)]
    world.report.result("the server has the DSN parameters", [
        "its report has no %r" % word for word in missing])
