#!/usr/bin/env python3
"""run.py WALK - NIST's certificate path cases (PKITS) against our paths.

WALK is the program of walk.c, built with sanitizers. The 224 cases are those
of the PKITS data in Debian's package of test vectors for python-cryptography,
which is unpacked under the build folder and not installed. Each is a signed
message; its certificates go through the X.509 class, the signer's as the leaf,
with PKITS's trust anchor as the only one in the store. The name of a case says
what should come of it.

What we don't do, or do otherwise, is in `exceptions`, with the reason, and a
case that is listed there without need fails, too. Then each chain is damaged
at random some times, which must neither crash nor make a forged leaf good.
"""
import base64
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "live"))
import packages  # noqa: E402

PACKAGE = "python3-cryptography-vectors"
IN_PACKAGE = "usr/lib/python3/dist-packages/cryptography_vectors/x509"
CASES = 224
DAMAGED = 60        # chains made of each case

# PKITS 4.8: what the default settings make of those whose names say nothing.
BAD = {"DifferentPoliciesTest%d" % n for n in (4, 5, 7, 8, 9, 12)} | {
    "MissingCRLTest1"}


def vectors():
    """Only what we need of the package stays."""
    folder = os.path.join(packages.BUILD, "live", "pkits")
    if not os.path.isdir(folder):
        whole = folder + ".package"
        packages.data(whole, PACKAGE)
        os.rename(os.path.join(whole, IN_PACKAGE, "PKITS_data"), folder)
        shutil.rmtree(whole)
    return folder


# --- DER, just enough -------------------------------------------------------

def element(data, at):
    """tag, start of the value, end"""
    n, body = data[at + 1], at + 2
    if n > 127:
        body += n - 128
        n = int.from_bytes(data[at + 2:body], "big")
    return data[at], body, body + n


def parts(data):
    """[(tag, value, whole)]"""
    found, at = [], 0
    while at < len(data):
        tag, body, end = element(data, at)
        found.append((tag, data[body:end], data[at:end]))
        at = end
    return found


def certificates(signed):
    """Those of a PKCS#7 message, that of the signer first."""
    content = parts(parts(signed)[0][1])[1][1]
    data = parts(parts(content)[0][1])
    certs = [whole for tag, value, whole in
             parts(next(v for t, v, _ in data if t == 0xa0))]
    signer = parts(parts(data[-1][1])[0][1])[1][1]      # issuer, serial

    def is_signer(cert):
        tbs = [p for p in parts(parts(parts(cert)[0][1])[0][1])
               if p[0] != 0xa0]
        return tbs[2][2] + tbs[0][2] == signer
    return sorted(certs, key=lambda c: not is_signer(c))


def message(path):
    """The signature of an S/MIME message, as octets."""
    with open(path, encoding="ascii") as f:
        text = f.read()
    m = re.search(r"\nContent-Disposition: .*smime\.p7s\"?\s*?\n\n"
                  r"([A-Za-z0-9+/=\s]+)", text)
    return base64.b64decode(m[1])


# --- the cases --------------------------------------------------------------

def walk(program, anchor, certs, *options):
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for n, der in enumerate(certs):
            files.append(os.path.join(folder, str(n)))
            with open(files[-1], "wb") as f:
                f.write(der)
        r = subprocess.run([program, *options, anchor, *files],
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, timeout=300,
                           errors="replace", text=True)
    return r.returncode, r.stdout.strip()


def exceptions():
    """{case: verdict of ours}"""
    found = {}
    with open(os.path.join(HERE, "exceptions"), encoding="utf-8") as f:
        for line in f:
            words = re.sub(r"#.*", "", line).split(None, 2)
            if words:
                case, verdict, reason = words   # a reason is a must
                found[case] = verdict
    return found


def check(program, folder, case, excepted):
    """Nothing, or what is wrong."""
    anchor = os.path.join(folder, "certs", "TrustAnchorRootCertificate.crt")
    certs = certificates(message(os.path.join(
        folder, "smime", "Signed%s.eml" % case)))
    named = "bad" if case.startswith("Invalid") or case in BAD else "good"
    status, said = walk(program, anchor, certs)
    got = said.split(":")[0]
    if status or got not in ("good", "bad"):
        return "status %d\n%s" % (status, said)
    if excepted == named:
        return "the exception is what PKITS says"
    if got != (excepted or named):
        return "%s is expected, but it is %s" % (excepted or named, said)
    # Another order is no other chain.
    for turned in (certs[:1] + certs[:0:-1], certs + certs[::-1]):
        status, said = walk(program, anchor, turned)
        if status or said.split(":")[0] != got:
            return "turned round, it is %s" % said
    seed = str(zlib.crc32(case.encode()))
    status, said = walk(program, anchor, certs, "-m", seed, str(DAMAGED))
    if status:
        return "damaged, seed %s: status %d\n%s" % (seed, status, said)
    return None


def main():
    program, folder, excepted = sys.argv[1], vectors(), exceptions()
    cases = sorted(re.match(r"Signed(.*)\.eml$", f)[1]
                   for f in os.listdir(os.path.join(folder, "smime")))
    failed = ["%s: in exceptions, but there is no such case" % c
              for c in excepted if c not in cases]
    if len(cases) != CASES:
        failed.append("%d cases, and not %d" % (len(cases), CASES))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as ex:
        results = ex.map(lambda c: check(program, folder, c,
                                         excepted.get(c)), cases)
        failed += ["%s: %s" % (c, r) for c, r in zip(cases, results) if r]
    for f in failed:
        print("FAIL pkits %s" % f)
    print("%d passed, %d failed" % (len(cases) - len(failed), len(failed)))
    return 1 if failed else 0


sys.exit(main())
