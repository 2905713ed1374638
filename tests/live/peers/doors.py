"""One Postfix that listens at many addresses: at each with a certificate and
settings of its own."""
import re
from dataclasses import dataclass

import certs
import place
from peers import postfix

CERTS = place.SPOOL + "/certs"

SETTINGS = """\
smtpd_tls_received_header = yes
smtpd_tls_loglevel = 1
smtpd_tls_exclude_ciphers = aNULL
smtpd_tls_protocols = >=TLSv1.2, <=TLSv1.2
smtpd_tls_mandatory_protocols = >=TLSv1.2, <=TLSv1.2
smtpd_tls_session_cache_database = btree:{spool}/data/sessions
"""


@dataclass(frozen=True)
class Door:
    """An address where smtpd listens, with a mind of its own."""
    name: str
    cert: str           # of certs
    settings: tuple = ()
    port: int = 25
    address: str = ""   # one is found


def addresses(some):
    """-> by name"""
    return {door.name: door.address or "127.0.1.%d" % n
            for n, door in enumerate(some, 1)}


class Server(postfix.Server):
    doors = []

    def __init__(self, ids, boxes, specs):
        self.certs = certs.make(CERTS, specs)
        super().__init__(ids, boxes)

    @staticmethod
    def settings():
        return SETTINGS.format(spool=place.SPOOL)

    def rows(self):
        rows = "tlsmgr unix - - n 1000? 1 tlsmgr\n"
        at = addresses(self.doors)
        for door in self.doors:
            rows += "%s:%d inet n - n - - smtpd\n" % (
                "[%s]" % at[door.name] if ":" in at[door.name]
                else at[door.name], door.port)
            for setting in ("smtpd_tls_security_level = may",
                            "smtpd_tls_chain_files = "
                            + self.certs[door.cert].pem) + door.settings:
                rows += "  -o { %s }\n" % setting
        return rows

    def complaints(self):
        """Handshakes that are meant to fail are none."""
        return [line for line in super().complaints()
                if not re.search(
                    "TLS library problem|lost connection after (STARTTLS|"
                    "CONNECT|EHLO)", line)]
