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
BUILD = os.path.abspath(os.environ.get("POSTERN_BUILD",
                                       os.path.join(TOP, "build")))

# one package without what it needs: TOP BUILD FOLDER PACKAGE
DOWNLOAD = """set -eu
build=$1
. "$0/toolchains/apt"
apt_ready
cd "$2"
apt_get download -qq "$3" || { apt_update; apt_get download -qq "$3"; }
"""


def _run(*args, where=None):
    """What it says on standard error goes to the terminal."""
    r = subprocess.run(args, cwd=where, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, timeout=300)
    if r.returncode:
        sys.exit("run.py: %s failed" % os.path.basename(args[0]))


def server(folder, names):
    """These and what they need that is not installed, into folder."""
    _run(os.path.join(TOP, "toolchains", "unpack"), folder, *names)


def data(folder, name):
    """This one alone, for the files in it: nothing of it will run."""
    if os.path.isdir(folder):
        return
    fresh = folder + ".new"
    shutil.rmtree(fresh, ignore_errors=True)
    os.makedirs(fresh)
    _run("sh", "-c", DOWNLOAD, TOP, BUILD, fresh, name)
    for archive in os.listdir(fresh):
        _run("dpkg-deb", "-x", archive, ".", where=fresh)
        os.unlink(os.path.join(fresh, archive))
    os.rename(fresh, folder)
