"""Debian packages, unpacked beside the machine's own and never installed.

Mail servers conflict with each other as packages, so they are unpacked into a
folder each, which the namespace of their checks lays over /usr.  One server is
a module for Node, for which the machine has to have Node and npm.
"""
import filecmp
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


def node(folder):
    """The modules of node/package-lock.json, each with the sum that stands
    there, into folder/usr/lib/node_modules; nothing of them is run."""
    here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "node")
    place = os.path.join(folder, "usr", "lib")
    lock = "package-lock.json"
    if os.path.isdir(folder) and filecmp.cmp(
            os.path.join(place, lock), os.path.join(here, lock), False):
        return
    for program in "node", "npm":
        if not shutil.which(program):
            sys.exit("run.py: no program %s; toolchains/setup -g live gets it."
                     % program)
    shutil.rmtree(folder, ignore_errors=True)
    fresh = folder + ".new"
    shutil.rmtree(fresh, ignore_errors=True)
    place = os.path.join(fresh, "usr", "lib")
    os.makedirs(place)
    for name in "package.json", lock:
        shutil.copy(os.path.join(here, name), place)
    _run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund",
         "--loglevel=error", "--cache=" + os.path.join(fresh, "cache"),
         where=place)
    shutil.rmtree(os.path.join(fresh, "cache"))
    os.rename(fresh, folder)


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
