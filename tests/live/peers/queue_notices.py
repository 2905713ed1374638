"""What comes back: notices of failure, delay and success, as two programs
read them that take bounces apart; and the log, as pflogsumm adds it up."""
import email
import email.policy
import re
import subprocess
import sys
import time

import machine
import place
from peers import queue_host
from peers.queue_host import (BOXES, FOLDER, PACKAGES, RECORDS, RELAY, USERS,
                              Server, note, prepare)

__all__ = ["BOXES", "FOLDER", "PACKAGES", "RECORDS", "USERS", "Server",
           "prepare"]
SECONDS = 20
SOON = "minimal_backoff_time = 1s\nmaximal_backoff_time = 2s\n" \
    "queue_run_delay = 1s\n"
SENDER = "sender@box.example"
# run by a Python that has Debian's modules: who does it say has failed?
FLUFL = """
import email, sys
from flufl.bounce import scan_message, all_failures
m = email.message_from_binary_file(sys.stdin.buffer)
later, never = all_failures(m)
print(sorted(a.decode() for a in later), sorted(a.decode() for a in never))
"""


class Notice:
    """A delivery status notification (RFC 3464), taken apart."""

    def __init__(self, octets):
        self.octets = octets
        self.message = email.message_from_bytes(
            octets, policy=email.policy.default)
        parts = list(self.message.iter_parts()) \
            if self.message.is_multipart() else []
        self.kinds = [part.get_content_type() for part in parts]
        self.fields = []        # of each recipient; [0] is the message's
        self.returned = b""
        for part in parts:
            if part.get_content_type() in ("message/delivery-status",
                                           "message/global-delivery-status"):
                self.fields = part.get_payload()
            elif part.get_content_type() == "message/rfc822":
                self.returned = part.get_payload(0).as_bytes()
            elif part.get_content_type() == "text/rfc822-headers":
                self.returned = part.get_content().encode()

    def differences(self, action, status, box, serial, third):
        m = self.message
        facts = [
            ("Content-Type", m.get_content_type(), "multipart/report"),
            ("report-type", m.get_param("report-type"), "delivery-status"),
            ("parts", self.kinds, ["text/plain", "message/delivery-status",
                                   third]),
            ("Return-Path", m["Return-Path"], "<>"),
            ("To", m["To"], SENDER),
            ("Auto-Submitted", m["Auto-Submitted"], "auto-replied"),
            ("recipients", len(self.fields), 2),
            ("returned", b"X-Serial: %s" % serial.encode()
             in self.returned, True),
        ]
        if len(self.fields) == 2:
            mine = self.fields[1]
            facts += [
                ("Reporting-MTA", self.fields[0]["Reporting-MTA"],
                 "dns; client.example"),
                ("Final-Recipient", mine["Final-Recipient"].lower(),
                 "rfc822; " + box),
                ("Action", mine["Action"], action),
                ("Status", mine["Status"], status),
            ]
            for name in "Arrival-Date",:
                if not self.fields[0][name]:
                    facts.append((name, None, "a date"))
        return ["%s: %r, not %r" % (name, got, want)
                for name, got, want in facts if got != want] + [
            "no " + name for name in ("From", "Date", "Message-ID", "Subject")
            if not m[name]]


def checks(world):
    host = machine.Machine(world.client.command)
    world.syslog = machine.Syslog()
    host.config(RELAY + SOON + "postern_local_to = boss@box.example\n")
    host.start()
    _failures(world, host)
    _no_notice(world, host)
    _success(world, host)
    host.stop()
    _delay(world, host)
    _expired(world, host)
    _double(world, host)
    _summary(world, host)


def _send(host, serial, *args, sender=SENDER):
    r = host.run("sendmail", "-i", "-f", sender, *args,
                 text=note(serial, octets=400))
    return [] if r.returncode == 0 else ["exit %d: %r" % (
        r.returncode, r.stderr[-500:])]


