"""Debian packages, unpacked beside the machine's own and never installed.

Mail servers conflict with each other as packages, so they are unpacked into a
folder each, which the namespace of their checks lays over /usr.
"""
import os
import shutil
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))


def _run(args, where=None):
    r = subprocess.run(args, cwd=where, stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       timeout=300)
    if r.returncode:
        sys.exit("%s failed:\n%s" % (
            " ".join(args), r.stdout.decode("utf-8", "replace")))


def server(folder, packages):
    """These and what they need that is not installed, into folder."""
    _run([os.path.join(TOP, "toolchains", "unpack"), folder, *packages])


def data(folder, package):
    """This one alone, for the files in it: nothing of it will run."""
    if os.path.isdir(folder):
        return
    fresh = folder + ".new"
    shutil.rmtree(fresh, ignore_errors=True)
    os.makedirs(fresh)
    _run(["apt-get", "-qq", "download", package], fresh)
    archives = os.listdir(fresh)
    for archive in archives:
        _run(["dpkg-deb", "-x", archive, "."], fresh)
        os.unlink(os.path.join(fresh, archive))
    os.rename(fresh, folder)
