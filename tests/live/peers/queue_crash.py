"""The program is killed at its system calls, one after the other; then the
sink is compared with what sendmail said 0 to."""
import collections
import concurrent.futures
import os
import time

import crash
import machine
import place
from peers.queue_host import (BOXES, FOLDER, PACKAGES, RECORDS, USERS,
                              prepare)

__all__ = ["BOXES", "FOLDER", "PACKAGES", "RECORDS", "USERS", "prepare"]
LANES = 2
LEAST = 200             # kills that must have happened, in all
FIRST = [("first", "one@box.example")]
SECOND = [("second", "one@box.example"), ("second", "two@box.example")]
MIXED = [("a", ["one@box.example", "two@box.example"]),
         ("b", ["one@box.example"]),
         ("c", ["refused@box.example", "one@box.example"])]
BOUNCE = [("d", ["refused@box.example"])]


class Server:
    """None: each lane has its sink."""
    log = machine.SYSLOG
    routes = []

    def __init__(self, ids, boxes):
        pass

    def start(self):
        pass

    def stop(self):
        pass

    def complaints(self):
        return []


class Kind:
    """What is killed, and what must be true afterwards."""

    def __init__(self, name, template, limit, run, judge, messages,
                 follow=False):
        self.name, self.template, self.limit = name, template, limit
        self.run, self.judge, self.messages = run, judge, messages
        self.follow = follow

    def point(self, lane, call, nth):
        """-> (was it killed, reasons)"""
        lane.clear(self.template)
        if os.path.exists(lane.trace):
            os.unlink(lane.trace)
        self.run(lane, lane.traced(call, nth, self.follow))
        killed = lane.was_killed()
        reasons = lane.drain() + self.judge(lane)
        return killed, ["%s at %s %d: %s (status %s)" % (
            self.name, call, nth, reason, lane.status) for reason in reasons]


def _submitted(lane):
    """0 was said: it is there, once. Not said: once or not at all."""
    return crash.judge(lane, FIRST + (SECOND if lane.status == 0 else []),
                       SECOND, twice=0 if lane.status == 0 else 2)


KINDS = [
    Kind("submission", "first", 100,
         lambda lane, before: lane.run_submission(before), _submitted,
         [("first", ["one@box.example"])]),
    Kind("a user's submission", "first", 60,
         lambda lane, before: lane.run_submission(before, lane.user),
         _submitted, None),
    Kind("delivery", "mixed", 160,
         lambda lane, before: lane.run_manager(before),
         lambda lane: crash.judge(
             lane, [("a", "one@box.example"), ("a", "two@box.example"),
                    ("b", "one@box.example"), ("c", "one@box.example")],
             notices=["c"], twice=5), MIXED, True),
    Kind("bounce", "bounce", 120,
         lambda lane, before: lane.run_manager(before),
         lambda lane: crash.judge(lane, [], notices=["d"], twice=2), BOUNCE,
         True),
]


def checks(world):
    world.syslog = machine.Syslog()
    user = place.user_ids(USERS)["ada"]
    lanes = [crash.Lane("%s/lane%d" % (place.SPOOL, n),
                        world.client.command, user) for n in range(LANES)]
    for lane in lanes:
        for kind in KINDS:
            if kind.messages:
                lane.template(kind.template, kind.messages)
    killed = sum(_kind(world, lanes, kind) for kind in KINDS)
    world.report.result("%d kills, at least %d" % (killed, LEAST), [
        "only %d" % killed] if killed < LEAST else [])


def _kind(world, lanes, kind):
    """-> how many kills there were."""
    lanes[0].clear(kind.template)
    most = crash.calls(lanes[0], lambda before: kind.run(lanes[0], before),
                       kind.follow)
    wanted = collections.deque(crash.points(most, kind.limit))
    reasons = lanes[0].drain() + kind.judge(lanes[0])
    world.report.result("%s, traced and left alone" % kind.name, reasons)
    count, begun = len(wanted), time.monotonic()
    results = []

    def work(lane):
        while wanted:
            results.append(kind.point(lane, *wanted.popleft()))
            if len(results) % 20 == 0:
                world.report.progress("%s %d/%d" % (
                    kind.name, len(results), count))
    with concurrent.futures.ThreadPoolExecutor(LANES) as pool:
        for done in [pool.submit(work, lane) for lane in lanes]:
            done.result()
    killed = sum(hit for hit, _ in results)
    reasons = [text for _, texts in results for text in texts]
    world.report.result("%s: %d of %d points killed it, nothing is lost "
                        "(%.0f s)" % (kind.name, killed, count,
                                      time.monotonic() - begun),
                        reasons[:12] + ["none was killed"] * (not killed))
    return killed
