"""Manager and workers die at random moments while mail leaves.

Nothing is lost; whoever was at work may have been so in vain: one delivery
each is made twice, at the most.
"""
import os
import random
import signal
import subprocess
import time

import client
import machine
import place
from peers import queue_host
from peers.queue_host import (BOXES, FOLDER, PACKAGES, RECORDS, USERS, Server,
                              prepare)
from sink import Sink

__all__ = ["BOXES", "FOLDER", "PACKAGES", "RECORDS", "USERS", "Server",
           "prepare"]
MANY = 300
AT_ONCE = 5         # smtp_destination_concurrency_limit
SECONDS = 90
SEED = 5            # which moments; a failing run is repeated by the same


def checks(world):
    host = machine.Machine(world.client.command)
    world.syslog = machine.Syslog()
    dice = random.Random(SEED)
    for resident in True, False:
        for whom in "manager", "worker", "either":
            with Sink(delay=0.02) as sink:
                _kill(world, host, sink, dice, whom, resident)
    _power_of_postfix(world, host)


def submit(host, count, prefix):
    """Into a queue whose destination is deferred; -> what failed."""
    with open(place.SPOOL + "/note", "wb") as f:
        f.write(queue_host.note("SERIAL", octets=1000))
    r = subprocess.run(
        ["sh", "-c", "for n in $(seq %d); do sed s/SERIAL/%s$n/ note | "
         "/usr/sbin/sendmail -i -f sender@box.example one@box.example || "
         "echo failed; done" % (count, prefix)], cwd=place.SPOOL,
        env=client.environment(), capture_output=True, timeout=60)
    return (r.stdout + r.stderr).decode("utf-8", "replace").split("\n")[:5] \
        if r.stdout + r.stderr else []


def _victim(pid, whom, dice):
    if whom == "either":
        whom = dice.choice(["manager", "worker"])
    if whom == "manager":
        return pid, AT_ONCE
    workers = machine.children(pid)
    return (dice.choice(workers), 1) if workers else (None, 0)


def _kill(world, host, sink, dice, whom, resident):
    """Workers in flight that a kill may have cost are counted: a manager's
    end takes all of them along."""
    settings = "smtp_destination_concurrency_limit = %d\n" % AT_ONCE \
        + "minimal_backoff_time = 1s\nmaximal_backoff_time = 2s\n" \
        "queue_run_delay = 1s\n"
    host.config(settings + "defer_transports = smtp\n"
                "relayhost = [127.0.0.1]:%d\n" % sink.port)
    reasons = submit(host, MANY, "k")
    host.stop()
    host.config(settings + "relayhost = [127.0.0.1]:%d\n" % sink.port,
                fresh=False)
    kills, allowed = 0, 0
    begun = time.monotonic()
    _wake(host, resident)
    while host.queued() and time.monotonic() - begun < SECONDS:
        time.sleep(dice.uniform(0.02, 0.3))
        pid = host.pid()
        if pid is None:
            _wake(host, resident)
            continue
        if kills < 40:
            victim, cost = _victim(pid, whom, dice)
            if _end(host, victim):
                kills, allowed = kills + 1, allowed + cost
    left = host.queued()
    host.stop()
    got = [queue_host.SERIAL.search(text)[1].decode()
           for _, _, text in sink.taken]
    missing = {"k%d" % n for n in range(1, MANY + 1)} - set(got)
    twice = len(got) - len(set(got))
    world.report.result(
        "%s, kill -9 of %s: %d times, %d messages, %d came twice (%.1f s)" % (
            "resident" if resident else "runner", whom, kills, MANY, twice,
            time.monotonic() - begun),
        reasons + ["lost: %s" % sorted(missing)[:10]] * bool(missing)
        + ["%d remain" % len(left)] * bool(left)
        + ["%d twice, %d may be" % (twice, allowed)] * (twice > allowed)
        + ["set aside: %s" % host.set_aside()] * bool(host.set_aside())
        + ["only %d kills" % kills] * (kills < 3))


def _end(host, victim):
    if victim is None:
        return False
    try:
        os.kill(victim, signal.SIGKILL)
    except ProcessLookupError:
        return False
    if host.manager and victim == host.manager.pid:
        host.manager.wait(10)
        host.manager = None
    return True


def _wake(host, resident):
    if resident:
        host.start()
    else:
        host.run("sendmail", "-q")
        until = time.monotonic() + 5
        while host.pid() is None and host.queued() \
                and time.monotonic() < until:
            time.sleep(0.01)


def _power_of_postfix(world, host):
    """The same before a real server: its mailbox is the witness."""
    world.server.empty("one")
    soon = queue_host.RELAY + "minimal_backoff_time = 1s\n" \
        "maximal_backoff_time = 2s\nqueue_run_delay = 1s\n"
    host.config(soon + "defer_transports = smtp\n")
    reasons = submit(host, 50, "p")
    host.stop()
    host.config(soon, fresh=False)
    for _ in range(3):
        host.start()
        time.sleep(0.15)
        _end(host, host.pid())
    host.start()
    host.await_empty(SECONDS)
    queue_host.await_serials("one", 50, 20)
    got = queue_host.serials("one")
    missing = {"p%d" % n for n in range(1, 51)} - set(got)
    world.report.result(
        "before Postfix, a manager killed three times: all came",
        reasons + ["lost: %s" % sorted(missing)] * bool(missing)
        + ["%d in all" % len(got)] * (len(got) > 50 + 3 * 20))
    host.stop()
