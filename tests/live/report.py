"""What the checks say, and how the one who started them shows it.

A peer's checks run in a namespace of their own and write one JSON object per
line; run.py reads these, prints what a person wants to see, and counts.
"""
import json
import sys


class Reporter:
    """The side of the checks."""

    def __init__(self, peer, out=sys.stdout):
        self.peer = peer
        self.out = out

    def _say(self, **event):
        self.out.write(json.dumps(event) + "\n")
        self.out.flush()

    def progress(self, text):
        self._say(progress="%s: %s" % (self.peer, text))

    def result(self, name, reasons):
        """One check: no reason is a pass."""
        self._say(name="%s: %s" % (self.peer, name), reasons=reasons)

    def group(self, name, passed):
        """Many alike that passed; those that failed had a result each."""
        self._say(name="%s: %s" % (self.peer, name), passed=passed)


class Screen:
    """The side of the reader."""

    def __init__(self, out=sys.stdout):
        self.out = out
        self.wipe = "\r\x1b[K" if out.isatty() else ""
        self.passed = self.failed = 0

    def show(self, line):
        event = json.loads(line)
        if "progress" in event:
            self._passing(event["progress"])
        elif "passed" in event:
            self.passed += event["passed"]
            self._line("pass %(name)s (%(passed)d)" % event)
        else:
            self.result(event["name"], event["reasons"])

    def result(self, name, reasons):
        if reasons:
            self.failed += 1
        else:
            self.passed += 1
        self._line(("FAIL " if reasons else "pass ") + name)
        for reason in reasons:
            self._line("    " + reason.replace("\n", "\n    "))

    def total(self):
        self._line("%d passed, %d failed" % (self.passed, self.failed))

    def _line(self, text):
        self.out.write(self.wipe + text + "\n")
        self.out.flush()

    def _passing(self, text):
        if self.wipe:
            self.out.write(self.wipe + text)
            self.out.flush()
