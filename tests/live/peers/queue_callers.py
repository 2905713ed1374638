"""Programs that write mail, as Debian has them, and users without rights.

Each runs as it does on any machine, with the program as /usr/sbin/sendmail,
and its mail comes to a box of Postfix with the header it ought to have.
"""
import email
import email.policy
import os
import shlex
import smtplib
import socket
import subprocess
import time

import client
import machine
import place
from peers import queue_host
from peers.queue_host import (BOXES, FOLDER, PACKAGES, RECORDS, RELAY, USERS,
                              Server, exactly_once, note, serials)

__all__ = ["BOXES", "FOLDER", "PACKAGES", "RECORDS", "USERS", "Server"]
USER = "ada"
BOX = "one@box.example"
HOME = place.SPOOL + "/home"
SECONDS = 20        # from a caller's start to the mail in its box
NEEDED = "Received", "From", "Date", "Message-ID"
PACKAGES_ETC = ["cron.d", "logwatch", "php", "smartmontools"]


def prepare(unpacked):
    machine.mount_points(unpacked)
    path = unpacked + "/usr/bin/mail"
    if not os.path.lexists(path):
        os.symlink("s-nail", path)
    global etc
    etc = unpacked + "/etc"


def _machine(world):
    """What its programs want to find."""
    host = machine.Machine(world.client.command)
    world.syslog = machine.Syslog()
    place.do("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
    for folder in ("cron/crontabs", "cron/atjobs", "cron/atspool"):
        os.makedirs("/var/spool/" + folder)
    os.chown("/var/spool/cron/atjobs", 1, 1)
    os.chown("/var/spool/cron/atspool", 1, 1)
    with open("/var/spool/cron/atjobs/.SEQ", "w", encoding="ascii") as f:
        f.write("0\n")
    os.chown("/var/spool/cron/atjobs/.SEQ", 1, 1)
    os.makedirs("/etc/pam.d", exist_ok=True)
    for name in "cron", "atd":
        with open("/etc/pam.d/" + name, "w", encoding="ascii") as f:
            f.write("auth required pam_permit.so\n"
                    "account required pam_permit.so\n"
                    "session required pam_permit.so\n")
    for name in PACKAGES_ETC:
        if os.path.isdir(etc + "/" + name):
            place.do("cp", "-r", etc + "/" + name, "/etc/")
    os.makedirs(HOME)
    os.chown(HOME, place.user_ids(USERS)[USER], -1)
    return host


def checks(world):
    host = _machine(world)
    host.config(RELAY + "postern_local_to = boss@box.example\n")
    host.start()
    for name, words, text, wanted in CALLERS:
        _caller(world, name, words, text, wanted)
    _cron(world)
    _at(world)
    _speaks_smtp(world)
    host.stop()
    _users(world, host)


def shell(text, stdin=b"", user=None, **env):
    return subprocess.run(
        ["sh", "-c", text], input=stdin, capture_output=True, timeout=60,
        cwd=HOME, user=user, group=user,
        extra_groups=None if user is None else [],
        env=dict(client.environment(), HOME=HOME,
                 PATH="/usr/sbin:/usr/bin:/sbin:/bin", **env))


# ---- one call, one message

MDADM = """From: mdadm monitoring <root@client.example>
To: one@box.example
Subject: DegradedArray event on /dev/md0:client

This is an automatically generated mail message from mdadm
running on client
"""
PATCH = """From 1111111111111111111111111111111111111111 Mon Sep 17 00:00:00 2001
From: Ada <sender@box.example>
Date: Thu, 1 Jan 2026 00:00:00 +0000
Subject: [PATCH] a change

---
 file | 1 +
"""
SMARTD = " ".join("SMARTD_%s=%s" % (k, shlex.quote(v)) for k, v in {
    "MAILER": "", "ADDRESS": BOX, "MESSAGE": "Device: /dev/sda, FAILED",
    "FAILTYPE": "Health", "DEVICE": "/dev/sda", "DEVICETYPE": "sat",
    "DEVICESTRING": "/dev/sda", "DEVICEINFO": "disk", "PREVCNT": "0",
    "NEXTDAYS": "", "TFIRST": "now", "TFIRSTEPOCH": "1",
    "FULLMESSAGE": "", "SUBJECT": "SMART error"}.items())
# who, command, standard input, what the header and the text must have
CALLERS = [
    # without arrays its monitor says nothing: its command line and its words
    ("mdadm's command line and words", "/usr/sbin/sendmail -t", MDADM,
     {"Subject": "DegradedArray event on /dev/md0:client", "To": BOX,
      "From": "mdadm monitoring <root@client.example>"}),
    ("PHP's mail()",
     "php8.2 -r " + shlex.quote(
         'exit(mail("%s", "from php", "A line.\\n.\\nThe end.\\n", '
         '"From: Web <sender@box.example>\\r\\nBcc: two@box.example") '
         '? 0 : 1);' % BOX), "",
     {"Subject": "from php", "From": "Web <sender@box.example>",
      "text": "A line.\n.\nThe end.\n", "Bcc": None}),
    ("PHP's mail() with -f",
     "php8.2 -r " + shlex.quote(
         'exit(mail("%s", "with sender", "text", "", '
         '"-fsender@box.example") ? 0 : 1);' % BOX), "",
     {"Subject": "with sender", "Return-Path": "<sender@box.example>"}),
    ("s-nail", "s-nail -n -s 'from s-nail' -r sender@box.example " + BOX,
     "A line.\n", {"Subject": "from s-nail", "text": "A line.\n"}),
    ("mutt", "mutt -F /dev/null -n -s 'from mutt' -b two@box.example -- "
     + BOX, "A line.\n",
     {"Subject": "from mutt", "To": BOX, "text": "A line.\n", "Bcc": None}),
    ("git send-email", "git send-email --quiet --from=sender@box.example "
     "--to=%s --confirm=never --suppress-cc=all patch" % BOX, "",
     {"Subject": "[PATCH] a change", "From": "sender@box.example"}),
    ("smartd's warning script",
     SMARTD + " sh /usr/share/smartmontools/smartd_warning.sh", "",
     {"text": "Device: /dev/sda, FAILED"}),
    ("logwatch", "logwatch --output mail --mailto %s --service sshd "
     "--service kernel --range all --logdir %s/logs" % (BOX, HOME), "",
     {"To": BOX, "text": "Logwatch"}),
    ("a shell line without a header", "echo Disk full | sendmail " + BOX, "",
     {"text": "Disk full\n"}),
]


def _caller(world, name, words, text, wanted):
    with open(HOME + "/patch", "w", encoding="ascii") as f:
        f.write(PATCH)
    os.makedirs(HOME + "/logs", exist_ok=True)
    with open(HOME + "/logs/auth.log", "w", encoding="ascii") as f:
        f.write("Jan  1 00:00:00 client sshd[1]: Accepted password for ada "
                "from 192.0.2.1 port 1 ssh2\n")
    os.makedirs("/var/cache/logwatch", exist_ok=True)
    r = shell(words, text.encode())
    reasons = ["exit %d: %s" % (r.returncode, (r.stdout + r.stderr).decode(
        "utf-8", "replace")[-600:])] if r.returncode else []
    world.report.result(name + " sends mail",
                        reasons + _arrived(world, "one", wanted, r))
    world.server.empty("two")


def _arrived(world, box, wanted, result=None):
    """Reasons why this box hasn't just one such message."""
    found = world.await_mail(box, time.monotonic() + SECONDS)
    world.server.empty(box)
    if len(found) != 1:
        said = result and (result.stdout + result.stderr)[-600:]
        return ["%d messages in %s; %s" % (len(found), box, said)]
    got = email.message_from_bytes(found[0], policy=email.policy.default)
    reasons = ["%d times %s" % (len(got.get_all(name, [])), name)
               for name in NEEDED if not got.get_all(name)
               or name != "Received" and len(got.get_all(name)) > 1]
    for name, value in wanted.items():
        if name == "text":
            body = got.get_body().get_content()
            if value not in body:
                reasons.append("text: %r" % body[:500])
        elif got[name] != value:
            reasons.append("%s: %r" % (name, got[name]))
    return reasons


# ---- daemons

def _cron(world):
    with open("/var/spool/cron/crontabs/root", "w",
              encoding="ascii") as f:
        f.write("MAILTO=%s\n@reboot echo the job says this\n" % BOX)
    os.chmod("/var/spool/cron/crontabs/root", 0o600)
    p = subprocess.Popen(["cron", "-f"], stdin=subprocess.DEVNULL)
    try:
        world.report.result("cron mails what a job says", _arrived(
            world, "one", {"To": BOX, "text": "the job says this\n"}))
    finally:
        p.terminate()
        p.wait(10)


def _at(world):
    p = subprocess.Popen(["atd", "-f", "-l", "1000", "-b", "1"],
                         stdin=subprocess.DEVNULL)
    try:
        time.sleep(0.2)
        r = shell("at -m now", b"echo the job says this\n")
        world.report.result(
            "at mails what root's job says, to whom root's mail goes",
            _arrived(world, "boss", {"text": "the job says this\n"}, r))
    finally:
        p.terminate()
        p.wait(10)


def _speaks_smtp(world):
    """Python's own client, with sendmail -bs in the server's place."""
    ours, its = socket.socketpair()
    p = subprocess.Popen(["/usr/sbin/sendmail", "-bs"], stdin=its, stdout=its,
                         env=client.environment())
    its.close()
    reasons = []
    try:
        with smtplib.SMTP(timeout=10) as s:
            s.sock, s.file = ours, None
            code, text = s.getreply()
            if code != 220:
                reasons.append("greeting %d %r" % (code, text))
            s.ehlo("client.example")
            refused = s.sendmail("sender@box.example", [BOX],
                                 note("smtp").decode())
            if refused:
                reasons.append("refused: %s" % refused)
    except (OSError, smtplib.SMTPException) as e:
        reasons.append("%s: %s" % (type(e).__name__, e))
    p.wait(10)
    world.report.result("SMTP on standard input: smtplib is content",
                        reasons + _arrived(world, "one",
                                           {"X-Serial": "smtp"}))


# ---- users without rights

def _submit(host, serial, user):
    r = host.run("sendmail", "-i", "-f", "sender@box.example", BOX,
                 text=note(serial), user=place.user_ids(USERS)[user])
    return r.returncode, (r.stdout + r.stderr).decode("utf-8", "replace")


def _users(world, host):
    host.config(RELAY)
    host.start()
    code, said = _submit(host, "u1", USER)
    took = queue_host.await_serials("one", 1, SECONDS)
    world.report.result(
        "a user's mail leaves through drop/, the manager takes it (%s s)" % (
            took and "%.2f" % took),
        ([] if code == 0 else ["exit %d: %s" % (code, said)])
        + exactly_once(serials("one"), ["u1"]))
    host.stop()
    world.server.empty("one")
    code, said = _submit(host, "u2", USER)
    waits = machine.names(machine.QUEUE + "/drop")
    world.report.result(
        "without a manager a user's mail waits in drop/, and he is told",
        ([] if code == 0 else ["exit %d" % code])
        + ([] if len(waits) == 1 else ["drop/ has %s" % waits])
        + ([] if said.strip() else ["nothing was said"]))
    host.run("sendmail", "-i", "-f", "sender@box.example", BOX,
             text=note("u3"))
    queue_host.await_serials("one", 2, SECONDS)
    world.report.result(
        "root's next mail takes it along, without a manager",
        exactly_once(serials("one"), ["u2", "u3"]))
    host.stop()
    _others_may_not(world, host)
    _nothing_is_setuid(world)


def _others_may_not(world, host):
    """What lies in the queue is nobody else's to read."""
    host.config("relayhost = [127.0.0.9]\n")
    _submit(host, "u4", "boxes")
    host.run("sendmail", "-i", "-f", "sender@box.example", BOX,
             text=note("u5"))
    reasons = []
    for folder in "incoming", "drop":
        r = shell("ls %s/%s; cat %s/%s/*" % (
            machine.QUEUE, folder, machine.QUEUE, folder),
            user=place.user_ids(USERS)[USER])
        if r.stdout:
            reasons.append("%s: %r" % (folder, r.stdout[:200]))
    world.report.result("a user can't see other people's mail", reasons)
    host.stop()


def _nothing_is_setuid(world):
    found = subprocess.run(
        ["find", machine.QUEUE, "-perm", "/6000"], capture_output=True,
        timeout=10).stdout.decode()
    mode = os.stat(os.path.realpath(world.client.command[0])).st_mode
    world.report.result("nothing is setuid or setgid", found.split() + (
        ["the program: %o" % mode] if mode & 0o6000 else []))
