"""One module per server that the client must get along with.

    postfix, dovecot        in the clear, with the whole corpus
    postfix_tls, dovecot_tls, exim, opensmtpd   under TLS
    tools                   TLS of test servers, as odd as may be
    dane                    signed zones; verdicts beside posttls-finger's
    auth_cyrus, auth_dovecot    Postfix with either behind its AUTH
    auth_exim, auth_node    AUTH at Exim and at nodemailer's smtp-server
    secrets                 what the client must not let out
    queue                   1,000 messages wait for a way out; settings, ends
    queue_callers           cron, PHP and others; users without rights
    queue_notices           what comes back; what pflogsumm makes of the log
    queue_kill              manager and workers die at random
    queue_crash             and at each of their system calls

To add one: write peers/NAME.py with

    PACKAGES            Debian packages that hold the server; none if it is
                        the module of ../node
    USERS               users it wants; "boxes" owns the mailboxes
    Server(ids, boxes)  ids: number of each user; boxes: local parts to take
        .log            path of the server's log, shown when a check fails
        .routes         [Route], the ways to it; each gets the whole corpus
        .start() .stop()
        .arrived(box)   the messages in a box, as octets
        .empty(box)
        .stripped(octets, box, sender, how)  one without what the server put
                        on top; ValueError says what isn't as it should be,
                        the server's word on TLS included
        .stored(text)   what this server is known to make of such a text
        .complaints()   lines of its log, after stop(), that shouldn't be there
    BOXES               local parts that the checks deliver to
    RECORDS             names for the name server, besides place.RECORDS;
                        without it the peer has to bring its own server
    FOLDER              where PACKAGES are unpacked, if they are the same as
                        another peer's
    prepare(unpacked)   called ahead of the namespace's mounts, if there
    checks(world)       all but the corpus; world is an inside.World

and add NAME to run.PEERS. All of it runs inside the namespace.
"""
from dataclasses import dataclass

from client import CLEAR, Secure


@dataclass(frozen=True)
class Route:
    applet: str
    nexthop: str
    relay: str          # expression for relay= in the result lines
    options: tuple = ()
    # for those that get the corpus
    how: Secure = CLEAR
    name: str = ""      # in the report
    prefix: str = ""    # of its boxes, one per message
    pipe: bool = False  # the message comes through a pipe, not from a file


# the outcome of a recipient whose server took the mail
SENT = ("sent", "2.0.0", "^250 2.0.0 ")
