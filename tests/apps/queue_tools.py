"""The queue's tools: mailq, postqueue, postsuper, postcat, status, check, qmgr,
and sendmail's letters for them.

Forms that scripts read are those of the tools of Debian's Postfix 3.7.11, as
they were recorded.
"""
import concurrent.futures
import contextlib
import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import time

from world import (PROGRAM, SECONDS, SIMPLE, USER, as_user, answers, end, equal,
                   lock_holders, manager, queue, quiet, rcpts, says,
                   stop_manager, test, true, until, waiting, write)

HEAD = "-Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------\n"
LONG_HEAD = ("----Queue ID----- --Size-- ---Arrival Time---- "
             "--Sender/Recipient------\n")
TIME = r"(?:Sun|Mon|Tue|Wed|Thu|Fri|Sat) [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d"
TOOLS = [["mailq"], ["mailq", "-j"], ["postqueue", "-p"], ["postqueue", "-j"],
         ["postqueue", "-f"], ["postqueue", "-i", "A"],
         ["postqueue", "-s", "dest.example"], ["postsuper", "-d", "ALL"],
         ["status"], ["status", "-j"], ["qmgr"], ["sendmail", "-bp"],
         ["sendmail", "-q"], ["sendmail", "-qIA"], ["sendmail", "-qRa.b"]]
LATER = "451 4.2.1 later"


def submit(w, *words, message=SIMPLE):
    """The id under which the queue has it."""
    r = w.run("sendmail", "-v", *words, message=message)
    equal(r.code, 0, r)
    return re.search(r"pickup\[\d+\]: (\w+): uid=", r.err)[1]


def listed(w, *words):
    """What -j tells, as objects by their ids."""
    r = w.run("postqueue", "-j", *words)
    equal((r.code, r.err), (0, ""), r)
    all_of_it = [json.loads(x) for x in r.out.splitlines()]
    return {m["queue_id"]: m for m in all_of_it}


def wait_deferred(w, *ids):
    """Until these were tried in vain and are out of work."""
    until(lambda: {i for i, m in listed(w).items()
                   if m["queue_name"] == "deferred"} >= set(ids),
          lambda: listed(w))
    until(lambda: status(w).get("active", 0) == 0, lambda: status(w))


def status(w, code=None):
    def unique(pairs):
        equal(len(dict(pairs)), len(pairs), f"twice in {pairs}")
        return dict(pairs)
    r = w.run("status", "-j")
    true(r.code in ((0, 1) if code is None else (code,)), r)
    return json.loads(r.out, object_pairs_hook=unique)


def files(q, folder="incoming"):
    return sorted(n for n in os.listdir(f"{q}/{folder}") if n[0] != ".")


def refusing(w, more=""):
    """A queue whose server says later to every recipient; and the server."""
    s = w.server(replies={"RCPT": LATER, "DATA": "554 5.5.1 no recipients"})
    return s, queue(w, s, more)


def relent(s):
    """It takes mail from now on."""
    s.replies.update({"RCPT": "250 2.1.5 Ok", "DATA": "354 go on"})


def unsent(w, more=""):
    """A queue whose server refuses connections."""
    return queue(w, w.closed_port(), more)


@contextlib.contextmanager
def locked(q):
    """Nobody else can be the manager, and none is."""
    with open(q + "/lock", "wb") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        yield


def spool(w, more=""):
    """A queue that is there, empty, and without a manager."""
    q = unsent(w, more)
    equal(w.run("mailq").out, "Mail queue is empty\n")
    return q


def fresh(w, q, *rcpts):
    """A message that no manager has seen."""
    with locked(q):
        return submit(w, "-f", "me@client.example",
                      *(rcpts or ["u@dest.example"]))


def copies(q, mail, n):
    """As many more messages as that one."""
    for i in range(n):
        shutil.copy(f"{q}/incoming/{mail}", f"{q}/incoming/C{i:03d}")
        os.utime(f"{q}/incoming/C{i:03d}",
                 (time.time() + 3000, time.time() + 3000))


# ---- lists -----------------------------------------------------------------

@test
def an_empty_queue_is_said_and_is_no_line_of_json(w):
    spool(w)
    for turn in ("without a manager", "with one"):
        for words in ["mailq"], ["postqueue", "-p"], ["sendmail", "-bp"]:
            r = w.run(*words)
            equal((r.code, r.out, r.err), (0, "Mail queue is empty\n", ""),
                  turn)
        for words in ["mailq", "-j"], ["postqueue", "-j"]:
            quiet(w.run(*words))
        if turn == "without a manager":
            manager(w)


@test
def mail_is_listed_in_the_form_of_postfix(w):
    q = unsent(w)
    manager(w)
    a = submit(w, "-f", "a@s.example", "b@d.example", "c@e.example")
    b = submit(w, "-f", "", "b@d.example")
    wait_deferred(w, a, b)
    size = {i: listed(w)[i]["message_size"] for i in (a, b)}
    out = w.run("mailq").out
    for words in ["postqueue", "-p"], ["sendmail", "-bp"]:
        equal(w.run(*words).out, out)
    true(out.startswith(HEAD), out)
    end_line = f"-- {sum(size.values()) // 1024} Kbytes in 2 Requests.\n"
    true(out.endswith("\n\n" + end_line), out)
    why = r" *\(connect to 127\.0\.0\.1\[127\.0\.0\.1\]:\d+: " \
        r"Connection refused\)"
    blocks = {}
    for block in out[len(HEAD):-len(end_line)].strip("\n").split("\n\n"):
        lines = block.split("\n")
        blocks[lines[0].split()[0]] = lines
    for mail, sender, rcpt in ((a, "a@s.example",
                                ["b@d.example", "c@e.example"]),
                               (b, "MAILER-DAEMON", ["b@d.example"])):
        head, reason, *to = blocks[mail]
        true(re.fullmatch(rf"{mail:<11} {size[mail]:7d} {TIME}  "
                          f"{re.escape(sender)}", head), head)
        true(re.fullmatch(why, reason) and len(reason) >= 78, reason)
        equal(to, [" " * 41 + r for r in rcpt])
    equal(sorted(blocks), sorted([a, b]))


@test
def json_tells_what_was_submitted_field_by_field(w):
    unsent(w)
    manager(w)
    began = int(time.time())
    a = submit(w, "-f", "a@s.example", "b@d.example", "c@e.example",
               message="Subject: one\n\n" + "x" * 50 + "\n")
    b = submit(w, "-f", "<>", "b@d.example")
    wait_deferred(w, a, b)
    now = listed(w)
    for mail, sender, to in ((a, "a@s.example",
                              ["b@d.example", "c@e.example"]),
                             (b, "MAILER-DAEMON", ["b@d.example"])):
        m = now.pop(mail)
        equal(list(m), ["queue_name", "queue_id", "arrival_time",
                        "message_size", "forced_expire", "sender",
                        "recipients"])
        equal((m["queue_name"], m["sender"], m["forced_expire"]),
              ("deferred", sender, False))
        true(began <= m["arrival_time"] <= time.time(), m)
        equal(m["message_size"], len(w.run("postcat", "-qhb", mail).raw))
        equal([list(r) for r in m["recipients"]],
              [["address", "delay_reason"]] * len(to))
        equal([r["address"] for r in m["recipients"]], to)
        for r in m["recipients"]:
            true(re.fullmatch(r"connect to 127\.0\.0\.1\[127\.0\.0\.1\]:\d+:"
                              " Connection refused", r["delay_reason"]), m)
    equal(now, {})


@test
def a_reason_with_any_character_is_valid_json(w):
    odd = '451 4.2.1 "no" \\ back/slash, tab\there, \u00fcml\u00e4ut'
    s = w.server(replies={"RCPT": odd})
    queue(w, s)
    manager(w)
    mail = submit(w, "-f", "me@client.example", "u@dest.example")
    wait_deferred(w, mail)
    reason = listed(w)[mail]["recipients"][0]["delay_reason"]
    for part in ('"no"', "\\ back/slash", "\u00fcml\u00e4ut"):
        true(part in reason, reason)
    true("\u00fcml\u00e4ut" in w.run("mailq").out, w.run("mailq"))


