"""The checks of one peer; the first process of a namespace of its own.

    inside.py PEER UNPACKED MESSAGES LOG CLIENT...

Started by run.py and by nobody else. When it ends, all that it started ends.
"""
import importlib
import os
import shutil
import sys
import time

import client
import messages
import peers
import place
import report

SETTLE = 30         # seconds for a server to put mail into its boxes


class World:
    """What a check has to hand."""

    def __init__(self, peer, folder, reporter, command):
        self.corpus = messages.real(folder) + messages.made(place.SPOOL
                                                            + "/made")
        self.report = reporter
        boxes = list(peer.BOXES)
        for route in peer.Server.routes:
            boxes += [self.box(route, n) for n in range(len(self.corpus))]
        self.server = peer.Server(place.user_ids(peer.USERS), boxes)
        self.client = client.Client(command, place.client_settings())

    @staticmethod
    def box(route, n):
        return "%s%04d" % (route.prefix, n)

    def await_mail(self, box, until=None):
        """The messages of a box, once there are any."""
        until = until or time.monotonic() + SETTLE
        while True:
            found = self.server.arrived(box)
            if found or time.monotonic() > until:
                return found
            time.sleep(0.02)

    def content(self, box, text, sender=client.SENDER, until=None,
                how=client.CLEAR):
        """Reasons why this box does not hold this one text, come that way."""
        found = self.await_mail(box, until)
        if len(found) != 1:
            return ["%d messages in %s instead of one" % (len(found), box)]
        try:
            got = self.server.stripped(found[0], box, sender, how)
        except ValueError as e:
            return [str(e)]
        return difference(got, self.server.stored(text))

    def case(self, name, *args, **more):
        """A check: one delivery, as it ought to be."""
        self.report.result(name, self.delivery(*args, **more))

    def delivery(self, route, exit_code, wanted, text=messages.NOTE,
                 sender=client.SENDER, options=(), how=client.CLEAR):
        """Reasons why a delivery to the recipients in `wanted`, as for
        Outcome.differences, was another one; whoever is sent to has the text,
        once, and both sides tell of the same TLS, or of none."""
        out = self.client.deliver(
            route.applet, route.nexthop,
            [box + "@box.example" for box in wanted],
            text, route.options + options, sender)
        reasons = (how.differences(out)
                   + out.differences(exit_code, route.relay, wanted))
        for box, (status, *_) in wanted.items():
            if not out.took(box):
                continue
            if status == "sent":
                reasons += self.content(box, text, sender, how=how)
            self.await_mail(box)    # or the next case would find it
            self.server.empty(box)
        return reasons


def difference(got, want):
    if got == want:
        return []
    at = len(os.path.commonprefix([got, want]))
    start = max(0, at - 40)
    return ["%d octets, not %d; from octet %d on\ngot    %r\nwanted %r" % (
        len(got), len(want), at, got[start:at + 40], want[start:at + 40])]


def deliver_corpus(world, route):
    """Every message to a box of its own -> reasons by message."""
    bad = {}
    for n, message in enumerate(world.corpus):
        if n % 10 == 0:
            world.report.progress("%s %d/%d" % (
                route.name, n, len(world.corpus)))
        box = world.box(route, n)
        with open(message.path, "rb") as f:
            out = world.client.deliver(
                route.applet, route.nexthop, [box + "@box.example"],
                f.read() if route.pipe else f,
                route.options + tuple(message.options))
        bad[message.name] = out.differences(
            client.SENT, route.relay, {box: peers.SENT})
    return bad


def check_corpus(world, route):
    bad = deliver_corpus(world, route)
    until = time.monotonic() + SETTLE
    passed = 0
    for n, message in enumerate(world.corpus):
        reasons = bad[message.name]
        if not reasons:
            reasons = world.content(world.box(route, n), message.expected(),
                                    until=until, how=route.how)
        if reasons:
            world.report.result("%s %s" % (route.name, message.name), reasons)
        passed += not reasons
    world.report.group("%s, messages that arrived byte for byte" % route.name,
                       passed)


def main():
    name, unpacked, folder, log, *command = sys.argv[1:]
    peer = importlib.import_module("peers." + name)
    if hasattr(peer, "prepare"):
        peer.prepare(unpacked)
    place.set_up(unpacked, peer.USERS)
    if hasattr(peer, "RECORDS"):
        place.serve_names(peer.RECORDS)
    os.chdir(place.SPOOL)
    world = World(peer, folder, report.Reporter(name), command)
    try:
        world.server.start()
        peer.checks(world)
        for route in world.server.routes:
            check_corpus(world, route)
        world.server.stop()
        world.report.result("the server has no complaint",
                            world.server.complaints()[:20])
    finally:
        if os.path.exists(world.server.log):
            shutil.copy(world.server.log, log)
        if hasattr(world, "syslog"):
            shutil.copy(world.syslog.path, log + ".client")


if __name__ == "__main__":
    main()
