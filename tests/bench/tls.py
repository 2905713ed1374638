"""What a delivery costs inside TLS, with the machine's bundle of authorities:
memory against its budget, CPU time beside msmtp."""
import glob
import os
import shutil
import ssl
import statistics
import subprocess

import clients
import memory

KIB = clients.KIB
BUDGET = 128 * KIB
RATIO = 10              # times as much CPU time as ours, at least
ROUNDS = 15
KINDS = {"RSA 2048": ["rsa:2048"],
         "ECDSA P-256": ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]}
MOMENTS = ["DATA", "DOT", "AFTER"]


def openssl(folder, *words):
    subprocess.run(["openssl", *words], cwd=folder, check=True, timeout=60,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def make_certificates(folder, kind):
    """A root and a server under it, with an intermediate between them."""
    new = ["req", "-x509", "-nodes", "-days", "30", "-newkey", *KINDS[kind]]
    authority = ["-addext", "keyUsage=critical,keyCertSign"]
    openssl(folder, *new, "-keyout", "ca.key", "-out", "ca.pem", "-subj",
            "/CN=Bench Root", *authority)
    with open(os.path.join(folder, "ext"), "w", encoding="ascii") as f:
        f.write("[mid]\nbasicConstraints=critical,CA:true\n"
                "keyUsage=critical,keyCertSign\n"
                "[leaf]\nbasicConstraints=CA:false\n"
                "subjectAltName=IP:127.0.0.1,DNS:mx.box.example\n"
                "extendedKeyUsage=serverAuth\n")
    for name, issuer, part in ("mid", "ca", "mid"), ("leaf", "mid", "leaf"):
        openssl(folder, "req", "-nodes", "-newkey", *KINDS[kind], "-keyout",
                name + ".key", "-out", name + ".csr", "-subj",
                "/CN=Bench " + name)
        openssl(folder, "x509", "-req", "-in", name + ".csr", "-CA",
                issuer + ".pem", "-CAkey", issuer + ".key", "-set_serial",
                "7", "-days", "30", "-extfile", "ext", "-extensions", part,
                "-out", name + ".pem")
    chain = os.path.join(folder, "chain.pem")
    with open(chain, "wb") as f:
        for name in "leaf.pem", "mid.pem":
            f.write(read(os.path.join(folder, name)))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(chain, os.path.join(folder, "leaf.key"))
    return context


def read(path):
    with open(path, "rb") as f:
        return f.read()


def make_bundle(root, folder):
    """The authorities that the machine would trust, and ours among them."""
    paths = sorted(glob.glob(os.path.join(
        root, "usr/share/ca-certificates/mozilla/*.crt")))
    middle = len(paths) // 2
    paths.insert(middle, os.path.join(folder, "ca.pem"))
    bundle = os.path.join(folder, "bundle.pem")
    with open(bundle, "wb") as f:
        for path in paths:
            f.write(read(path))
    return bundle, len(paths)


def postern(program, folder, bundle, name="postern"):
    return clients.Client(name, lambda n: [
        program, "smtp", "-c", folder, "-o", "message_size_limit=0",
        "-o", "smtp_skip_quit_response=no",
        "-o", "smtp_tls_security_level=verify",
        "-o", "smtp_tls_CAfile=" + bundle,
        "-f", "ada@client.example", "[127.0.0.1]:%d" % clients.PORT,
        *clients.addresses(n)])


def msmtp(path, libraries, bundle):
    return clients.Client("msmtp", lambda n: [
        path, "--file=/dev/null", "--host=127.0.0.1",
        "--port=%d" % clients.PORT, "--tls=on", "--tls-starttls=on",
        "--tls-trust-file=" + bundle, "--auth=off",
        "--domain=client.example", "--from=ada@client.example", "--",
        *clients.addresses(n)], libraries=libraries)


def memory_rows(bench, client, kind):
    """How many budgets were exceeded."""
    failed = 0
    for size in "1 KiB", "1 MiB":
        for people in 1, 100:
            watch = memory.Watch()
            bench.deliver(client, size, people, watch)
            good = watch.own <= BUDGET
            failed += not good
            print("%-8s %-12s %6s, %3d rcpt" % (
                "good" if good else "EXCEEDED", kind, size, people) +
                "".join("%6d" % round(watch.at[m] / KIB) for m in MOMENTS) +
                "%7d%6d" % (round(watch.kernel / KIB),
                            round(watch.own / KIB)))
    return failed


def cpu_rows(bench, programs, kind):
    times = {c.name: [] for c in programs}
    for _ in range(ROUNDS):
        for c in programs:
            used = bench.deliver(c, "1 KiB")
            times[c.name].append(used.ru_utime + used.ru_stime)
    for c in programs:
        ratio = statistics.median(
            a / b for a, b in zip(times[c.name], times["postern"]))
        good = c.name != "msmtp" or ratio >= RATIO
        print("%-8s %-12s %-28s %7.2f ms  %5.2f x postern" % (
            "good" if good else "TOO SLOW", kind, c.name,
            1000 * statistics.median(times[c.name]), ratio))
    return not good if programs[-1].name == "msmtp" else 0


def table(bench, program, mail, root, folder):
    """How many budgets were exceeded. mail: (msmtp, its libraries) or None."""
    failed = 0
    print("\nInside TLS (STARTTLS, level verify, an intermediate); private "
          "dirty KiB (budget %d)\n%41s  dot after   args   own" % (
              BUDGET / KIB, "DATA"))
    for kind in KINDS:
        bench.server.tls = make_certificates(folder, kind)
        bundle, n = make_bundle(root, folder)
        subprocess.run([program, "cacert", "-q", bundle], check=True)
        client = postern(program, folder, bundle)
        failed += memory_rows(bench, client, kind)
    print("\nCPU time of one, process start to end, %d authorities; msmtp "
          "must take %d times as much" % (n, RATIO))
    for kind in KINDS:
        bench.server.tls = make_certificates(folder, kind)
        bundle, n = make_bundle(root, folder)
        plain = os.path.join(folder, "plain.pem")
        shutil.copy(bundle, plain)
        subprocess.run([program, "cacert", "-q", bundle], check=True)
        programs = [postern(program, folder, bundle), postern(program, folder, plain,
                                    "postern, without an index")]
        if mail:
            programs.append(msmtp(*mail, bundle))
        failed += cpu_rows(bench, programs, kind)
    bench.server.tls = None
    return failed
