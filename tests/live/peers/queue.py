"""A thousand messages wait for a way out; it appears; each arrives once."""
import os
import signal
import subprocess
import time

import client
import machine
import place
from peers import queue_host
from peers.queue_host import (BOXES, FOLDER, PACKAGES, RECORDS, USERS,
                              await_serials, exactly_once, note, prepare,
                              serials)
from sink import Sink

__all__ = ["BOXES", "FOLDER", "PACKAGES", "RECORDS", "USERS", "prepare"]
MANY = 1000
SECONDS = 60        # from the route to the last message in its box
IDLE = 5            # seconds of a manager's sleep, watched
SUBMIT = """\
n=0
while [ $n -lt %d ]; do
    sed "s/SERIAL/%s$n/" note | "$@" || echo failed %s$n
    n=$((n + 1))
done
"""


class Server(queue_host.Server):
    def __init__(self, ids, boxes):
        self.cable = machine.Cable()
        super().__init__(ids, boxes)

    @staticmethod
    def rows():
        return "%s:25 inet n - n - - smtpd\n" % machine.PUBLIC

    def stop(self):
        super().stop()
        self.cable.close()


def submit_many(host, prefix, count, *options):
    """Reasons why not all were taken."""
    with open(place.SPOOL + "/note", "wb") as f:
        f.write(note("SERIAL", octets=2000))
    r = subprocess.run(
        ["sh", "-c", SUBMIT % (count, prefix, prefix), "sh",
         *host.before, "/usr/sbin/sendmail", "-i", "-f",
         "sender@box.example", *options, "one@box.example"],
        cwd=place.SPOOL, env=client.environment(), timeout=120,
        stdin=subprocess.DEVNULL, capture_output=True)
    text = (r.stdout + r.stderr).decode("utf-8", "replace").strip()
    return ["sendmail: " + text[:1000]] if text else []


def wanted(prefix, count):
    return ["%s%d" % (prefix, n) for n in range(count)]


def checks(world):
    host = machine.Machine(world.client.command, world.server.cable)
    world.syslog = machine.Syslog()
    world.server.cable.link()
    world.server.cable.address()
    for resident in True, False:
        _route_appears(world, host, resident)
    _link_goes_and_comes(world, host)
    _settings_change(world, host)
    _told_to_end(world, host)


def _name(resident, text):
    return ("a resident manager: " if resident else "no manager: ") + text


def _route_appears(world, host, resident):
    say = world.report.result
    host.config("relayhost = [%s]\n" % machine.PUBLIC)
    world.server.empty("one")
    since, taken = world.syslog.mark(), queue_host.arrivals()
    if resident:
        host.start()
    begun = time.monotonic()
    reasons = submit_many(host, "r" if resident else "e", MANY)
    say(_name(resident, "%d messages are taken while there is no route "
              "(%.1f s)" % (MANY, time.monotonic() - begun)), reasons)
    _wait_for_quiet(host)
    queued = len(host.queued())
    say(_name(resident, "all of them wait"),
        [] if queued == MANY else ["%d in the queue" % queued])
    _no_polling(world, host, resident)
    world.server.cable.route()
    _arrive(world, host, resident, since, taken)
    world.server.cable.no_route()
    if resident:
        status = host.stop()
        say(_name(resident, "it ends on SIGTERM"),
            [] if status == 0 else ["status %s" % status])
    else:
        _runner_leaves(world, host)


def _wait_for_quiet(host, seconds=30):
    """Until nobody works: the manager has no children, nor is it run."""
    until = time.monotonic() + seconds
    seen, since = -1, time.monotonic()
    while time.monotonic() < until and time.monotonic() - since < 1:
        pid = host.pid()
        now = machine.switches(pid) if pid else -1
        if now != seen or pid and machine.children(pid):
            seen, since = now, time.monotonic()
        time.sleep(0.05)


def _no_polling(world, host, resident):
    pid = host.pid()
    name = _name(resident, "it makes no system call while it waits for a "
                 "route (%d s)" % IDLE)
    if not pid:
        world.report.result(name, ["nobody holds the lock"])
        return
    before = machine.switches(pid)
    time.sleep(IDLE)
    woken = machine.switches(pid) - before
    seen = machine.calls(pid, IDLE)
    seen = [ln for ln in seen if not ln.startswith("restart_syscall")]
    world.report.result(name, (
        ["woken %d times" % woken] if woken else []) + seen[:10])


def _arrive(world, host, resident, since, taken):
    say = world.report.result
    prefix = "r" if resident else "e"
    took = await_serials("one", MANY, SECONDS)
    say(_name(resident, "the route appears, and all arrive in time (%s s)" % (
        "%.1f" % took if took is not None else "more than %d" % SECONDS)),
        [] if took is not None else ["%d of %d arrived" % (
            len(serials("one")), MANY)])
    if host.await_empty(10) is None:
        say(_name(resident, "the queue is empty then"),
            ["%d remain" % len(host.queued())])
    say(_name(resident, "each arrives once, whole"),
        exactly_once(serials("one"), wanted(prefix, MANY)))
    came = queue_host.arrivals() - taken
    say(_name(resident, "the server's own log has as many"),
        [] if came == MANY else ["%d" % came])
    sent = len(world.syslog.lines("status=sent", since))
    bounced = world.syslog.lines("status=bounced", since)
    say(_name(resident, "the log has a line for each, and no bounce"),
        ([] if sent == MANY else ["%d lines of status=sent" % sent])
        + bounced[:5] + serials("sender")[:5])
    r = host.run("mailq")
    say(_name(resident, "mailq says that nothing is there"),
        [] if r.stdout == b"Mail queue is empty\n" and r.returncode == 0
        else ["%d %r %r" % (r.returncode, r.stdout[-500:], r.stderr[-500:])])


