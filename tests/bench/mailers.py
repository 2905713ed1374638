"""Two mail systems that keep mail and pass it on: the program, and Debian's
Postfix beside it, each with a queue on the same disk and the same relay."""
import fcntl
import os
import re
import shutil
import signal
import subprocess
import time

import memory

LIVE = "/var/spool/live"        # of place.set_up
DISK = LIVE + "/disk"           # a folder of the real disk
SINK_PORT = 2525
AT_ONCE = 20
POSTFIX_SBIN = "/usr/lib/postfix/sbin"
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/",
               "LANG": "C"}
# the same words for both
MAIN = """\
compatibility_level = 3.7
myhostname = client.example
mydomain = example
mydestination =
alias_maps =
alias_database =
inet_interfaces = loopback-only
inet_protocols = ipv4
relayhost = [127.0.0.1]:%d
smtp_tls_security_level = none
default_destination_concurrency_limit = %d
initial_destination_concurrency = %d
in_flow_delay = 0
""" % (SINK_PORT, AT_ONCE, AT_ONCE)
POSTFIX_MAIN = """\
queue_directory = {queue}
data_directory = {queue}.data
daemon_directory = %s
command_directory = /usr/sbin
mail_owner = postfix
setgid_group = postdrop
master_service_disable = {off}
""" % POSTFIX_SBIN
POSTFIX_MASTER = """\
127.0.0.1:2526 inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
scache unix - - n - 1 scache
"""
FOLDERS = [
    ("active bounce corrupt defer deferred flush hold incoming saved trace "
     "private", "postfix", "postfix", 0o700),
    ("maildrop", "postfix", "postdrop", 0o730),
    ("public", "postfix", "postdrop", 0o710),
    ("pid", "root", "root", 0o755),
]
OLD = 1700000000        # a main.cf that was just written is read again


def write_old(path, text):
    with open(path, "w", encoding="ascii") as f:
        f.write(text)
    os.utime(path, (OLD, OLD))


class Sink:
    """smtp-sink, and the times at which its counter moved."""

    def __init__(self):
        self.process = subprocess.Popen(
            ["/usr/sbin/smtp-sink", "-c", "-u", "postfix",
             "127.0.0.1:%d" % SINK_PORT, "1000"], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE)
        os.set_blocking(self.process.stdout.fileno(), False)
        self.text, self.count = b"", 0
        self.first = self.last = None
        time.sleep(0.3)

    def look(self):
        """Read its counters: sessions, quits, messages."""
        data = self.process.stdout.read()
        if not data:
            return
        now = time.monotonic()
        self.text = (self.text + data)[-200:]
        found = re.findall(rb"mesg=(\d+)", self.text)
        if found and int(found[-1]) > self.count:
            self.first = self.first or now
            self.count, self.last = int(found[-1]), now

    def begin(self):
        self.look()
        self.base, self.first, self.last = self.count, None, None

    def arrived(self):
        self.look()
        return self.count - self.base

    def close(self):
        self.process.terminate()
        self.process.wait(10)


