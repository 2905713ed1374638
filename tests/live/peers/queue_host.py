"""What the checks of the queue share: Postfix beyond a cable, its boxes, and
a machine whose mail system is the program."""
import os
import re
import time

import machine
import place
from peers import postfix
from peers.common import log_lines, maildir

PACKAGES = ["postfix", "cron", "at", "php-cli", "s-nail", "mutt", "pflogsumm",
            "git-email", "libmailtools-perl", "smartmontools", "logwatch",
            "python3-flufl.bounce"]
FOLDER = "queue"
USERS = ["boxes", "postfix", "postdrop", machine.OWNER, "ada"]
BOXES = ["one", "two", "sender", "boss", "busy", "refused", "late", "never"]
RECORDS = []
SERIAL = re.compile(rb"^X-Serial: (\w+)$", re.M)
RELAY = "relayhost = [127.0.0.2]\n"


def prepare(unpacked):
    """Ahead of the namespace's mounts."""
    machine.mount_points(unpacked)


class Server(postfix.Server):
    routes = []

    def settings(self):
        return "smtpd_client_connection_count_limit = 0\n" \
            "virtual_destination_concurrency_limit = 20\n"

    def complaints(self):
        """Clients that are killed leave without a word."""
        return [ln for ln in super().complaints()
                if not re.search("lost connection after|timeout after", ln)]


def serials(box):
    """Which messages came, as often as they came."""
    return sorted(m[1].decode() for text in maildir(box)
                  for m in SERIAL.finditer(text.partition(b"\n\n")[0]))


def note(serial, to="one@box.example", octets=0):
    return (b"From: <sender@box.example>\nTo: <%s>\nSubject: note %s\n"
            b"X-Serial: %s\n\nA line.\n" % (
                to.encode(), serial.encode(), serial.encode())
            + b"Another line of the text that is to be carried, whole.\n"
            * (octets // 55))


def await_serials(box, count, seconds):
    """-> seconds until so many had come; None if they had not."""
    begun = time.monotonic()
    while len(maildir_names(box)) < count:
        if time.monotonic() - begun > seconds:
            return None
        time.sleep(0.05)
    return time.monotonic() - begun


def maildir_names(box):
    folder = os.path.join(place.SPOOL, "box", box, "new")
    return os.listdir(folder) if os.path.isdir(folder) else []


def arrivals(log=None):
    """How many messages the server's own log says it took from the net."""
    return len(log_lines(log or postfix.LOG, r"smtpd\[\d+\]: \w+: client="))


def exactly_once(got, wanted):
    """Reasons why these serials aren't those, once each."""
    missing = sorted(set(wanted) - set(got))
    strange = sorted(set(got) - set(wanted))
    twice = sorted({s for s in got if got.count(s) > 1})
    return [text % (len(some), " ".join(some[:10])) for text, some in (
        ("%d did not come: %s", missing), ("%d came unasked: %s", strange),
        ("%d came more than once: %s", twice)) if some]
