"""AUTH at Postfix's smtpd with Dovecot behind it."""
import base64
import os
import re

import place
from peers import auth_cyrus, doors, logins, postfix
from peers.common import Daemon, log_lines
from peers.doors import Door

PACKAGES = ["postfix", "dovecot-core"]
USERS = postfix.USERS + ["dovecot", "dovenull"]
BOXES = postfix.BOXES
FOLDER = "postfix"

CONF = place.SPOOL + "/dovecot"
LOG = postfix.LOG
SASL = auth_cyrus.SASL + ("smtpd_sasl_type = dovecot",
                          "smtpd_sasl_path = private/auth")
DOORS = [
    Door("open", "rsa", SASL),
    # Postfix can't tell Dovecot which mechanisms to offer
    Door("bare", "rsa", SASL + (
        "smtpd_tls_security_level = none",
        "smtpd_sasl_mechanism_filter = !cram-md5, static:all")),
]
RECORDS = ["%s.tls.example A %s" % item
           for item in doors.addresses(DOORS).items()]
SETTINGS = """\
protocols =
ssl = no
base_dir = {spool}/run
state_dir = {spool}/state
log_path = {log}
auth_mechanisms = plain login cram-md5
auth_failure_delay = 0
auth_username_format = %u
disable_plaintext_auth = no
passdb {{
  driver = passwd-file
  args = username_format=%u {conf}/users
}}
service anvil {{
  # no longer and longer waiting for who was wrong
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service auth {{
  unix_listener {socket} {{
    mode = 0660
    user = postfix
  }}
}}
"""
SOCKET = postfix.QUEUE + "/private/auth"


class Server(auth_cyrus.Server):
    doors = DOORS
    refused = r"535 5\.7\.8 Error: authentication failed"

    def configure(self, ids):
        os.mkdir(CONF)
        with open(CONF + "/dovecot.conf", "w", encoding="ascii") as f:
            f.write(SETTINGS.format(spool=place.SPOOL, log=LOG, conf=CONF,
                                    socket=SOCKET))
        with open(CONF + "/users", "w", encoding="ascii") as f:
            for account in logins.ACCOUNTS:
                f.write("%s:{PLAIN.b64}%s::::::nodelay=y\n" % (
                    account.user,
                    base64.b64encode(account.password).decode()))

    def start(self):
        self.dovecot = Daemon(["dovecot", "-F", "-c", CONF + "/dovecot.conf"],
                              {}, SOCKET)
        super().start()

    def stop(self):
        super().stop()
        self.dovecot.stop()

    def names(self, user):
        return user

    def complaints(self):
        return super().complaints() + [
            line for line in log_lines(LOG, "Warning|Error|Fatal|Panic")
            if not re.search(r"Killed with signal 15 \(by pid=1 ", line)]


def checks(world):
    """No tab: PLAIN and LOGIN with one in the password are never right."""
    logins.checks(logins.Logins(world), logins.OCTETS)