@test
def addresses_are_listed_with_the_quotes_that_they_need(w):
    q = spool(w)
    with locked(q):
        mail = submit(w, "-f", '"joe q"@s.example', '"b \\"b"@d.example')
    m = listed(w)[mail]
    equal((m["sender"], [r["address"] for r in m["recipients"]]),
          ('"joe q"@s.example', ['"b \\"b"@d.example']))
    out = w.run("mailq").out
    true('  "joe q"@s.example\n' in out, out)
    true(" " * 41 + '"b \\"b"@d.example\n' in out, out)


@test
def one_message_is_one_request_and_kilobytes_are_whole(w):
    q = spool(w)
    with locked(q):
        submit(w, "-f", "me@client.example", "u@dest.example",
               message=SIMPLE + "x\n" * 1500)
    size, = [m["message_size"] for m in listed(w).values()]
    equal(size // 1024, 3)
    true(w.run("mailq").out.endswith("-- 3 Kbytes in 1 Request.\n"), "")


@test
def what_nobody_has_tried_is_incoming_and_has_no_reason(w):
    q = spool(w)
    mail = fresh(w, q)
    m = listed(w)[mail]
    equal((m["queue_name"], m["recipients"]),
          ("incoming", [{"address": "u@dest.example"}]))
    head, to = w.run("mailq").out[len(HEAD):].split("\n")[:2]
    true(re.fullmatch(rf"{mail:<11}  +\d+ {TIME}  me@client\.example", head),
         head)
    equal(to, " " * 41 + "u@dest.example")


@test
def a_star_is_in_delivery_and_an_exclamation_mark_on_hold(w):
    q = spool(w)
    b = fresh(w, q)
    equal(w.run("postsuper", "-h", b).code, 0)
    s = w.slow_server()
    queue(w, s)
    manager(w)
    a = submit(w, "-f", "me@client.example", "a@dest.example")
    until(lambda: s.messages, "not sent")
    now = listed(w)
    equal((now[a]["queue_name"], now[b]["queue_name"]), ("active", "hold"))
    out = w.run("mailq").out
    true(re.search(rf"^{a}\*  +\d+ {TIME}  me@", out, re.M), out)
    true(re.search(rf"^{b}!  +\d+ {TIME}  me@", out, re.M), out)
    s.release()
    until(lambda: files(q) == [b], "not sent")


@test
def long_ids_have_columns_of_their_own(w):
    q = spool(w, "enable_long_queue_ids = yes\n")
    mail = fresh(w, q)
    out = w.run("mailq").out
    true(out.startswith(LONG_HEAD), out)
    head, to = out[len(LONG_HEAD):].split("\n")[:2]
    true(re.fullmatch(rf"{mail:<17} +\d+ {TIME} me@client\.example", head),
         head)
    equal((head.index("me@"), to), (47, " " * 47 + "u@dest.example"))


@test
def a_recipient_that_is_done_is_listed_no_more(w):
    s = w.server(replies={"RCPT TO:<b@dest.example>": LATER})
    queue(w, s)
    manager(w)
    mail = submit(w, "-f", "me@client.example", "a@dest.example",
                  "b@dest.example", "c@dest.example")
    wait_deferred(w, mail)
    equal([r["address"] for r in listed(w)[mail]["recipients"]],
          ["b@dest.example"])
    equal(re.findall(r"^ {41}(.*)", w.run("mailq").out, re.M),
          ["b@dest.example"])


@test
def hundreds_are_listed_once_each_and_summed_up(w):
    q = spool(w)
    copies(q, fresh(w, q), 299)
    manager(w)
    now = listed(w)
    equal(sorted(now), files(q))
    out = w.run("postqueue", "-p").out
    kib = sum(m["message_size"] for m in now.values()) // 1024
    true(out.endswith(f"-- {kib} Kbytes in 300 Requests.\n"), out[-99:])
    equal(len(re.findall(rf"^\w+ .*{TIME}", out, re.M)), 300)
    equal(as_user(w, "mailq").out, out)
    equal(as_user(w, "mailq", "-j").out, w.run("mailq", "-j").out)


@test
def thousands_of_recipients_are_all_listed(w):
    q = spool(w)
    to = [f"user{i}@dest.example" for i in range(2000)]
    with locked(q):
        mail = submit(w, "-t", message="Bcc: " + ", ".join(to) + "\n\nx\n")
    equal([r["address"] for r in listed(w)[mail]["recipients"]], to)
    equal(re.findall(r"^ {41}(.*)", w.run("mailq").out, re.M), to)


@test
def a_user_sees_what_root_sees_through_the_manager(w):
    unsent(w)
    manager(w)
    wait_deferred(w, *[submit(w, "u@dest.example") for _ in range(3)])
    for words in ["mailq"], ["postqueue", "-p"], ["postqueue", "-j"]:
        r = as_user(w, *words)
        equal((r.code, r.err), (0, ""), r)
        equal(r.out, w.run(*words).out)


@test
def without_a_manager_a_user_sees_nothing_and_is_told_why(w):
    q = spool(w)
    fresh(w, q)
    for words in ["mailq"], ["postqueue", "-j"]:
        r = as_user(w, *words)
        says(r, 69, "only root may read the queue", "no queue manager runs")
        equal((r.out, r.err.count("\n")), ("", 1), r)


@test
def authorized_mailq_users_says_who_sees_the_queue(w):
    unsent(w, "authorized_mailq_users = root\n")
    manager(w)
    submit(w, "u@dest.example")
    for words in ["mailq"], ["mailq", "-j"]:
        r = as_user(w, *words)
        says(r, 69, "no right of yours allows this")
        equal((r.out, r.err.count("\n")), ("", 1), r)
    true("1 Request." in w.run("mailq").out, "root sees it")


@test
def output_that_cannot_be_written_is_said_once(w):
    mail = fresh(w, spool(w))
    for words in ("mailq", "postqueue -p", "postqueue -j", "status -j",
                  "status", "check -n", "postcat -q", "postcat -qe",
                  "postcat -qh", "postcat -qb"):
        if words.startswith("postcat"):
            words += f" {mail} {mail}"
        for out in ">/dev/full", ">&-":
            r = w.shell(f"$P {words} {out}")
            says(r, 73, "standard output cannot be written")
            equal(r.err.count("\n"), 1, r)
    manager(w)
    for words in "mailq", "postqueue -j":
        r = w.shell(f"setpriv --reuid={USER} --clear-groups $P {words} "
                    ">/dev/full")
        says(r, 73, "standard output cannot be written")
        equal(r.err.count("\n"), 1, r)


@test
def times_are_those_of_the_readers_zone(w):
    q = spool(w)
    mail = fresh(w, q)
    at = listed(w)[mail]["arrival_time"]
    for zone, hours in ("UTC", 0), ("ABC-3", 3), ("ABC+10", -10):
        there = time.strftime("%a %b %e %H:%M:%S",
                              time.gmtime(at + 3600 * hours))
        for words in ["mailq"], ["status"], ["postcat", "-qe", mail]:
            r = w.run(*words, env={"TZ": zone})
            true(f" {there}" in r.out, (there, r))


@test
def what_is_no_message_is_set_aside_and_named(w):
    q = spool(w)
    mail = fresh(w, q)
    write(w, "q/incoming/JUNK", "no message")
    write(w, "q/incoming/odd.name", "x")
    os.mkdir(q + "/incoming/FOLDER")
    manager(w)
    until(lambda: files(q) == [mail], lambda: files(q))
    equal(files(q, "corrupt"), ["FOLDER", "JUNK", "odd.name"])
    equal(list(listed(w)), [mail])
    equal(status(w, 1)["corrupt"], 3)
    with open(w.folder + "/qmgr.err") as f:
        told = f.read()
    true(f"set aside as {q}/corrupt/JUNK" in told, told)


@test
def each_tool_takes_the_folder_of_main_cf_and_settings(w):
    q = spool(w)
    mail = fresh(w, q)
    other = {"MAIL_CONFIG": "/none"}
    for words, part in ((["mailq"], mail), (["postqueue", "-p"], mail),
                        (["postqueue", "-j"], mail), (["status"], q),
                        (["check", "-n"], q), (["postsuper", "-h", mail], ""),
                        (["postcat", "-q", mail], mail),
                        (["sendmail", "-bp"], mail)):
        for more in (["-c", w.folder], ["-o", f"queue_directory={q}", "-o",
                                        "myhostname=client.example"]):
            r = w.run(words[0], *more, *words[1:], env=other)
            true(r.code in (0, 1) and part in r.out, (words, r))


@test
def a_queue_in_memory_is_told(w):
    q = spool(w)
    for words, part in (("status", f"queue {q}, in memory: a restart loses"),
                        ("status -j", '"volatile": true'),
                        ("check -n", "WRONG the queue is in memory, so"),
                        ("qmgr -e 2>&1", "the queue is in memory, so")):
        r = w.shell(f"unshare -rm sh -c 'mount -t tmpfs none {q}; "
                    f"$P {words}'")
        true(part in r.out, r)
    equal(status(w)["volatile"], False)


# ---- what all of them refuse -----------------------------------------------

@test
def no_queue_is_told_by_each_tool_in_one_sentence(w):
    for folder in "", w.folder + "/none/of/it", w.folder + "/main.cf":
        w.config(f"queue_directory = {folder}\n")
        for words in TOOLS:
            r = w.run(*words)
            says(r, 69, "queue")
            equal((r.out, r.err.count("\n")), ("", 1), r)
        r = w.run("postcat", "-q", "A")
        says(r, 69, "there is no queue in queue_directory")


@test
def a_queue_of_postfix_is_left_as_it_is(w):
    os.mkdir(w.folder + "/q")
    os.mkdir(w.folder + "/q/active")
    unsent(w)
    for words in TOOLS + [["check", "-n"]]:
        r = w.run(*words)
        equal(r.code, 1 if words[0] == "check" else 69, r)
        true("belongs to Postfix" in r.err and
             "queue_directory = /var/spool/postern" in r.err, r)
    equal(os.listdir(w.folder + "/q"), ["active"])


@test
def what_makes_no_sense_is_usage_and_one_sentence(w):
    spool(w)
    for words in (
            ["mailq", "-Z"], ["mailq", "-c"], ["mailq", "x"],
            ["postqueue"], ["postqueue", "-Z"], ["postqueue", "-p", "-f"],
            ["postqueue", "-p", "x"], ["postqueue", "-i"],
            ["postqueue", "-s"], ["postqueue", "-f", "-i", "A"],
            ["postqueue", "-i", "A", "-i", "B"],
            ["postsuper", "-Z"], ["postsuper", "-d"], ["postsuper", "-o"],
            ["postsuper", "-d", "ALL", "defered"],
            ["postsuper", "-h", "A", ""],
            ["postcat"], ["postcat", "-q"], ["postcat", "-Z", "A"],
            ["status", "-Z"], ["status", "x"], ["status", "-c"],
            ["check", "-Z"], ["check", "a@b.c", "d@e.f"], ["check", "nobody"],
            ["check", "a b@c.d", "-n"],
            ["qmgr", "x"], ["qmgr", "-Z"], ["qmgr", "-o"],
            ["sendmail", "-qX"], ["sendmail", "-bz"], ["sendmail", "-b"],
            ["sendmail", "-qI"], ["sendmail", "-qR"]):
        r = w.run(*words)
        equal((r.code, r.out), (64, ""), (words, r))
        sentence, usage, more = r.err.splitlines()
        true(sentence.startswith("postern "), (words, r))
        true(usage.startswith("usage: postern "), (words, r))
        true(more.endswith("--help tells more"), (words, r))


@test
def a_main_cf_that_does_not_parse_stops_each_tool_with_its_line(w):
    q = spool(w)
    w.config(f"queue_directory = {q}\nsmtp_helo_timeout = soon\n")
    for words in TOOLS + [["check", "-n"], ["postcat", "-q", "A"]]:
        r = w.run(*words)
        says(r, 78, "main.cf, line 5", "smtp_helo_timeout")
        equal((r.out, r.err.count("\n")), ("", 1), r)


@test
def the_tools_of_root_are_closed_to_users(w):
    q = spool(w)
    mail = fresh(w, q)
    for turn in range(2):
        r = as_user(w, "postsuper", "-d", "ALL")
        says(r, 69, "only root may do this with the queue")
        says(as_user(w, "status"), 69, "only root may do this")
        says(as_user(w, "postcat", "-q", mail), 69,
             "only root may do this")
        says(as_user(w, "postcat", f"{q}/incoming/{mail}"), 1,
             "Permission denied")
        r = as_user(w, "qmgr")
        says(r, 69, q, "belongs to another user", "mail_owner")
        equal(r.err.count("\n"), 1, r)
        equal(files(q), [mail])
        if turn == 0:
            manager(w)


# ---- having it tried -------------------------------------------------------

def two_waiting(w):
    """A server that now takes mail, and two messages that it refused."""
    s, q = refusing(w)
    manager(w)
    a = submit(w, "-f", "me@client.example", "a@one.example")
    b = submit(w, "-f", "me@client.example", "b@two.example")
    wait_deferred(w, a, b)
    relent(s)
    s.dialogue.clear()
    return s, q, a, b


def sent_alone(w, s, q, left):
    """One of two was sent, and the other is not even looked at."""
    until(lambda: files(q) == [left], "not sent")
    equal(status(w)["active"], 0)
    equal(len(rcpts(s)), 1)


@test
def f_tries_all_now(w):
    for words in ["postqueue", "-f"], ["sendmail", "-q"]:
        s, q, a, b = two_waiting(w)
        quiet(w.run(*words))
        until(lambda: not files(q), "not sent")
        equal(sorted(rcpts(s)), ["a@one.example", "b@two.example"])
        end(w.managers.pop())


@test
def i_tries_one_message(w):
    for words in (["postqueue", "-i"], ["sendmail", "-qI"]):
        s, q, a, b = two_waiting(w)
        quiet(w.run(*words, b))
        sent_alone(w, s, q, a)
        equal(rcpts(s), ["b@two.example"])
        quiet(w.run(words[0], words[1] + a))
        until(lambda: not files(q), "not sent")
        end(w.managers.pop())


@test
def s_tries_the_mail_of_one_domain(w):
    for words in (["postqueue", "-s", "ONE.example"],
                  ["sendmail", "-qRone.example"]):
        s, q, a, b = two_waiting(w)
        quiet(w.run(*words))
        sent_alone(w, s, q, b)
        equal(rcpts(s), ["a@one.example"])
        quiet(w.run("postsuper", "-d", b, stderr=subprocess.DEVNULL))
        until(lambda: not files(q), "not removed")
        end(w.managers.pop())


@test
def a_site_without_mail_is_no_fault(w):
    s, q, a, b = two_waiting(w)
    quiet(w.run("postqueue", "-s", "three.example"))
    equal((files(q), s.commands("MAIL")), (sorted([a, b]), []))


@test
def an_id_that_is_not_there_is_said_to_whoever_wants_it_tried(w):
    spool(w)
    manager(w)
    for mail in "NOPE", "x" * 23, "../lock", "A B", "", "x" * 24:
        says_it = "no such message" if mail.isalnum() and len(mail) < 24 \
            else "bad mail queue id: " + mail
        for words in ["postqueue", "-i", mail], ["sendmail", "-qI", mail]:
            if mail == "" and words[0] == "sendmail":
                continue
            r = w.run(*words)
            says(r, 69, "postern postqueue: " + says_it)
            equal(r.err.count("\n"), 1, r)
    r = w.run("postqueue", "-s", "")
    says(r, 69, "postern postqueue: no domain is given")


@test
def users_may_have_it_tried_unless_authorized_flush_users_says_no(w):
    s, q, a, b = two_waiting(w)
    quiet(as_user(w, "postqueue", "-i", a))
    sent_alone(w, s, q, b)
    queue(w, s, "authorized_flush_users = root\n")
    end(w.managers.pop())
    manager(w)
    for words in ["-f"], ["-i", b], ["-s", "two.example"]:
        r = as_user(w, "postqueue", *words)
        says(r, 69, "no right of yours allows this")
        equal(r.err.count("\n"), 1, r)
    quiet(w.run("postqueue", "-f"))
    until(lambda: not files(q), "not sent")


@test
def without_a_manager_f_starts_one_that_leaves_when_all_is_sent(w):
    s, q, a, b = two_waiting(w)
    equal(end(w.managers.pop()), 0)
    for words in ["-i", a], ["-s", "one.example"]:
        says(w.run("postqueue", *words), 69, "no queue manager runs",
             "postern qmgr")
    says(as_user(w, "postqueue", "-f"), 69, "no queue manager runs")
    equal(s.commands("MAIL"), [])
    quiet(w.run("postqueue", "-f"))
    until(lambda: not files(q), "not sent")
    until(lambda: not list(lock_holders(q)), "the manager stays")


# ---- postsuper -------------------------------------------------------------

def super_says(r, *lines):
    """It did what it was told, and says so in the words of Postfix's."""
    equal((r.code, r.out), (0, ""), r)
    plain = [re.sub(r"^(postfix/postsuper\[\d+\]|postern postsuper): ", "", x)
             for x in r.err.splitlines()]
    equal(plain, list(lines), r)


def several(w, n):
    """A queue whose n messages were tried in vain, and a manager."""
    s, q = refusing(w)
    manager(w)
    ids = [submit(w, "-f", "me@client.example", f"u{i}@dest.example")
           for i in range(n)]
    wait_deferred(w, *ids)
    return s, q, ids


@test
def d_removes_one_message_while_the_manager_runs(w):
    s, q, (a, b) = several(w, 2)
    super_says(w.run("postsuper", "-d", a), f"{a}: removed",
               "Deleted: 1 message")
    until(lambda: files(q) == [b], "not removed")
    equal(list(listed(w)), [b])
    super_says(w.run("postsuper", "-d", a), "Deleted: 0 messages")


@test
def d_all_empties_the_queue(w):
    for stops in False, True:
        s, q, ids = several(w, 3)
        if stops:
            equal(end(w.managers.pop()), 0)
        r = w.run("postsuper", "-d", "ALL")
        equal(sorted(re.findall(r": (\w+): removed", r.err)), sorted(ids))
        true(r.err.endswith("postsuper: Deleted: 3 messages\n"), r)
        until(lambda: w.run("mailq").out == "Mail queue is empty\n",
              lambda: w.run("mailq"))
        equal(files(q), [])
        if not stops:
            equal(end(w.managers.pop()), 0)


@test
def a_dash_stands_for_the_ids_of_standard_input(w):
    s, q, (a, b, c) = several(w, 3)
    super_says(w.run("postsuper", "-d", "-", message=f"{a}\nNOPE\n../x\n{c}"),
               f"{a}: removed", "warning: invalid mail queue id: ../x",
               f"{c}: removed", "Deleted: 2 messages")
    until(lambda: files(q) == [b], "not removed")
    super_says(w.run("postsuper", "-d", "-", message=""),
               "Deleted: 0 messages")
    many = "".join(f"N{i}\n" for i in range(3000))
    super_says(w.run("postsuper", "-d", "-", message=many + b),
               f"{b}: removed", "Deleted: 1 message")
    until(lambda: not files(q), "not removed")


@test
def a_line_of_input_that_is_no_id_ends_it_with_a_sentence(w):
    spool(w)
    r = w.run("postsuper", "-d", "-", message="x" * 9000)
    says(r, 69, "a line of standard input is no id")
    for stdin in "</", "<&-":
        r = w.shell("$P postsuper -d - " + stdin)
        true(r.code in (0, 69), r)
        true("cannot be changed" in r.err or "Deleted: 0" in r.err, r)


@test
def mail_on_hold_is_not_tried_until_it_is_released(w):
    s, q, (a, b) = several(w, 2)
    super_says(w.run("postsuper", "-h", a), f"{a}: placed on hold",
               "Placed on hold: 1 message")
    relent(s)
    quiet(w.run("postqueue", "-f"))
    until(lambda: files(q) == [a], "not sent")
    quiet(w.run("postqueue", "-i", a))
    equal(listed(w)[a]["queue_name"], "hold")
    equal(len(s.messages), 1)
    super_says(w.run("postsuper", "-H", a), f"{a}: released from hold",
               "Released from hold: 1 message")
    until(lambda: not files(q), "not sent")


@test
def mail_on_hold_stays_so_when_managers_come_and_go(w):
    s, q, (a,) = several(w, 1)
    w.run("postsuper", "-h", a)
    equal(end(w.managers.pop()), 0)
    relent(s)
    manager(w)
    quiet(w.run("postqueue", "-f"))
    equal(listed(w)[a]["queue_name"], "hold")
    equal(end(w.managers.pop()), 0)
    equal(s.messages, [])
    super_says(w.run("postsuper", "-H", a), f"{a}: released from hold",
               "Released from hold: 1 message")
    manager(w)
    until(lambda: not files(q), "not sent")


@test
def what_is_so_already_is_not_counted(w):
    s, q, (a,) = several(w, 1)
    for turn in "with a manager", "without one":
        super_says(w.run("postsuper", "-H", a),
                   "Released from hold: 0 messages")
        super_says(w.run("postsuper", "-h", a), f"{a}: placed on hold",
                   "Placed on hold: 1 message")
        super_says(w.run("postsuper", "-h", "ALL"),
                   "Placed on hold: 0 messages")
        super_says(w.run("postsuper", "-H", "ALL"),
                   f"{a}: released from hold", "Released from hold: 1 message")
        if turn == "with a manager":
            equal(end(w.managers.pop()), 0)


@test
def r_has_a_message_tried_anew_even_from_hold(w):
    s, q, (a, b) = several(w, 2)
    w.run("postsuper", "-h", a)
    relent(s)
    super_says(w.run("postsuper", "-r", a), f"{a}: requeued",
               "Requeued: 1 message")
    until(lambda: files(q) == [b], "not sent")
    equal(s.messages and rcpts(s)[-1], "u0@dest.example")
    r = w.run("postsuper", "-r", "ALL")
    super_says(r, f"{b}: requeued", "Requeued: 1 message")
    until(lambda: not files(q), "not sent")


@test
def all_means_the_queues_that_are_named(w):
    q = spool(w)
    ids = [fresh(w, q) for _ in range(3)]
    w.run("postsuper", "-h", ids[0])
    super_says(w.run("postsuper", "-d", "ALL", "active", "deferred"),
               "Deleted: 0 messages")
    super_says(w.run("postsuper", "-d", "ALL", "hold"),
               f"{ids[0]}: removed", "Deleted: 1 message")
    equal(files(q), sorted(ids[1:]))
    super_says(w.run("postsuper", "-h", "ALL", "hold"),
               "Placed on hold: 0 messages")
    r = w.run("postsuper", "-d", "ALL", "hold", "incoming")
    true(r.err.endswith("Deleted: 2 messages\n"), r)
    equal(files(q), [])


@test
def no_such_message_is_no_fault_of_postsuper(w):
    spool(w)
    for _ in range(2):
        for letter, done in (("-d", "Deleted"), ("-h", "Placed on hold"),
                             ("-H", "Released from hold"),
                             ("-r", "Requeued")):
            super_says(w.run("postsuper", letter, "NOPE"),
                       f"{done}: 0 messages")
            super_says(w.run("postsuper", letter, "../lock"),
                       "warning: invalid mail queue id: ../lock",
                       f"{done}: 0 messages")
            super_says(w.run("postsuper", letter, "ALL"),
                       f"{done}: 0 messages")
        if not w.managers:
            manager(w)


@test
def several_letters_are_done_in_one_call(w):
    s, q, (a, b, c) = several(w, 3)
    super_says(w.run("postsuper", "-d", a, "-h", b, "-d", c, "-H", b),
               f"{b}: placed on hold", f"{a}: removed", f"{c}: removed",
               "Released from hold: 0 messages", "Placed on hold: 1 message",
               "Deleted: 2 messages")
    until(lambda: files(q) == [b], "not removed")
    quiet(w.run("postsuper"))
    quiet(w.run("postsuper", "-p", "-s"))
    words = ["-d", "A"] * 33
    says(w.run("postsuper", *words), 64, "more than 32 ids", "standard input")


@test
def without_a_manager_postsuper_does_it_and_leaves_the_lock(w):
    s, q, (a, b) = several(w, 2)
    equal(end(w.managers.pop()), 0)
    super_says(w.run("postsuper", "-h", a), f"{a}: placed on hold",
               "Placed on hold: 1 message")
    equal(os.stat(f"{q}/incoming/{a}").st_mode & 0o777, 0o400)
    super_says(w.run("postsuper", "-r", a, "-d", b), f"{a}: requeued",
               f"{b}: removed", "Requeued: 1 message", "Deleted: 1 message")
    equal(os.stat(f"{q}/incoming/{a}").st_mode & 0o777, 0o600)
    equal((files(q), list(lock_holders(q))), ([a], []))
    relent(s)
    manager(w)
    until(lambda: not files(q), "what was requeued is not due")


@test
def nothing_is_said_to_be_done_while_nobody_could_do_it(w):
    q = spool(w)
    mail = fresh(w, q)
    with locked(q):
        for words in ["-d", mail], ["-h", "ALL"], ["-d", "-"]:
            r = w.run("postsuper", *words, message=mail)
            says(r, 69, "the queue cannot be changed")
            equal((r.out, r.err.count("\n")), ("", 1), r)
    equal(listed(w)[mail]["queue_name"], "incoming")


@test
def what_is_removed_during_its_delivery_is_not_tried_again(w):
    s = w.slow_server(replies={".": "451 4.3.0 later"})
    q = queue(w, s)
    manager(w)
    mail = submit(w, "-f", "me@client.example", "u@dest.example")
    until(lambda: s.messages, "not sent")
    super_says(w.run("postsuper", "-d", mail), f"{mail}: removed",
               "Deleted: 1 message")
    s.release()
    until(lambda: not files(q), "not removed")
    quiet(w.run("postqueue", "-f"))
    until(lambda: status(w)["active"] == 0, "it is in work")
    equal(len(s.messages), 1)


@test
def what_is_put_on_hold_during_its_delivery_is_sent_once_or_held(w):
    for reply, left in ("250 2.0.0 Ok", 0), ("451 4.3.0 later", 1):
        s = w.slow_server(replies={".": reply})
        q = queue(w, s)
        manager(w)
        mail = submit(w, "-f", "me@client.example", "u@dest.example")
        until(lambda: s.messages, "not sent")
        super_says(w.run("postsuper", "-h", mail), f"{mail}: placed on hold",
                   "Placed on hold: 1 message")
        s.release()
        until(lambda: status(w)["active"] == 0, "it is in work")
        equal([m["queue_name"] for m in listed(w).values()], ["hold"] * left)
        equal(len(s.messages), 1)
        equal(end(w.managers.pop()), 0)
        w.run("postsuper", "-d", "ALL")


# ---- postcat ---------------------------------------------------------------

BODY = "One line.\n\n\u00fcml\u00e4ut\n" + "x" * 5000 + "\n"


def shown(r):
    """Envelope of a whole postcat, as pairs, and the content."""
    equal((r.code, r.err), (0, ""), r)
    m = re.fullmatch(
        r"\*\*\* ENVELOPE RECORDS (\S+) \*\*\*\n((?:\w+: .*\n)*)"
        r"\*\*\* MESSAGE CONTENTS \1 \*\*\*\n(.*)"
        r"\*\*\* MESSAGE OUTCOMES \1 \*\*\*\n((?:outcome: .*\n)*)"
        r"\*\*\* MESSAGE FILE END \1 \*\*\*\n", r.out, re.S)
    true(m, r)
    return ([tuple(x.split(": ", 1)) for x in m[2].splitlines()], m[3],
            m[4].splitlines())


@test
def postcat_shows_envelope_and_content_of_a_message(w):
    s, q = refusing(w, "myorigin = dest.example\n")
    manager(w)
    mail = submit(w, "-f", '"a b"@s.example', "-V", "envid", "-R", "full",
                  "b@d.example", "c",
                  message="Subject: one\n\n" + BODY)
    wait_deferred(w, mail)
    r = w.run("postcat", "-q", mail)
    env, content, outcomes = shown(r)
    true(f"*** ENVELOPE RECORDS incoming/{mail} ***\n" in r.out, r)
    fields = dict(env)
    m = listed(w)[mail]
    equal(int(fields["message_size"]), m["message_size"])
    equal(fields["message_size"], str(len(content.encode())))
    equal((fields["recipient_count"], fields["submitter_uid"]), ("2", "0"))
    equal((fields["sender"], fields["dsn_envelope_id"]),
          ("a b@s.example", "envid"))
    equal((fields["last_status"], fields["next_hop"]),
          ("4.2.1", f"smtp:[127.0.0.1]:{s.port}"))
    true(LATER in fields["last_reason"], fields)
    true(int(fields["tries"]) >= 1, fields)
    equal(fields["message_arrival_time"], time.strftime(
        "%a %b %e %H:%M:%S %Y", time.gmtime(m["arrival_time"])))
    equal([v for k, v in env if k == "recipient"],
          ["b@d.example", "c@dest.example"])
    equal([v for k, v in env if k == "original_recipient"], ["c"])
    head, body = content.split("\n\n", 1)
    equal(body, BODY)
    true("\nSubject: one\n" in head and head.startswith("Received: by "), head)
    equal(outcomes, [])


@test
def postcat_shows_the_parts_that_are_asked_for(w):
    q = spool(w)
    with locked(q):
        mail = submit(w, "-f", "me@client.example", "u@dest.example",
                      message="Subject: one\n\n" + BODY)
    part = {x: w.run("postcat", "-q" + x, mail).out
            for x in ("e", "h", "b", "hb", "eh", "eb", "ehb", "")}
    equal(part["b"], "\n" + BODY)
    equal(part["h"].split("\n")[0][:12], "Received: by")
    true(part["h"].endswith(">\nTo: undisclosed-recipients:;\n"), part["h"])
    equal(part["h"] + part["b"], part["hb"])
    equal(part["ehb"], part[""])
    titles = re.findall(r"^\*\*\* (.*) incoming/\w+ \*\*\*$", part["e"], re.M)
    equal(titles, ["ENVELOPE RECORDS", "MESSAGE CONTENTS",
                   "MESSAGE OUTCOMES", "MESSAGE FILE END"])
    for x in "h", "b":
        equal(part["e" + x].replace(part[x], ""), part["e"])
    equal(w.run("postcat", "-q", "-h", "-b", mail).out, part["hb"])


@test
def postcat_shows_every_octet_of_a_body(w):
    q = spool(w)
    octets = bytes(x for x in range(256) if x not in (10, 13)) * 70
    for at in 0, 1, 4095, 4096, 4097, 9000:
        with locked(q):
            mail = submit(w, "-f", "me@client.example", "u@dest.example",
                          message=b"a: b\n\n" + octets[:at] + b"\n")
        equal(w.run("postcat", "-qb", mail).raw, b"\n" + octets[:at] + b"\n")
        equal(len(w.run("postcat", "-qhb", mail).raw),
              listed(w)[mail]["message_size"])


@test
def postcat_reads_files_as_well_as_ids(w):
    q = spool(w)
    a, b = fresh(w, q), fresh(w, q, "b@dest.example")
    by_id = w.run("postcat", "-q", a)
    by_file = w.run("postcat", f"{q}/incoming/{a}")
    equal(by_file.out, by_id.out.replace("incoming/", f"{q}/incoming/"))
    equal(w.run("postcat", "-q", a, b).out,
          by_id.out + w.run("postcat", "-q", b).out)
    shutil.copy(f"{q}/incoming/{a}", w.folder + "/copy")
    os.chmod(w.folder + "/copy", 0o644)
    for r in (as_user(w, "postcat", "copy"),
              w.run("postcat", "-o", "queue_directory=", "copy")):
        shown(r)


@test
def postcat_tells_what_is_no_message_and_shows_the_others(w):
    q = spool(w)
    mail = fresh(w, q)
    with open(f"{q}/incoming/{mail}", "rb") as f:
        whole = f.read()
    for n in 0, 100, 511, len(whole) - 9:
        with open(f"{w.folder}/torn", "wb") as f:
            f.write(whole[:n])
        says(w.run("postcat", "torn"), 1, "torn: this is no message")
    says(w.run("postcat", "main.cf"), 1, "main.cf: this is no message")
    says(w.run("postcat", "none"), 1, "none: No such file or directory")
    says(w.run("postcat", "."), 1, ".: ")
    r = w.run("postcat", "-q", "NOPE", mail)
    says(r, 1, "NOPE: No such file or directory")
    equal((r.out, r.err.count("\n")),
          (w.run("postcat", "-q", mail).out, 1), r)


@test
def postcat_takes_no_path_for_an_id(w):
    q = spool(w)
    mail = fresh(w, q)
    for name in "../incoming/" + mail, "./" + mail, f"{q}/incoming/{mail}":
        r = w.run("postcat", "-q", name)
        says(r, 1, "bad mail queue id: " + name)
        equal((r.out, r.err.count("\n")), ("", 1), r)


@test
def postcat_shows_what_became_of_each_recipient(w):
    s = w.server(replies={"RCPT TO:<b@dest.example>": LATER})
    queue(w, s)
    manager(w)
    mail = submit(w, "-f", "me@client.example", "-N", "success,failure",
                  "a@dest.example", "b@dest.example")
    wait_deferred(w, mail)
    env, _, _ = shown(w.run("postcat", "-q", mail))
    equal([(k, v) for k, v in env if k.endswith("recipient")],
          [("done_recipient", "a@dest.example"),
           ("recipient", "b@dest.example")])


# ---- status ----------------------------------------------------------------

COUNTS = ["queue", "volatile", "manager", "incoming", "deferred", "network",
          "hold", "drop", "corrupt", "bytes", "oldest", "next_try"]
OF_MANAGER = ["since", "pid", "messages", "active", "jobs", "processes",
              "sent", "deferrals", "bounced", "removed", "next"]


@test
def status_counts_what_the_queue_holds(w):
    q = spool(w)
    empty = status(w, 0)
    equal((list(empty), empty["queue"], empty["manager"], empty["bytes"],
           empty["oldest"], empty["next_try"]), (COUNTS, q, False, 0, 0, 0))
    ids = [fresh(w, q) for _ in range(3)]
    w.run("postsuper", "-h", ids[0])
    as_user(w, "sendmail", "u@dest.example")
    write(w, "q/corrupt/X", "junk")
    now, all_mail = status(w, 1), listed(w).values()
    equal((now["incoming"], now["hold"], now["deferred"], now["drop"],
           now["corrupt"], now["network"]), (2, 1, 0, 1, 1, 0))
    equal(now["bytes"], sum(m["message_size"] for m in all_mail))
    equal(now["oldest"], min(m["arrival_time"] for m in all_mail))
    true(abs(now["next_try"] - time.time()) < SECONDS, now)
    out = w.run("status").out
    for line in (f"queue {q}", "manager does not run",
                 "waiting 2 new, 0 deferred (0 for the network), 1 on hold, "
                 f"{now['bytes'] // 1024} KiB",
                 "drop 1 not taken in yet: a manager of root does",
                 f"corrupt 1 set aside: look at {q}/corrupt"):
        true(line in out.split("\n"), out)
    true(re.search(rf"^oldest {TIME}$", out, re.M), out)
    true(re.search(rf"^next-try {TIME}$", out, re.M), out)


@test
def status_tells_what_the_manager_did(w):
    s = w.server(replies={"RCPT TO:<b@dest.example>": LATER,
                          "RCPT TO:<c@dest.example>": "550 5.1.1 no"})
    q = queue(w, s)
    began = int(time.time())
    p = manager(w)
    mail = submit(w, "-f", "", "-N", "never", "a@dest.example",
                  "b@dest.example", "c@dest.example")
    submit(w, "-f", "me@client.example", "d@dest.example")
    until(lambda: files(q) == [mail], "not sent")
    wait_deferred(w, mail)
    now = status(w, 0)
    equal(list(now), COUNTS + OF_MANAGER)
    equal((now["manager"], now["pid"]), (True, p.pid))
    true(began <= now["since"] <= time.time(), now)
    equal((now["sent"], now["bounced"], now["removed"]), (2, 1, 1))
    true(now["deferrals"] >= 1, now)
    out = w.run("status").out
    true(re.search(rf"^since {TIME}\npid {p.pid}$", out, re.M), out)
    equal((now["active"], now["jobs"], now["deferred"]), (0, 0, 1))
    true(began < now["next_try"] <= time.time() + 4000, now)
    equal(now["next"], now["next_try"])
    out = w.run("status").out
    true("\nmanager runs\n" in out and f"\npid {p.pid}\n" in out and
         "\nsent 2\n" in out, out)


@test
def status_says_with_its_code_whether_somebody_must_act(w):
    q = spool(w)
    equal(w.run("status").code, 0)
    mail = fresh(w, q)
    equal(w.run("status").code, 1)
    manager(w)
    equal(w.run("status").code, 0)
    wait_deferred(w, mail)
    equal(end(w.managers.pop()), 0)
    w.run("postsuper", "-h", "ALL")
    equal(w.run("status").code, 0)
    write(w, "q/corrupt/X", "junk")
    manager(w)
    equal(w.run("status").code, 1)


@test
def destinations_that_rest_are_all_in_the_json(w):
    a, b = w.closed_port(), w.closed_port()
    queue(w, a, f"transport_maps = inline:{{one.example=smtp:[127.0.0.1]:"
          f"{a.port}, two.example=smtp:[127.0.0.1]:{b.port}}}\n"
          "initial_destination_concurrency = 1\n")
    manager(w)
    for _ in range(2):
        submit(w, "-f", "me@client.example", "u@one.example")
        submit(w, "-f", "me@client.example", "u@two.example")
    until(lambda: w.run("status").out.count("\nrests ") == 2,
          lambda: w.run("status"))
    now = status(w, 0)
    rests = now["rests"]
    equal(len(rests), 2, now)
    for line, port in zip(sorted(rests, key=lambda x: str(a.port) not in x),
                          (a.port, b.port)):
        true(re.fullmatch(rf"smtp:\[127\.0\.0\.1\]:{port} \d+ connect to "
                          r"127\.0\.0\.1.*refused", line), line)


# ---- check -----------------------------------------------------------------

def complaints(r):
    return re.findall(r"^WRONG +(.*)$", r.out, re.M)


@test
def check_finds_nothing_wrong_where_nothing_is(w):
    s = w.server()
    q = queue(w, s)
    r = w.run("check", "u@dest.example")
    equal((r.code, r.err), (0, ""), r)
    true(all(re.match("(ok   |note ) ?", x) for x in r.out.splitlines()), r)
    for line in (f"ok    the settings in {w.folder}", "ok    the clock",
                 "ok    myhostname = client.example",
                 f"ok    the queue in {q}",
                 "note  no queue manager runs: each sendmail starts one for "
                 "its mail"):
        true(line in r.out.splitlines(), r)
    true(re.search(rf"^ok +127\.0\.0\.1\[127\.0\.0\.1\]:{s.port} takes mail "
                   r"for u@dest\.example: ", r.out, re.M), r)
    equal((s.commands("RCPT TO:<u@dest.example>") != [], s.commands("DATA"),
           s.messages, files(q)), (True, [], [], []))
    manager(w)
    true("ok    the queue manager runs\n" in w.run("check", "-n").out, "")


@test
def check_with_n_asks_nobody(w):
    s = w.server()
    queue(w, s)
    r = w.run("check", "-n", "u@dest.example")
    equal((r.code, r.err, s.dialogue), (0, "", []), r)


@test
def check_names_what_is_wrong_and_the_line_that_mends_it(w):
    s = w.server()
    for more, part in (
            ("myhostname = router\n", "write myhostname = router.example"),
            ("smtp_sasl_auth_enable = yes\n",
             "write smtp_sasl_password_maps = "),
            ("smtp_sasl_password_maps = inline:{x=y}\n",
             "write smtp_sasl_auth_enable = yes"),
            ("smtp_tls_security_level = secure\n", "write smtp_tls_CAfile ="),
            (f"smtp_tls_CAfile = {w.folder}/none\n",
             "No such file or directory; install")):
        queue(w, s, more)
        r = w.run("check", "-n")
        equal(r.code, 1, r)
        wrong, = complaints(r)
        true(part in wrong, r)
    os.mkdir(w.folder + "/other")
    os.mkdir(w.folder + "/other/active")
    r = w.run("check", "-n", "-o", f"queue_directory={w.folder}/other")
    equal(r.code, 1, r)
    true("queue_directory = /var/spool/postern" in complaints(r)[0], r)


@test
def check_tells_what_the_server_says(w):
    s = w.server(replies={"RCPT": "550 5.7.1 not you", "MAIL": "250 Ok"})
    queue(w, s)
    r = w.run("check", "-f", "me@client.example", "u@dest.example")
    equal(r.code, 1, r)
    wrong, = complaints(r)
    true("mail for u@dest.example does not go: 5.7.1 " in wrong and
         "not you" in wrong, r)
    equal(s.commands("MAIL")[0].split()[1], "FROM:<me@client.example>")
    queue(w, w.closed_port())
    r = w.run("check")
    equal(r.code, 1, r)
    wrong, = complaints(r)
    true("postmaster@client.example" in wrong and "Connection refused" in
         wrong and "firewall" in wrong, r)


@test
def check_tells_a_user_how_his_mail_gets_away(w):
    q = spool(w)
    r = as_user(w, "check", "-n")
    equal((r.code, r.err), (0, ""), r)
    true(f"ok    the queue in {q}, by way of drop for this user\n" in r.out
         and "start postern qmgr\n" in r.out, r)
    manager(w)
    r = as_user(w, "check", "-n")
    true("ok    the queue manager runs\n" in r.out, r)


# ---- the manager -----------------------------------------------------------

@test
def qmgr_makes_its_spool_and_ends_in_order_at_sigterm(w):
    q = unsent(w)
    for how in signal.SIGTERM, signal.SIGINT:
        p = manager(w)
        for folder, mode in (("incoming", 0o700), ("drop", 0o1733),
                             ("corrupt", 0o700)):
            st = os.stat(f"{q}/{folder}")
            equal((st.st_mode & 0o7777, st.st_uid), (mode, 5321), folder)
        equal(list(lock_holders(q)), [p.pid])
        if how == signal.SIGTERM:
            equal(end(w.managers.pop(), how), 0)
            equal(sorted(os.listdir(q)),
                  ["corrupt", "drop", "incoming", "lock"])
            equal(list(lock_holders(q)), [])


@test
def a_second_manager_is_refused_and_the_first_is_not_disturbed(w):
    s = w.server()
    q = queue(w, s)
    p = manager(w)
    r = w.run("qmgr")
    says(r, 69, f"a queue manager of {q} runs already")
    equal((r.out, r.err.count("\n")), ("", 1), r)
    submit(w, "u@dest.example")
    until(lambda: not files(q), "not sent")
    equal((p.poll(), list(lock_holders(q))[0]), (None, p.pid))


@test
def of_several_managers_one_gets_the_queue(w):
    q = spool(w)
    all_of_them = [subprocess.Popen(
        [PROGRAM, "qmgr"], stdin=subprocess.DEVNULL, cwd=w.folder,
        stderr=subprocess.DEVNULL, env={"MAIL_CONFIG": w.folder})
        for _ in range(6)]
    w.managers += all_of_them
    until(lambda: sum(p.poll() is None for p in all_of_them) == 1,
          lambda: [p.poll() for p in all_of_them])
    one, = [p for p in all_of_them if p.poll() is None]
    equal([p.returncode for p in all_of_them if p != one], [69] * 5)
    until(lambda: answers(q), "no manager")
    equal((status(w)["pid"], end(one)), (one.pid, 0))


@test
def a_second_sigterm_ends_it_at_once_and_the_mail_stays(w):
    s = w.slow_server()
    q = queue(w, s)
    p = manager(w)
    mail = submit(w, "u@dest.example")
    until(lambda: s.messages, "not sent")
    began = time.monotonic()
    until(lambda: p.poll() is not None or p.terminate(), "it does not end")
    true(time.monotonic() < began + 15, "it waited for the delivery")
    equal((p.returncode, files(q)), (0, [mail]))


@test
def qmgr_with_e_leaves_when_the_queue_is_empty(w):
    q = spool(w)
    r = w.run("qmgr", "-e")
    equal((r.code, r.out), (0, ""), r)
    s = w.server()
    queue(w, s)
    fresh(w, q)
    held = fresh(w, q)
    w.run("postsuper", "-h", held)
    r = w.run("qmgr", "-e")
    equal((r.code, files(q), len(s.messages)), (0, [held], 1), r)


@test
def a_killed_manager_is_followed_by_another(w):
    s = w.server()
    q = queue(w, s)
    p = manager(w)
    p.kill()
    p.wait()
    true(os.path.exists(q + "/control"), "this is what it leaves behind")
    equal(w.run("mailq").out, "Mail queue is empty\n")
    mail = fresh(w, q)
    super_says(w.run("postsuper", "-r", mail), f"{mail}: requeued",
               "Requeued: 1 message")
    manager(w)
    until(lambda: not files(q), "not sent")


@test
def a_delivery_in_hand_is_finished_before_the_manager_ends(w):
    s = w.slow_server()
    q = queue(w, s)
    p = manager(w)
    submit(w, "u@dest.example")
    until(lambda: s.messages, "not sent")
    p.terminate()
    late = submit(w, "late@dest.example")
    equal(p.poll(), None, "it did not wait")
    s.release()
    equal(p.wait(SECONDS), 0)
    equal((files(q), len(s.messages)), ([late], 1))


@test
def sighup_has_main_cf_read_anew(w):
    log = f"maillog_file = {w.folder}/log\nmaillog_file_prefixes = /\n"
    anew = "the settings were read anew"
    s, t = w.server(), w.server()
    q = queue(w, s, log)
    p = manager(w)
    p.send_signal(signal.SIGHUP)
    until(lambda: lines_of(w, anew) == 1, "not read")
    queue(w, t, log)
    p.send_signal(signal.SIGHUP)
    until(lambda: lines_of(w, anew) == 2, "not read")
    submit(w, "v@dest.example")
    until(lambda: not files(q), "not sent")
    queue(w, s, log + "smtp_helo_timeout = soon\n")
    p.send_signal(signal.SIGHUP)
    until(lambda: lines_of(w, "smtp_helo_timeout") == 1, "not complained of")
    equal(w.run("sendmail", "w@dest.example").code, 0)
    until(lambda: not files(q), "not sent by the settings that it had")
    equal((s.messages, len(t.messages), p.poll()), ([], 2, None))
    equal(end(w.managers.pop()), 0)


def lines_of(w, part):
    """How many of the log have it."""
    with open(w.folder + "/log") as f:
        return sum(part in x for x in f)


@test
def a_manager_that_does_not_answer_is_still_there(w):
    q = unsent(w, "trigger_timeout = 1s\n")
    p = manager(w)
    mail = submit(w, "-f", "me@client.example", "u@dest.example")
    wait_deferred(w, mail)
    p.send_signal(signal.SIGSTOP)
    try:
        with concurrent.futures.ThreadPoolExecutor() as pool:
            now, out, *refusals = pool.map(lambda words: w.run(*words), (
                ["status", "-j"], ["mailq"], ["postqueue", "-f"],
                ["postqueue", "-i", mail], ["postsuper", "-d", "ALL"]))
    finally:
        p.send_signal(signal.SIGCONT)
    equal((now.code, json.loads(now.out)["manager"]), (0, True), now)
    true(f"\n{mail} " in out.out and out.code == 0, out)
    for r in refusals:
        says(r, 69, "manager does not answer")
    until(lambda: answers(q) and status(w)["manager"], "it does not go on")


# ---- sendmail's letters ----------------------------------------------------

@test
def bd_leaves_a_manager_behind_that_stays(w):
    s, t = w.server(), w.server()
    os.mkdir(w.folder + "/etc")
    env = {"MAIL_CONFIG": "etc"}
    for words in ["-bd"], ["-bd", "-q30m"], ["-q1h"], ["-bd", "-C", "etc"]:
        q = queue(w, s)
        os.rename(w.folder + "/main.cf", w.folder + "/etc/main.cf")
        quiet(w.run("sendmail", *words, env=env))
        until(lambda: answers(q), "no manager")
        pid, = lock_holders(q)
        for server in s, t:
            n = len(server.messages)
            quiet(w.run("sendmail", "u@dest.example", env=env))
            until(lambda: len(server.messages) > n and not files(q),
                  "not sent")
            true(pid in lock_holders(q), "it left")
            if server == s:     # it finds a relative folder again
                queue(w, t)
                os.rename(w.folder + "/main.cf", w.folder + "/etc/main.cf")
                os.kill(pid, signal.SIGHUP)
        r = w.run("sendmail", "-bd", env=env)
        says(r, 69, f"a queue manager of {q} runs already")
        stop_manager(q)


@test
def bd_says_what_hinders_the_manager(w):
    for words, code, part in (
            (["-o", "queue_directory="], 69, "queue_directory"),
            (["-o", "queue_directory=/none/of/it"], 69, "cannot be made"),
            (["-o", "smtp_helo_timeout=soon"], 78, "smtp_helo_timeout")):
        r = w.run("sendmail", "-bd", *words)
        says(r, code, part)
        equal(r.err.count("\n"), 1, r)
    spool(w)
    says(as_user(w, "sendmail", "-bd"), 69, "belongs to another user")


def talk(w, lines, run=None):
    """The codes that sendmail -bs answers with, and the whole."""
    r = (run or w.run)("sendmail", "-bs", message="".join(
        x + "\r\n" for x in lines).encode())
    equal((r.code, r.err), (0, ""), r)
    return re.findall(r"^(\d\d\d) ", r.out.replace("\r\n", "\n"), re.M), r


@test
def bs_takes_several_messages_in_a_session(w):
    q = spool(w)
    with locked(q):
        codes, r = talk(w, [
            "EHLO me", "MAIL FROM:<a@s.example> SIZE=99 RET=HDRS ENVID=x+2By",
            "RCPT TO:<b@d.example> NOTIFY=NEVER",
            "RCPT TO:<c@d.example> ORCPT=rfc822;old@d.example", "DATA",
            "Subject: one", "", "..dot", ".", "MAIL FROM:<>",
            "RCPT TO:<u@dest.example>", "DATA", "", "two", ".", "QUIT"])
    equal(codes, "220 250 250 250 250 354 250 250 250 354 250 221".split())
    for word in "DSN", "8BITMIME", "PIPELINING", "ENHANCEDSTATUSCODES":
        true(f"250-{word}\r\n" in r.out or f"250 {word}\r\n" in r.out, r)
    a, b = re.findall(r"queued as (\w+)", r.out)
    now = listed(w)
    equal([now[a]["sender"], now[b]["sender"]],
          ["a@s.example", "MAILER-DAEMON"])
    equal([x["address"] for x in now[a]["recipients"]],
          ["b@d.example", "c@d.example"])
    equal(w.run("postcat", "-qb", a).out, "\n.dot\n")
    env, _, _ = shown(w.run("postcat", "-q", a))
    true(("dsn_envelope_id", "x+y") in env, env)
    true(("named_attribute", "dsn_orig_rcpt=rfc822;old@d.example") in env, env)


@test
def bs_refuses_what_makes_no_sense_and_goes_on(w):
    q = spool(w, "message_size_limit = 3000\n")
    with locked(q):
        codes, r = talk(w, [
            "WHAT", "DATA", "RCPT TO:<a@b.example>", "MAIL FROM:a@b.example",
            "MAIL FROM:<a@b.example> NONE=1", "MAIL FROM:<a@b.example> SIZE=x",
            "MAIL FROM:<a@b.example> SIZE=4000", "MAIL FROM:<a@b.example>",
            "MAIL FROM:<b@b.example>", "DATA", "RCPT TO:<>",
            "RCPT TO:<a@b.example> NOTIFY=NOW", "RCPT TO:<c@d.example>",
            "DATA", *["x" * 70] * 60, ".", "x" * 9000, "RSET",
            "RCPT TO:<c@d.example>", "MAIL FROM:<a@b.example>",
            "RCPT TO:<c@d.example>", "DATA", "", "y", ".", "QUIT"])
    equal(codes, ("220 502 503 503 501 555 501 552 250 503 503 501 501 250 "
                  "354 552 500 250 503 250 250 354 250 221").split(), r)
    equal(len(files(q)), 1)


@test
def bs_that_breaks_off_queues_nothing(w):
    q = spool(w)
    head = ["EHLO me", "MAIL FROM:<a@s.example>", "RCPT TO:<b@d.example>",
            "DATA", "Subject: one", "", "text"]
    for lines in head, head[:3], []:
        codes, r = talk(w, lines)
        true("queued" not in r.out, r)
    equal((files(q), waiting(q)), ([], []))


@test
def bs_of_a_user_puts_mail_into_drop(w):
    q = spool(w)
    r = as_user(w, "sendmail", "-bs", message=(
        b"MAIL FROM:<a@s.example>\r\nRCPT TO:<b@d.example>\r\nDATA\r\n\r\n"
        b"x\r\n.\r\nQUIT\r\n"))
    equal(r.code, 0, r)
    true("250 2.0.0 Ok: queued as " in r.out, r)
    true("no queue manager runs" in r.err, r)
    equal((len(files(q, "drop")), files(q)), (1, []))
    manager(w)
    until(lambda: files(q) and not files(q, "drop"), "not taken in")
    equal([m["sender"] for m in listed(w).values()], ["a@s.example"])
