#!/usr/bin/env python3
"""Real servers take what the client delivers.

    run.py CLIENT [PEER]...

CLIENT is a program, or one word for the shell with its first arguments
('qemu-arm build/arm/postern'). Peers are the modules of peers/; all of them
if none is named. Each server comes out of Debian packages that are unpacked
below build/live, or is a module for Node, and runs, with its checks, in
namespaces of its own: no network, no file and no process outside is touched.
Needs root for that.

Prints "pass NAME" and "FAIL NAME" with reasons, last "N passed, N failed".
Status 0, 1 (failures), 2 (usage). Logs are left in build/live/PEER.log.
"""
import importlib
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
import time

import convert
import messages
import packages
import report

PEERS = ["postfix", "postfix_tls", "dane", "exim", "opensmtpd",
         "dovecot", "dovecot_tls", "tools",
         "auth_cyrus", "auth_dovecot", "auth_exim", "auth_node",
         "secrets", "queue", "queue_callers", "queue_notices", "queue_kill",
         "queue_crash"]
HERE = os.path.dirname(os.path.abspath(__file__))
PLACE = os.path.join(packages.BUILD, "live")
SECONDS = 240       # for all checks of one peer; then it is killed
NAMESPACES = ["unshare", "-n", "-m", "-p", "-u", "--mount-proc",
              "--kill-child", "--fork", "--"]


def watch(screen, peer, args):
    """Run the checks and show what they say."""
    begun = time.monotonic()
    with tempfile.TemporaryFile() as errors:
        p = subprocess.Popen(args, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=errors)
        timer = threading.Timer(SECONDS, p.kill)
        timer.start()
        try:
            for line in p.stdout:
                screen.show(line)
            status = p.wait()
        finally:
            timer.cancel()
            p.kill()
            p.wait()
        errors.seek(0)
        text = errors.read().decode("utf-8", "replace").strip()
    if status or text:
        screen.result(peer + ": all checks were made", [
            "status %d after %d s of at most %d; the log is %s.log" % (
                status, time.monotonic() - begun, SECONDS,
                os.path.join(PLACE, peer)), text[-4000:]])


def main():
    if len(sys.argv) < 2 or set(sys.argv[2:]) - set(PEERS):
        print(__doc__, file=sys.stderr)
        return 2
    if os.getuid() != 0:
        sys.exit("run.py: namespaces, mounts and users of the servers' own "
                 "need root; run it as root.")
    command = shlex.split(sys.argv[1])
    found = shutil.which(command[0])
    if not found:
        sys.exit("run.py: no program %s; build it first." % command[0])
    # the checks are made in another folder
    command = [os.path.abspath(word) if os.path.exists(word) else word
               for word in [found] + command[1:]]
    screen = report.Screen()
    corpus = os.path.join(PLACE, "messages")
    screen.result("the corpus is what it should be",
                  messages.lacking(messages.real(corpus)))
    convert.check(screen, command, messages.real(corpus))
    for peer in sys.argv[2:] or PEERS:
        module = importlib.import_module("peers." + peer)
        unpacked = os.path.join(PLACE, getattr(module, "FOLDER", peer))
        if module.PACKAGES:
            packages.server(unpacked, module.PACKAGES)
        else:
            packages.node(unpacked)
        watch(screen, peer, NAMESPACES + [
            sys.executable, os.path.join(HERE, "inside.py"), peer, unpacked,
            corpus, os.path.join(PLACE, peer + ".log"), *command])
    screen.total()
    return 1 if screen.failed else 0


if __name__ == "__main__":
    sys.exit(main())