def processes(expression):
    """Those of this namespace that run such a program."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if re.search(expression, os.readlink("/proc/%s/exe" % pid)):
                found.append(int(pid))
        except OSError:
            pass
    return found


def pss(pids):
    """Octets; shared pages are counted in parts."""
    total = 0
    for pid in pids:
        try:
            with open("/proc/%d/smaps_rollup" % pid, encoding="ascii") as f:
                total += memory.KIB * int(re.search(
                    r"^Pss: +(\d+) kB", f.read(), re.M)[1])
        except (OSError, TypeError):
            pass
    return total


def cpu(pids):
    """Seconds of the processor that they had, and their late children."""
    total = 0
    for pid in pids:
        try:
            with open("/proc/%d/stat" % pid, encoding="ascii") as f:
                fields = f.read().rpartition(")")[2].split()
            total += sum(int(n) for n in fields[11:15])
        except OSError:
            pass
    return total / os.sysconf("SC_CLK_TCK")


class Postfix:
    name = "Postfix"

    def __init__(self, sendmail):
        self.sendmail = sendmail
        self.conf, self.queue = LIVE + "/postfix", DISK + "/postfix"
        os.mkdir(self.conf)
        write_old(self.conf + "/master.cf", POSTFIX_MASTER)
        self.settings("")
        self.environment = dict(ENVIRONMENT, MAIL_CONFIG=self.conf)
        self.process = None
        self._folders()

    def settings(self, off):
        write_old(self.conf + "/main.cf",
                  MAIN + POSTFIX_MAIN.format(queue=self.queue, off=off))

    def _folders(self):
        os.mkdir(self.queue)
        for names, owner, group, mode in FOLDERS:
            for name in names.split():
                path = os.path.join(self.queue, name)
                os.mkdir(path)
                shutil.chown(path, owner, group)
                os.chmod(path, mode)
        os.mkdir(self.queue + ".data", 0o700)
        shutil.chown(self.queue + ".data", "postfix", "postfix")

    def processes(self):
        return processes("^%s/" % POSTFIX_SBIN)

    def start(self):
        self.process = subprocess.Popen(
            [POSTFIX_SBIN + "/master", "-c", self.conf],
            env=self.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        until = time.monotonic() + 10
        while self.processes() and time.monotonic() < until:
            time.sleep(0.05)

    def load(self, count, message):
        """Mail that waits: taken by its smtpd, while no queue manager runs;
        smtp-source makes messages of the same size."""
        self.settings("qmgr.unix")
        self.start()
        time.sleep(1)
        subprocess.run(
            ["/usr/sbin/smtp-source", "-s", "10", "-m", str(count), "-l",
             str(os.path.getsize(message)), "-f", "ada@client.example",
             "-t", "ops@box.example", "127.0.0.1:2526"], check=True,
            timeout=600, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL)
        self.stop()
        self.settings("")
        if len(self.waiting()) != count:
            raise RuntimeError("Postfix holds %d" % len(self.waiting()))

    def waiting(self):
        return [name for folder in ("incoming", "active", "deferred",
                                    "maildrop")
                for _, _, names in os.walk(self.queue + "/" + folder)
                for name in names]

    def submit(self):
        """Nobody picks it up: what remains is sendmail's own work."""
        return [self.sendmail, "-i", "-f",
                "ada@client.example", "ops@box.example"]

    def forget(self):
        for folder, _, names in os.walk(self.queue + "/maildrop"):
            for name in names:
                os.unlink(os.path.join(folder, name))


class Postern:
    name = "postern"

    def __init__(self, program):
        self.program = program
        self.conf, self.queue = LIVE + "/client", DISK + "/postern"
        self.environment = dict(ENVIRONMENT, MAIL_CONFIG=self.conf)
        self.process = self.lock = None
        self.settings()

    def settings(self, more=""):
        write_old(self.conf + "/main.cf", MAIN + more
                  + "mail_owner = postern\nqueue_directory = %s\n"
                    "data_directory = %s.data\npostern_queue_count = 0\n" % (
                        self.queue, self.queue))

    def processes(self):
        return processes("^%s$" % re.escape(self.program))

    def start(self, before=()):
        self.process = subprocess.Popen(
            [*before, self.program, "qmgr"], env=self.environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)

    def stop(self):
        for pid in self.processes() if self.process.args[0] != self.program \
                else [self.process.pid]:
            os.kill(pid, signal.SIGTERM)
        self.process.wait(30)

    def hold(self):
        """Be the manager that does nothing: no other begins."""
        self.send_one(DISK + "/message")
        self.lock = open(self.queue + "/lock", "rb")
        until = time.monotonic() + 10
        while True:
            try:
                fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.02)

    def release(self):
        self.lock.close()

    def send_one(self, message):
        with open(message, "rb") as f:
            subprocess.run(self.submit(), env=self.environment, stdin=f,
                           check=True, timeout=60)

    def load(self, count, message):
        """One message is submitted, the others are copies of its file."""
        self.hold()
        self.send_one(message)
        folder = self.queue + "/incoming"
        (first,) = self.waiting()
        path = os.path.join(folder, first)
        status = os.stat(path)
        with open(path, "rb") as f:
            data = f.read()
        for n in range(1, count):
            copy = "%s/%sC%05d" % (folder, first, n)
            with open(copy, "wb") as f:
                f.write(data)
            os.chmod(copy, status.st_mode & 0o777)
            os.chown(copy, status.st_uid, status.st_gid)
            os.utime(copy, ns=(status.st_atime_ns, status.st_mtime_ns))
        os.sync()
        self.release()

    def waiting(self):
        return [n for n in os.listdir(self.queue + "/incoming")
                if not n.startswith(".")]

    def submit(self):
        return [self.program, "sendmail", "-i", "-f", "ada@client.example",
                "ops@box.example"]

    def forget(self):
        for name in self.waiting():
            os.unlink(os.path.join(self.queue, "incoming", name))