def _notice(world, box="sender", kind=b"multipart/report"):
    """The one that came, or None."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        found = [text for text in world.await_mail(box, until)
                 if kind in text]
        if found:
            time.sleep(0.2)     # a second one would be a mistake
            found = world.server.arrived(box)
            world.server.empty(box)
            if len(found) == 1:
                return Notice(found[0])
            world.report.result("one notice, not %d" % len(found), [
                text.decode("utf-8", "replace")[:1500] for text in found])
            return None
        time.sleep(0.05)
    return None


def _flufl(notice):
    r = subprocess.run([sys.executable, "-c", FLUFL], input=notice.octets,
                       capture_output=True, timeout=20)
    return (r.stdout + r.stderr).decode().strip()


def _told(world, name, reasons, notice, *wanted, flufl=None):
    if notice is None:
        world.report.result(name, reasons + [
            "no notice, or more than one; the log's end: "
            + "\n".join(world.syslog.lines("")[-8:])])
        return
    reasons = reasons + notice.differences(*wanted)
    if flufl is not None:
        said = _flufl(notice)
        if said != flufl:
            reasons.append("flufl.bounce: %s, not %s" % (said, flufl))
    if reasons:
        reasons.append(notice.octets.decode("utf-8", "replace")[:4000])
    world.report.result(name, reasons)


def _failures(world, host):
    for box, status in ("refused", "5.7.1"), ("nobody", "5.1.1"), \
            ("never", "5.6.0"):
        address = box + "@box.example"
        reasons = _send(host, "f" + box, address)
        notice = _notice(world)
        _told(world, "%s bounces, and the sender is told" % status, reasons,
              notice, "failed", status, address, "f" + box, "message/rfc822",
              flufl="[] ['%s']" % address)
        if notice and len(notice.fields) == 2:
            text = " ".join(notice.fields[1]["Diagnostic-Code"].split())
            world.report.result(
                "%s: the notice has the server's words" % status,
                [] if re.match(r"smtp; 55[04] %s" % re.escape(status), text)
                else [text])
    reasons = _send(host, "fh", "-R", "hdrs", "-V", "env7", "-N", "failure",
                    "nobody@box.example")
    notice = _notice(world)
    _told(world, "RET=HDRS gets the header alone", reasons, notice, "failed",
          "5.1.1", "nobody@box.example", "fh", "text/rfc822-headers")
    if notice:
        got = notice.fields and notice.fields[0]["Original-Envelope-Id"]
        world.report.result("the notice has the envelope's id",
                            [] if got == "env7" else ["%r" % got])
    _mixed(world, host)


def _mixed(world, host):
    reasons = _send(host, "fm", "one@box.example", "nobody@box.example",
                    "two@box.example", "refused@box.example")
    notice = _notice(world)
    for box in "one", "two":
        if len(world.await_mail(box, time.monotonic() + SECONDS)) != 1:
            reasons.append(box + " has not got it")
        world.server.empty(box)
    said = notice and _flufl(notice)
    if said != "[] ['nobody@box.example', 'refused@box.example']":
        reasons.append("flufl.bounce: %s" % said)
    world.report.result("two of four bounce: one notice names both, the "
                        "others have the mail", reasons)


def _empty(host):
    return [] if host.await_empty(SECONDS) is not None else [
        "%s in the queue" % host.queued()]


def _no_notice(world, host):
    for name, args, sender in (
            ("NOTIFY=NEVER gets no notice", ("-N", "never"), SENDER),
            ("mail without a sender gets no notice", (), "<>")):
        reasons = _send(host, "n", *args, "nobody@box.example",
                        sender=sender) + _empty(host)
        time.sleep(0.5)
        world.report.result(name, reasons + [
            "something came to " + box for box in ("sender", "boss")
            if world.server.arrived(box)])
        for box in "sender", "boss":
            world.server.empty(box)


def _success(world, host):
    # Postfix takes over: its notice, none of ours
    reasons = _send(host, "sd", "-N", "success", "one@box.example")
    notice = _notice(world)
    mta = notice and notice.fields and notice.fields[0]["Reporting-MTA"]
    world.report.result(
        "NOTIFY=SUCCESS: a server with DSN tells of it, and we do not",
        reasons + ([] if mta == "dns; mx1.box.example" else ["%r" % mta]))
    host.stop()
    host.config("relayhost = [127.0.0.4]\n" + SOON, fresh=False)
    host.start()
    reasons = _send(host, "sr", "-N", "success", "one@box.example")
    _told(world, "NOTIFY=SUCCESS, a server without DSN: relayed", reasons,
          _notice(world), "relayed", "2.0.0", "one@box.example", "sr",
          "text/rfc822-headers", flufl="[] []")
    world.server.empty("one")


def _delay(world, host):
    host.config(RELAY + SOON + "delay_warning_time = 3s\n")
    host.start()
    reasons = _send(host, "d", "busy@box.example")
    _told(world, "delay_warning_time: the sender is told once", reasons,
          _notice(world), "delayed", "4.2.1", "busy@box.example", "d",
          "text/rfc822-headers", flufl="['busy@box.example'] []")
    time.sleep(4)
    world.report.result("the mail is kept, and no second warning comes", (
        [] if len(host.queued()) == 1 else ["queue: %s" % host.queued()])
        + ["another"] * len(world.server.arrived("sender")))
    world.server.empty("sender")
    host.stop()


def _expired(world, host):
    host.config(RELAY + SOON + "maximal_queue_lifetime = 3s\n")
    host.start()
    reasons = _send(host, "x", "busy@box.example")
    _told(world, "too old: it comes back with the last reason", reasons,
          _notice(world), "failed", "4.2.1", "busy@box.example", "x",
          "message/rfc822")
    world.report.result("and is gone from the queue", _empty(host))
    host.stop()


def _double(world, host):
    host.config(RELAY + SOON + "postern_local_to = boss@box.example\n"
                "notify_classes = 2bounce\n")
    host.start()
    reasons = _send(host, "2b", "nobody@box.example",
                    sender="refused@box.example")
    found = world.await_mail("boss", time.monotonic() + SECONDS)
    text = b"".join(found)
    world.report.result(
        "a notice that bounces goes to postmaster's alias, with the mail",
        reasons + ([] if len(found) == 1 else ["%d came" % len(found)])
        + ([] if b"X-Serial: 2b" in text else [text.decode()[-2500:]]))
    world.server.empty("boss")
    reasons = _empty(host)
    host.stop()
    host.config(RELAY + SOON + "notify_classes = 2bounce\n"
                "postern_local_to = refused@box.example\n")
    host.start()
    reasons += _send(host, "3b", "nobody@box.example",
                     sender="refused@box.example") + _empty(host)
    world.report.result("a report to postmaster that bounces is dropped",
                        reasons + ["a file in corrupt"] * len(
                            host.set_aside()))
    host.stop()


# ---- the log

def _summary(world, host):
    """20 sent, 3 bounced, 2 deferred."""
    host.config(RELAY)
    since = world.syslog.mark()
    host.start()
    reasons = []
    for n in range(20):
        reasons += _send(host, "g%d" % n, "one@box.example")
    for n in range(3):
        reasons += _send(host, "h%d" % n, "nobody@box.example", sender="<>")
    for n in range(2):
        reasons += _send(host, "i%d" % n, "busy@box.example")
    until = time.monotonic() + SECONDS
    while len(world.syslog.lines("status=", since)) < 25 \
            and time.monotonic() < until:
        time.sleep(0.05)
    host.stop()
    path = place.SPOOL + "/summed"
    with open(path, "w", encoding="utf-8") as f:
        f.write("\n".join(world.syslog.lines("", since)) + "\n")
    r = subprocess.run(["perl", "/usr/sbin/pflogsumm", path],
                       capture_output=True, timeout=60)
    said = r.stdout.decode("utf-8", "replace")
    counts = {m[2]: int(m[1]) for m in re.finditer(
        r"^ +(\d+)k?   (received|delivered|deferred|bounced|rejected"
        r"|senders|recipients)\b", said, re.M)}
    wanted = {"received": 25, "delivered": 20, "deferred": 2, "bounced": 3,
              "senders": 2, "recipients": 1}
    reasons += ["%s: %s, not %d" % (k, counts.get(k), n)
                for k, n in wanted.items() if counts.get(k) != n]
    if reasons:
        reasons.append(said[:1500] + r.stderr.decode()[:500]
                       + "\n".join(world.syslog.lines("", since)[:12]))
    world.report.result("pflogsumm counts what was sent, deferred, bounced",
                        reasons)
    r = host.run("mailq")
    world.report.result("mailq lists the two that wait", [] if len(re.findall(
        rb"^[0-9A-Za-z]{6,}[*!]? ", r.stdout, re.M)) == 2
        else [r.stdout.decode("utf-8", "replace")[:1000]])