def _runner_leaves(world, host):
    until = time.monotonic() + 10
    while host.pid() and time.monotonic() < until:
        time.sleep(0.05)
    world.report.result("no manager: the runner leaves when all is done",
                        ["it still holds the lock"] if host.pid() else [])


def _link_goes_and_comes(world, host):
    """Boot: mail is written before the interface has come up."""
    cable = world.server.cable
    cable.link(False)
    host.config("relayhost = [%s]\n" % machine.PUBLIC)
    world.server.empty("one")
    host.start()
    reasons = submit_many(host, "b", 20)
    _wait_for_quiet(host)
    if len(host.queued()) != 20:
        reasons.append("%d wait" % len(host.queued()))
    cable.link()
    cable.route()
    took = await_serials("one", 20, SECONDS)
    world.report.result(
        "mail from before the link was up leaves by itself (%s s)" % (
            took and "%.1f" % took),
        reasons + exactly_once(serials("one"), wanted("b", 20)))
    host.stop()


def _settings_change(world, host):
    """relayhost points nowhere; a new main.cf mends that."""
    wrong = "relayhost = [%s]:26\nminimal_backoff_time = 2s\n" \
        "queue_run_delay = 2s\n" % machine.PUBLIC
    for how in "SIGHUP", "the next try alone":
        host.config(wrong)
        world.server.empty("one")
        since = world.syslog.mark()
        host.start()
        reasons = submit_many(host, "c", 5)
        _deferred(world, since, reasons)
        host.config(wrong.replace(":26", ""), fresh=False)
        if how == "SIGHUP":
            os.kill(host.pid(), signal.SIGHUP)
        took = await_serials("one", 5, 30)
        world.report.result(
            "a new relayhost is seen after %s (%s s)" % (
                how, took and "%.1f" % took),
            reasons + exactly_once(serials("one"), wanted("c", 5)))
        host.stop()
    _bad_settings(world, host)


def _deferred(world, since, reasons):
    until = time.monotonic() + 20
    while time.monotonic() < until:
        if len(world.syslog.lines("status=deferred", since)) == 5:
            return
        time.sleep(0.05)
    reasons.append("they were not deferred")


def _bad_settings(world, host):
    host.config("relayhost = [%s]\n" % machine.PUBLIC)
    world.server.empty("one")
    host.start()
    host.config("relayhost = [%s]\nminimal_backoff_time = soon\n"
                % machine.PUBLIC, fresh=False)
    since = world.syslog.mark()
    os.kill(host.pid(), signal.SIGHUP)
    time.sleep(0.5)
    reasons = [text for text in submit_many(host, "d", 3)
               if "minimal_backoff_time = soon" not in text]
    await_serials("one", 3, 20)
    world.report.result(
        "a main.cf with a mistake: the old settings go on, and it is said",
        reasons + exactly_once(serials("one"), wanted("d", 3))
        + ([] if world.syslog.lines("minimal_backoff_time", since)
           else ["not a word about it in the log"]))
    host.stop()


def _told_to_end(world, host):
    """SIGTERM or SIGHUP in the middle of 300, ten times; then the rest."""
    for resident in True, False:
        for how in signal.SIGTERM, signal.SIGHUP:
            _in_the_middle(world, host, resident, how)


def _in_the_middle(world, host, resident, how):
    settings = "smtp_destination_concurrency_limit = 5\n" \
        "minimal_backoff_time = 1s\nmaximal_backoff_time = 1s\n" \
        "relayhost = [%s]:%d\n"
    with Sink(0.05, address=machine.PUBLIC) as sink:
        world.server.cable.no_route()
        host.config(settings % (machine.PUBLIC, sink.port))
        reasons = submit_many(host, "t", 300)
        host.stop()
        world.server.cable.route()
        for n in range(10):
            if host.pid() is None:
                _begin(host, resident)
            time.sleep(0.05 + 0.02 * n)
            if how == signal.SIGHUP and host.pid():
                os.kill(host.pid(), how)
            elif how == signal.SIGTERM and host.stop():
                reasons.append("it ended badly")
        left = len(host.queued())
        if host.pid() is None:
            _begin(host, resident)
        host.await_empty(SECONDS)
        got = [queue_host.SERIAL.search(text)[1].decode()
               for _, _, text in sink.taken]
        world.report.result(
            _name(resident, "%s in the middle, ten times: nothing is lost or "
                  "sent twice (%d were left at the end)" % (how.name, left)),
            reasons + exactly_once(got, wanted("t", 300)))
        host.stop()


def _begin(host, resident):
    if resident:
        host.start()
        return
    host.run("sendmail", "-q")
    until = time.monotonic() + 5
    while host.pid() is None and host.queued() and time.monotonic() < until:
        time.sleep(0.01)
