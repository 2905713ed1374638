"""The program as its callers meet it: options, files, streams, exit codes.

    python3 tests/apps/run.py PROGRAM [NAME]...

Each test is a function here; its name is the sentence it proves.  Servers are
on free ports of 127.0.0.1 and end with the test that made them.  Ends with
"N passed, N failed".
"""
import os
import re
import resource
import socket
import subprocess
import sys
import time
import traceback

from world import (APPLETS, PROGRAM, SECONDS, SIMPLE, TESTS, USER, Result,
                   World, as_user, equal, names, queue, quiet, rcpts, says,
                   stop_manager, test, true, until, value, waiting, write)
import convert
import queue_tools  # noqa: F401


# ---- postern under its own name --------------------------------------------

@test
def list_names_each_applet_on_a_line(w):
    r = w.run("--list")
    equal(r.code, 0, r)
    equal(r.out.split("\n")[:-1], APPLETS)


@test
def version_and_help_are_told(w):
    true(re.fullmatch(r"postern \d+\.\d+\.\d+\n", w.run("--version").out), "")
    r = w.run("--help")
    equal(r.code, 0)
    for name in APPLETS:
        true(re.search(rf"^  {name} ", r.out, re.M), r)


@test
def each_applet_tells_how_it_is_used(w):
    for name in APPLETS:
        r = w.run(name, "--help")
        equal(r.code, 0, r)
        true(r.out.startswith(f"usage: postern {name} "), r)
        true("Exit: 0" in r.out, r)
        equal(r.err, "")


@test
def an_unknown_option_is_usage_with_the_way_to_help(w):
    for words in (["sendmail", "-Z"], ["smtp", "-Z"], ["--nothing"], [],
                  ["nothing"], ["postconf", "-Z"]):
        r = w.run(*words)
        says(r, 64, "usage: postern")
        says(r, 64, "--help")


@test
def a_link_is_the_applet_of_its_name(w):
    os.symlink(PROGRAM, w.folder + "/sendmail")
    r = w.shell("./sendmail -bp")
    says(r, 69, "postern mailq:", "there is no queue")


@test
def install_makes_and_lists_links_to_the_program(w):
    os.mkdir(w.folder + "/bin")
    r = w.run("--install", "bin")
    equal((r.code, r.err), (0, ""), r)
    equal(r.out.split(), [f"bin/{n}" for n in APPLETS])
    for name in APPLETS:
        equal(os.readlink(f"{w.folder}/bin/{name}"), PROGRAM)


@test
def install_replaces_links_and_nothing_else(w):
    os.mkdir(w.folder + "/bin")
    os.symlink("busybox", w.folder + "/bin/sendmail")
    with open(w.folder + "/bin/smtp", "w") as f:
        f.write("mine")
    r = w.run("--install", "bin")
    says(r, 73, "bin/smtp", "is no link")
    equal(os.readlink(w.folder + "/bin/sendmail"), PROGRAM)
    with open(w.folder + "/bin/smtp") as f:
        equal(f.read(), "mine")


@test
def install_into_no_folder_is_said_once(w):
    r = w.run("--install", "nowhere")
    says(r, 73, "nowhere")
    equal(r.err.count("\n"), 1, r)
    says(w.run("--install"), 64, "folder")


@test
def standard_output_that_takes_nothing_is_said(w):
    for words in ("--list", "--help", "--version", "sendmail --help",
                  "smtp --help"):
        says(w.shell(f"$P {words} >/dev/full"), 73, "standard output")
        says(w.shell(f"$P {words} >&-"), 73, "standard output")


@test
def the_demo_delivers_its_message_whole(w):
    demo = os.path.join(os.path.dirname(os.path.realpath(__file__)),
                        "..", "demo")
    r = Result(subprocess.run(
        ["sh", demo, PROGRAM], stdout=subprocess.PIPE, timeout=SECONDS,
        stderr=subprocess.PIPE, env={**os.environ, "PYTHON": sys.executable}))
    equal((r.code, r.err), (0, ""), r)
    true("    C: MAIL FROM:<ada@client.example>" in r.out, r)
    equal(len(re.findall(r"status=sent \(250 2\.0\.0 Ok: taken\)", r.out)), 2)


# ---- sendmail: the header ---------------------------------------------------

@test
def what_a_header_lacks_is_added(w):
    s = w.server()
    quiet(w.sendmail(s, "-f", "me@client.example", "u@dest.example"))
    m, = s.messages
    equal(names(m), ["Received", "Subject", "From", "Date", "Message-ID",
                     "To"])
    equal(value(m, "To"), "undisclosed-recipients:;")
    true(re.fullmatch(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} "
                      r"\d\d:\d\d:\d\d \+0000", value(m, "Date")), m)
    true(re.fullmatch(r"<\d{14}\.[0-9a-f]{16}@client\.example>",
                      value(m, "Message-ID")), m)
    true(re.fullmatch(r"by client\.example \(Postfix, from userid \d+\)\t"
                      r"id [0-9a-f]{16}; .*", value(m, "Received")), m)
    equal(m.split(b"\n\n")[1], b"One line.\n")


@test
def what_a_header_has_is_left_alone(w):
    s = w.server()
    head = ("From: x@y.example\nDATE: then\nMessage-Id: <1@x>\n"
            "To: a@b.example,\n\tc@d.example\nX-Odd:no blank\n")
    quiet(w.sendmail(s, "u@dest.example", message=head + "\nBody\n"))
    m, = s.messages
    true(m.endswith(head.encode() + b"\nBody\n"), m)
    equal(names(m)[:2], ["Received", "From"])


@test
def the_date_has_the_local_zone(w):
    s = w.server()
    quiet(w.sendmail(s, "u@dest.example", env={"TZ": "XST-05:30"}))
    true(value(s.messages[0], "Date").endswith(" +0530"), s.messages)


@test
def message_ids_differ(w):
    s = w.server()
    for _ in range(20):
        quiet(w.sendmail(s, "u@dest.example"))
    equal(len({value(m, "Message-ID") for m in s.messages}), 20)


@test
def a_missing_from_has_the_full_name(w):
    s = w.server()
    for words, env, expected in (
            (["-F", "Ann Other"], {}, "Ann Other <me@client.example>"),
            (["-FAnn B. Other"], {}, '"Ann B. Other" <me@client.example>'),
            (["-F", "J\u00f6rg"], {},
             "=?UTF-8?B?SsO2cmc=?= <me@client.example>"),
            ([], {"NAME": "Ann"}, "Ann <me@client.example>"),
            (["-F", ""], {}, "me@client.example"),
            (["-F", "A\nBcc: x@y"], {}, '"A Bcc: x@y" <me@client.example>'),
            (["-o", "header_from_format=obsolete", "-F", "Ann (1)"], {},
             "me@client.example (Ann \\(1\\))")):
        s.messages.clear()
        quiet(w.sendmail(s, "-f", "me", *words, "u@dest.example", env=env))
        equal(value(s.messages[0], "From"), expected)


@test
def a_gateway_message_gets_no_fields(w):
    s = w.server()
    quiet(w.sendmail(s, "-G", "u@dest.example"))
    equal(names(s.messages[0]), ["Received", "Subject"])
    quiet(w.sendmail(s, "-G", "-o", "always_add_missing_headers=yes",
                     "u@dest.example"))
    true("Date" in names(s.messages[1]), s.messages)


@test
def a_mailbox_line_ahead_of_the_header_is_dropped(w):
    s = w.server()
    quiet(w.sendmail(s, "u@dest.example", message=">From x Thu Jan 1\n" +
                     "From y@z Thu Jan  1 00:00:00 1970\n" + SIMPLE))
    equal(names(s.messages[0])[:2], ["Received", "Subject"])
    true(b"1970\n" not in s.messages[0], s.messages)


@test
def a_message_without_header_is_all_body(w):
    s = w.server()
    for text in ("just text\n", "\nafter an empty line\n", "", " folded\n"):
        s.messages.clear()
        quiet(w.sendmail(s, "u@dest.example", message=text))
        body = s.messages[0].split(b"\n\n", 1)[1]
        equal(body, text.lstrip("\n").encode())


@test
def a_line_of_any_length_passes(w):
    s = w.server()
    long = "X-Long: " + "abcdefg " * 9000 + "end\n"
    text = "y" * 70000 + "\n"
    quiet(w.sendmail(s, "-o", "smtp_line_length_limit=0", "u@dest.example",
                     message=long + "\n" + text))
    true(long.encode() in s.messages[0], "header")
    true(s.messages[0].endswith(b"\n\n" + text.encode()), "body")


# ---- sendmail: recipients ---------------------------------------------------

@test
def t_takes_recipients_from_the_header_and_hides_bcc(w):
    s = w.server()
    quiet(w.sendmail(s, "-t", message=(
        'To: "A, first" <a@dest.example>, b@dest.example (B)\n'
        "Cc: c@dest.example,\n d@dest.example\n"
        "bcc: e@dest.example\n\tf@dest.example\n"
        "Reply-To: no@dest.example\n\nx\n").replace("\n\tf", ",\n\tf")))
    equal(rcpts(s), [f"{x}@dest.example" for x in "abcdef"])
    true(b"cc: e@" not in s.messages[0] and b"f@dest" not in s.messages[0],
         s.messages)


@test
def t_adds_to_the_recipients_of_the_command_line(w):
    s = w.server()
    quiet(w.sendmail(s, "-t", "--", "z@dest.example", "y@dest.example",
                     message="To: a@dest.example\n\nx\n"))
    equal(rcpts(s), ["z@dest.example", "y@dest.example", "a@dest.example"])


@test
def resent_fields_beat_the_others(w):
    s = w.server()
    quiet(w.sendmail(s, "-t", "-f", "me@client.example", message=(
        "From: a@b.example\nTo: old@dest.example\nDate: then\n"
        "Resent-To: new@dest.example\nResent-Bcc: hid@dest.example\n\nx\n")))
    equal(rcpts(s), ["new@dest.example", "hid@dest.example"])
    equal(names(s.messages[0]), [
        "Received", "From", "To", "Date", "Resent-To", "Resent-From",
        "Resent-Date", "Resent-Message-ID"])


@test
def without_t_the_header_gives_no_recipients(w):
    s = w.server()
    quiet(w.sendmail(s, "u@dest.example",
                     message="To: no@dest.example\nBcc: x@y\n\nx\n"))
    equal(rcpts(s), ["u@dest.example"])
    true("Bcc" not in names(s.messages[0]), s.messages)


@test
def no_recipient_is_no_delivery(w):
    s = w.server()
    says(w.sendmail(s), 64, "no recipients")
    says(w.sendmail(s, "-t"), 65, "no recipient", "nothing was sent")
    says(w.sendmail(s, "-t", message="To: nobody:;\n\nx\n"), 65)
    equal(s.dialogue, [])


@test
def an_empty_recipient_is_none(w):
    s = w.server()
    for word in ("", "<>", " , "):
        says(w.sendmail(s, word), 65, "the command line names no recipient")
    equal(s.dialogue, [])


@test
def a_recipient_named_twice_gets_it_once(w):
    s = w.server()
    quiet(w.sendmail(s, "-t", "A@dest.example", "b@dest.example", message=(
        "To: a@dest.example, B <b@DEST.example>, c@dest.example\n\nx\n")))
    equal(rcpts(s), ["A@dest.example", "b@dest.example", "c@dest.example"])


@test
def addresses_get_the_domain_they_lack(w):
    w.config("mydomain = home.example\nmyorigin = $mydomain\n")
    s = w.server()
    quiet(w.sendmail(s, "-f", "cron", "root", "ann@router",
                     "bob@dest.example.", "u@[192.0.2.1]"))
    equal(s.commands("MAIL")[0].split()[1], "FROM:<cron@home.example>")
    equal(rcpts(s), ["root@home.example", "ann@router.home.example",
                     "bob@dest.example", "u@[192.0.2.1]"])
    s.dialogue.clear()
    quiet(w.sendmail(s, "-o", "append_dot_mydomain=no", "ann@router"))
    equal(rcpts(s), ["ann@router"])


@test
def what_is_no_address_is_said_and_the_others_are_sent(w):
    s = w.server()
    r = w.sendmail(s, "-t", message=(
        "To: undisclosed recipients, <a@dest.example\n"
        "Cc: b@dest.example\n\nx\n"))
    says(r, 69, "<undisclosed recipients>", "no mail address")
    says(r, 69, "<a@dest.example>", "no mail address")
    equal(rcpts(s), ["b@dest.example"])


@test
def a_recipient_cannot_pass_for_an_option(w):
    s = w.server()
    says(w.sendmail(s, "--", "-bd@dest.example"), 69, "no mail address")
    equal(s.dialogue, [])


@test
def a_recipient_that_may_begin_with_minus_is_none(w):
    s = w.server()
    w.config("allow_min_user = yes\n")
    for words in ([], ["-N", "never"]):
        quiet(w.sendmail(s, *words, "--", "-Nx@dest.example",
                         "u@dest.example"))
        equal(rcpts(s)[-2:], ["-Nx@dest.example", "u@dest.example"])
    equal([" NOTIFY=NEVER" in c for c in s.commands("RCPT")],
          [False, False, True, True])


@test
def a_recipient_that_gets_too_long_spoils_no_other(w):
    s = w.server()
    origin = "myorigin=" + ".".join(["x" * 60] * 9)
    r = w.sendmail(s, "-o", origin, "-t",
                   message=f"To: {'x' * 990}, u@dest.example\n\nx\n")
    says(r, 69, "xxx@", "no mail address")
    equal(rcpts(s), ["u@dest.example"])


@test
def a_failed_recipient_is_named_however_long(w):
    s = w.server(replies={"RCPT": "550 5.1.1 unknown"})
    local = '\\"' * 985
    r = w.sendmail(s, "-t", message=f'To: "{local}"@dest.example\n\nx\n')
    says(r, 69, f'to=<"{local}"@dest.example>', "status=bounced")


@test
def no_recipient_of_a_long_list_is_lost(w):
    s = w.server()
    many = [f"user{i}@dest.example" for i in range(3000)]
    quiet(w.sendmail(s, "-t", message="Bcc: " + ", ".join(many) + "\n\nx\n"))
    equal(rcpts(s), many)
    equal(len(s.messages), 1)


@test
def more_recipients_than_fit_are_refused_as_a_whole(w):
    s = w.server()
    many = ", ".join(f"u{i}{'x' * 200}@dest.example" for i in range(6000))
    says(w.sendmail(s, "-t", message="Bcc: " + many + "\n\nx\n"), 65,
         "nothing was sent")
    equal(s.dialogue, [])


# ---- sendmail: the envelope -------------------------------------------------

@test
def the_sender_is_given_in_any_of_the_forms(w):
    s = w.server()
    for words, expected in (
            (["-f", "a@b.example"], "a@b.example"),
            (["-fa@b.example"], "a@b.example"),
            (["-ra@b.example"], "a@b.example"),
            (["-oi", "-f", "Ann <a@b.example>"], "a@b.example"),
            (["-f", '"a b"@c.example'], '"a b"@c.example'),
            (["-f", ""], ""), (["-f", "<>"], ""), (["-f<>"], "")):
        s.dialogue.clear()
        quiet(w.sendmail(s, *words, "u@dest.example"))
        true(s.commands("MAIL")[0].startswith(f"MAIL FROM:<{expected}>"),
             s.dialogue)
    says(w.sendmail(s, "-f", "a@b c@d", "u@dest.example"), 64, "no address")


@test
def dsn_options_reach_the_server(w):
    s = w.server()
    quiet(w.sendmail(s, "-N", "success,failure", "-R", "hdrs", "-V", "a+b",
                     "-B", "8BITMIME", "u@dest.example"))
    mail, = s.commands("MAIL")
    for part in ("RET=HDRS", "ENVID=a+2Bb", "BODY=8BITMIME"):
        true(part in mail.split(), mail)
    true("NOTIFY=SUCCESS,FAILURE" in s.commands("RCPT")[0].split(), s.dialogue)
    for words in (["-N", "often"], ["-N", ""], ["-R", "all"], ["-B", "9bit"]):
        says(w.sendmail(s, *words, "u@dest.example"), 64, words[0])


@test
def smtputf8_is_asked_for_when_something_needs_it(w):
    s = w.server()
    utf8 = ["-o", "smtputf8_enable=yes"]
    for words, message, needs in (
            (["u@dest.example"], SIMPLE, False),
            (["u@dest.example"], "Subject: x\n\nb\u00f6dy\n", False),
            (["u@dest.example"], "Subject: \u00fc\n\nx\n", True),
            (["\u00fc@dest.example"], SIMPLE, True),
            (["-f", "\u00fc@b.example", "u@dest.example"], SIMPLE, True),
            (["-o", "smtputf8_autodetect_classes=verify", "u@dest.example"],
             "Subject: \u00fc\n\nx\n", False)):
        s.dialogue.clear()
        quiet(w.sendmail(s, *utf8, *words, message=message))
        equal("SMTPUTF8" in s.commands("MAIL")[0].split(), needs, words)


@test
def bv_asks_and_sends_nothing(w):
    s = w.server(replies={"RCPT TO:<b@dest.example>": "550 5.1.1 no"})
    r = w.sendmail(s, "-bv", "a@dest.example", "b@dest.example",
                   stdin=subprocess.DEVNULL)
    equal(r.code, 69, r)
    true(re.search(r"^to=<a@dest\.example>.*status=deliverable", r.out, re.M),
         r)
    true(re.search(r"^to=<b@dest\.example>.*status=undeliverable", r.out,
                   re.M), r)
    equal(s.commands("DATA"), [])
    equal(s.messages, [])


# ---- sendmail: reading the message ------------------------------------------

def body_of(w, message, *words):
    s = w.server()
    quiet(w.sendmail(s, *words, "u@dest.example", message=message))
    return s.messages[0].split(b"\n\n", 1)[1]


@test
def a_line_with_a_dot_ends_the_message_unless_i_is_given(w):
    text = "a: b\n\none\n.\ntwo\n"
    equal(body_of(w, text), b"one\n")
    equal(body_of(w, text.replace("\n", "\r\n")), b"one\n")
    for words in (["-i"], ["-oi"], ["-o", "i"], ["-ti"], ["-i", "-em"]):
        equal(body_of(w, text, *words), b"one\n.\ntwo\n", words)
    equal(body_of(w, "a: b\n\n..\n.x\n. \n"), b"..\n.x\n. \n")
    equal(body_of(w, "a: b\n\none\n."), b"one\n")


@test
def a_dot_ends_the_message_while_the_pipe_is_open(w):
    s = w.server()
    p = subprocess.Popen(
        [PROGRAM, "sendmail", "-S", f"127.0.0.1:{s.port}", "u@dest.example"],
        stdin=subprocess.PIPE, env={"MAIL_CONFIG": w.folder})
    try:
        p.stdin.write(b"Subject: x\n\nhello\n.\n")
        p.stdin.flush()
        equal(p.wait(SECONDS), 0)
        equal(s.messages[0].split(b"\n\n", 1)[1], b"hello\n")
    finally:
        p.stdin.close()
        p.kill()
        p.wait()


@test
def line_ends_follow_their_setting(w):
    def ends(how, text):
        return body_of(w, text, "-o", f"sendmail_fix_line_endings={how}")
    equal(ends("always", "a: b\n\nx\r\ny\n"), b"x\ny\n")
    equal(ends("strict", "a: b\n\nx\r\ny\n"), b"x \ny\n")
    equal(ends("strict", "a: b\r\n\r\nx\r\ny\n"), b"x\ny\n")


@test
def stray_cr_and_smuggled_dots_stay_content(w):
    equal(body_of(w, b"a: b\n\nx\ry\n"), b"x y\n")
    equal(body_of(w, b"a: b\n\nx\n.\r\r\ny\n"), b"x\n. \ny\n")
    s = w.server()
    quiet(w.sendmail(s, "-i", "u@dest.example", message=(
        b"a: b\n\nx\n.\r\nMAIL FROM:<evil@x>\r\nRCPT TO:<v@x>\r\nDATA\r\n")))
    equal(len(s.commands("MAIL")), 1)
    equal(len(s.messages), 1)


@test
def every_octet_of_a_body_arrives(w):
    octets = bytes(x for x in range(256) if x not in (10, 13)) * 3
    for size in (1, 4094, 4095, 4096, 4097, 8191, 9000):
        body = (octets * 20)[:size] + b"\n"
        equal(body_of(w, b"a: b\n\n" + body, "-o",
                      "smtp_line_length_limit=0"), body, size)


@test
def a_message_beyond_the_limit_is_not_sent(w):
    s = w.server()
    limit = ["-o", "message_size_limit=5000"]
    r = w.sendmail(s, *limit, "u@dest.example",
                   message="a: b\n\n" + "x\n" * 4000)
    says(r, 75, "message_size_limit = 5000", "nothing was sent")
    equal(s.dialogue, [])
    quiet(w.sendmail(s, "-o", "message_size_limit=0", "u@dest.example",
                     message="a: b\n\n" + "x\n" * 4000))


@test
def an_endless_header_is_given_up(w):
    s = w.server()
    r = w.shell("yes 'X-A: b' | $P sendmail -S 127.0.0.1:$PORT a@b.example",
                s)
    says(r, 75, "message_size_limit", "nothing was sent")
    r = w.shell("(printf X:; yes b | tr -d '\\n') |"
                "$P sendmail -S 127.0.0.1:$PORT a@b.example", s)
    says(r, 75, "message_size_limit", "nothing was sent")
    equal(s.dialogue, [])


@test
def a_message_that_cannot_be_read_is_not_sent(w):
    s = w.server()
    r = w.shell("$P sendmail -S 127.0.0.1:$PORT a@b.example </", s)
    says(r, 65, "Is a directory", "nothing was sent")
    r = w.shell("$P sendmail -S 127.0.0.1:$PORT a@b.example <&-", s)
    says(r, 65, "standard input is closed", "nothing was sent")
    r = w.shell("$P smtp '[127.0.0.1]':$PORT a@b.example </", s)
    equal(r.code, 65, r)
    r = w.shell("$P smtp '[127.0.0.1]':$PORT a@b.example <&-", s)
    says(r, 65, "standard input")
    equal(s.dialogue, [])


@test
def a_loop_of_hops_is_ended(w):
    s = w.server()
    hops = "Received: by x; then\n" * 50
    says(w.sendmail(s, "u@dest.example", message=hops + SIMPLE), 69,
         "hopcount_limit", "nothing was sent")
    equal(s.dialogue, [])
    quiet(w.sendmail(s, "u@dest.example",
                     message=hops[:-21] + SIMPLE))


# ---- sendmail: what becomes of it -------------------------------------------

@test
def success_is_silent_and_v_is_not(w):
    s = w.server()
    quiet(w.sendmail(s, "u@dest.example"))
    r = w.sendmail(s, "-v", "u@dest.example")
    equal((r.code, r.out), (0, ""), r)
    true("status=sent" in r.err, r)
    true("RCPT TO" not in r.err, r)
    r = w.sendmail(s, "-v", "-v", "u@dest.example")
    true("RCPT TO:<u@dest.example>" in r.err, r)


@test
def each_failed_recipient_has_a_line_and_is_tried_once(w):
    s = w.server(replies={"RCPT TO:<a@dest.example>": "550 5.1.1 unknown",
                          "RCPT TO:<b@dest.example>": "450 4.2.1 busy"})
    r = w.sendmail(s, "a@dest.example", "c@dest.example")
    says(r, 69, "to=<a@dest.example>", "status=bounced", "5.1.1 unknown")
    equal(r.err.count("to=<"), 1, r)
    s.dialogue.clear()
    r = w.sendmail(s, "a@dest.example", "b@dest.example", "c@dest.example")
    says(r, 75, "to=<b@dest.example>", "status=deferred", "4.2.1 busy")
    says(r, 75, "1 of 3", "try again with")
    equal(r.err.count("to=<"), 2, r)
    equal(rcpts(s), ["a@dest.example", "b@dest.example", "c@dest.example"])
    equal(len(s.messages), 2)


@test
def a_lost_reply_to_the_dot_is_not_sent(w):
    s = w.server(drop=["."])
    r = w.sendmail(s, "u@dest.example")
    says(r, 75, "to=<u@dest.example>", "status=deferred", "lost connection")
    true("status=sent" not in r.err, r)
    equal(len(s.messages), 1, "sent again")


@test
def one_job_for_each_domain_without_relayhost(w):
    s = w.server()
    r = w.run("sendmail", "-o", f"smtp_tcp_port={s.port}", "-o",
              "inet_interfaces=127.9.9.9", "a@[127.0.0.1]", "b@[127.9.9.8]",
              "c@[127.0.0.1]")
    says(r, 75, "to=<b@[127.9.9.8]>", "Connection refused")
    equal(r.err.count("to=<"), 1, r)
    equal(rcpts(s), ["a@[127.0.0.1]", "c@[127.0.0.1]"])
    equal(len(s.messages), 1)


@test
def s_names_a_server_instead_of_relayhost(w):
    s = w.server()
    w.config("relayhost = [127.0.0.1]:1\n")
    for form in (f"127.0.0.1:{s.port}", f"[127.0.0.1]:{s.port}"):
        quiet(w.run("sendmail", "-S", form, "u@dest.example"))
    equal(len(s.messages), 2)
    quiet(w.run("sendmail", "-w", "20", "-S", f"127.0.0.1:{s.port}",
                "-f", "a@b.example", "-t", message="To: u@d.example\n\nx\n"))
    for words in (["-S", ""], ["-S", "a:b:c"], ["-S", ":25"], ["-w", "0"],
                  ["-w", "soon"]):
        says(w.run("sendmail", *words, "u@dest.example"), 64, words[0])


@test
def a_server_keeps_its_port_or_is_refused(w):
    codes = set()
    for n in range(2000, 2060):
        s = "x" * n
        r = w.run("sendmail", "-S", f"{s}:9", "-v", "u@dest.example")
        codes.add(r.code)
        true(r.code == 64 or f"{s}]:9" in r.err, r)
    true(64 in codes and len(codes) > 1, codes)


@test
def a_password_is_never_sent_nor_quietly_left_out(w):
    s = w.server()
    for words in (["-auann", "-apsecret"], ["-au", "ann", "-ap", "secret"],
                  ["-amlogin"]):
        r = w.sendmail(s, *words, "u@dest.example")
        says(r, 78, "password", "nothing was sent")
        true("secret" not in r.err, r)
    equal(s.dialogue, [])


@test
def flags_of_other_sendmails_do_no_harm(w):
    s = w.server()
    quiet(w.sendmail(
        s, "-bm", "-oem", "-oee", "-odb", "-odi", "-o", "7", "-em", "-m", "-n",
        "-U", "-x", "-h", "3", "-A", "c", "-X", "log", "-O", "Timeout=1m",
        "-p", "ESMTP:host", "-L", "tag", "-d0.1", "u@dest.example"))
    equal(rcpts(s), ["u@dest.example"])


# ---- sendmail: the queue ----------------------------------------------------

@test
def mail_is_queued_and_leaves_without_a_daemon(w):
    s = w.server()
    q = queue(w, s)
    quiet(w.run("sendmail", "-f", "me", "u@dest.example"))
    until(lambda: s.messages and not waiting(q), "not sent")
    equal(rcpts(s), ["u@dest.example"])
    true(re.fullmatch(r"by client\.example \(Postfix, from userid 0\)\t"
                      r"id \w+; .*", value(s.messages[0], "Received")), s)
    for folder, mode in (("incoming", 0o700), ("drop", 0o1733)):
        st = os.stat(f"{q}/{folder}")
        equal((st.st_mode & 0o7777, st.st_uid), (mode, 5321), folder)


@test
def mail_of_users_waits_in_drop_for_root(w):
    s = w.server()
    q = queue(w, s)
    quiet(w.run("sendmail", "-f", "root", "first@dest.example"))
    until(lambda: s.messages and not waiting(q), "not sent")
    stop_manager(q)
    r = as_user(w, "sendmail", "-f", "someone", "u@dest.example")
    equal(r.code, 0, r)
    true(f"{q}/drop" in r.err and "qmgr" in r.err, r)
    equal(len(os.listdir(q + "/drop")), 1)
    quiet(w.run("sendmail", "-f", "root", "last@dest.example"))
    until(lambda: len(s.messages) == 3 and not waiting(q), "not sent")
    equal(sorted(rcpts(s)), ["first@dest.example", "last@dest.example",
                             "u@dest.example"])
    theirs, = [m for m in s.messages if b"userid %d" % USER in m]
    equal(value(theirs, "From"), "someone@client.example")


@test
def a_user_has_a_queue_of_his_own(w):
    s = w.server()
    queue(w, s)
    home = w.folder + "/home"
    os.mkdir(home)
    os.chown(home, USER, USER)
    quiet(as_user(w, "sendmail", "-o", f"queue_directory={home}/q",
                  "-o", f"mail_owner={USER}", "u@dest.example"))
    until(lambda: s.messages and not waiting(home + "/q"), "not sent")
    equal(os.stat(home + "/q").st_uid, USER)


@test
def mail_waits_as_long_as_the_server_is_away(w):
    s = w.server()
    q = queue(w, s, "smtp_connect_timeout = 1s\n")
    w.config(f"queue_directory = {q}\nmail_owner = 5321\n"
             "relayhost = [127.0.0.1]:9\n")
    quiet(w.run("sendmail", "u@dest.example"))
    until(lambda: "refused" in w.run("sendmail", "-bp").out,
          lambda: w.run("sendmail", "-bp"))
    queue(w, s)
    time.sleep(1.1)     # main.cf is looked at once a second
    quiet(w.run("sendmail", "-q"))
    until(lambda: s.messages and not waiting(q), "not sent")


@test
def smtp_on_standard_input_queues(w):
    s = w.server()
    q = queue(w, s)
    r = w.run("sendmail", "-bs", message=(
        "EHLO x\r\nMAIL FROM:<me@client.example>\r\n"
        "RCPT TO:<u@dest.example>\r\nDATA\r\n" +
        SIMPLE.replace("\n", "\r\n") + "\r\n..\r\n.\r\nQUIT\r\n"))
    equal(r.code, 0, r)
    true("queued as" in r.out and "221 " in r.out, r)
    until(lambda: s.messages and not waiting(q), "not sent")
    true(s.messages[0].endswith(b"One line.\n\n.\n"), s.messages)


@test
def the_other_programs_have_letters(w):
    s = w.server()
    q = queue(w, s, f"alias_database = hash:{w.folder}/aliases\n")
    with open(w.folder + "/aliases", "w") as f:
        f.write("root: ops@dest.example\n")
    for words in (["-bi"], ["-I"]):
        equal(w.run("sendmail", *words).code, 0)
        os.unlink(w.folder + "/aliases.cdb")
    r = w.run("sendmail", "-bp")
    equal((r.code, r.out), (0, "Mail queue is empty\n"), r)
    equal(w.run("sendmail", "-bd").code, 0)
    until(lambda: os.path.exists(q + "/control"), "no manager")
    r = w.run("qmgr")
    says(r, 69, "runs already")
    for words in (["-q"], ["-qRdest.example"], ["-qR", "dest.example"]):
        quiet(w.run("sendmail", *words))
    quiet(w.run("sendmail", "u@dest.example"))
    until(lambda: s.messages and not waiting(q), "not sent")


# ---- settings ---------------------------------------------------------------

@test
def a_main_cf_that_does_not_parse_stops_with_its_line(w):
    s = w.server()
    for text in ("smtp_helo_timeout = soon\n", "no equals sign\n",
                 "inet_protocols = ipv5\n"):
        w.config("\n" + text)
        for words in (["sendmail", "u@dest.example"],
                      ["smtp", f"[127.0.0.1]:{s.port}", "u@dest.example"]):
            r = w.run(*words)
            says(r, 78, "main.cf", "line 5")
            equal(r.err.count("\n"), 1, r)
    equal(s.dialogue, [])


@test
def a_main_cf_of_any_editor_is_read(w):
    s = w.server()
    with open(w.folder + "/main.cf", "wb") as f:
        f.write(b"\xef\xbb\xbfrelayhost = [127.0.0.1]:%d\r\n"
                b"queue_directory =\r\n"
                b"myhostname = client.example\r\n" % s.port)
    quiet(w.run("sendmail", "u@dest.example"))
    equal(len(s.messages), 1)


@test
def an_unknown_name_is_a_warning(w):
    s = w.server()
    w.config("smtp_helo_timout = 3s\n")
    r = w.sendmail(s, "u@dest.example")
    equal(r.code, 0, r)
    true("warning" in r.err and "smtp_helo_timout" in r.err, r)
    equal(len(s.messages), 1)


@test
def the_folder_of_main_cf_is_named_in_any_of_the_ways(w):
    s = w.server()
    os.mkdir(w.folder + "/etc")
    with open(w.folder + "/etc/main.cf", "w") as f:
        f.write(f"myhostname = other.example\nqueue_directory =\n"
                f"relayhost = [127.0.0.1]:{s.port}\n")
    for words, env in ((["-c", "etc"], {}), (["-C", "etc/main.cf"], {}),
                       (["-C", "etc"], {}), ([], {"MAIL_CONFIG": "etc"})):
        quiet(w.run("sendmail", *words, "u@dest.example", env=env))
    equal(s.commands("EHLO"), ["EHLO other.example"] * 4)


@test
def an_impossible_relayhost_is_a_setting_to_mend(w):
    for hop in ("[", "[127.0.0.1]:nothing", "[127.0.0.1]:99999"):
        r = w.run("sendmail", "-o", "relayhost=" + hop, "u@dest.example")
        says(r, 78, "relayhost = " + hop, "write")
        equal(r.out, "")


@test
def an_impossible_domain_is_said_and_the_others_are_sent(w):
    s = w.server()
    r = w.run("sendmail", "-o", f"smtp_tcp_port={s.port}", "-o",
              "inet_interfaces=127.9.9.9", "a@[127.0.0.1", "b@[127.0.0.1]")
    says(r, 69, "a@[127.0.0.1")
    equal(rcpts(s), ["b@[127.0.0.1]"])


@test
def an_impossible_next_hop_is_said(w):
    r = w.run("smtp", "[", "u@dest.example")
    equal((r.code, r.out), (78, ""), r)
    true("[" in r.err, r)


# ---- streams and network ----------------------------------------------------

def both(w, server):
    """The words that send to the server: sendmail's, and the client's."""
    hop = f"[127.0.0.1]:{server.port}"
    return (("sendmail", "-o", "relayhost=" + hop, "u@dest.example"),
            ("smtp", hop, "u@dest.example"))


@test
def a_lack_of_descriptors_bounces_nothing(w):
    s = w.server()
    codes = set()
    for words in both(w, s):
        for n in range(4, 12):
            s.messages.clear()
            r = w.run(*words, preexec_fn=lambda: resource.setrlimit(
                resource.RLIMIT_NOFILE, (n, n)))
            codes.add(r.code)
            true(r.code in (0, 75, 78), r)
            true(r.code == 0 or r.out + r.err, r)
            equal(len(s.messages), int(r.code == 0), r)
    true(0 in codes and 75 in codes, codes)


@test
def a_file_limit_makes_mail_wait(w):
    s = w.server()
    for words in both(w, s):
        r = w.run(*words, preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_FSIZE, (0, 0)))
        says(r, 75, "File too large", "nothing was sent", "TMPDIR")
    equal(s.messages, [])


@test
def too_little_memory_is_nobodys_setting(w):
    s = w.server()
    for words in both(w, s):
        codes = []
        for kib in range(800, 4400, 72):
            s.messages.clear()
            r = w.run(*words, preexec_fn=lambda: resource.setrlimit(
                resource.RLIMIT_AS, (kib << 10, kib << 10)))
            codes.append(r.code)
            true(r.code in (0, 75), r)
            equal(len(s.messages), int(r.code == 0), r)
        true(codes[0] == 75 and codes[-1] == 0, codes)


@test
def half_a_message_of_a_broken_socket_is_not_sent(w):
    s = w.server()
    for words in both(w, s):
        ours, theirs = socket.socketpair()
        theirs.sendall(b"not read, so that the end is a reset")
        ours.sendall(SIMPLE.encode())
        ours.close()
        says(w.run(*words, stdin=theirs), 65, "cannot", "read",
             "Connection reset", "nothing was sent")
        theirs.close()
    equal(s.messages, [])


@test
def an_input_for_writing_alone_is_no_message(w):
    s = w.server()
    for words in both(w, s):
        with open(w.folder + "/out", "wb") as f:
            says(w.run(*words, stdin=f), 65, "cannot", "Bad file descriptor")
    equal(s.messages, [])


@test
def a_message_too_long_is_told_alike(w):
    s = w.server()
    for words in both(w, s):
        words = words[:1] + ("-o", "message_size_limit=9") + words[1:]
        says(w.run(*words), 75, "message_size_limit = 9", "nothing was sent")
    equal(s.messages, [])


@test
def a_zone_without_sense_is_not_used(w):
    s = w.server()
    with open(w.folder + "/zone", "wb") as f:
        f.write(b"TZif" + bytes(16) + bytes.fromhex(
            "00000000 00000000 00000000 00000000 00000001 00000004") +
            bytes.fromhex("00800000 00 00") + b"ABC\0")
    for zone in ("A99999999999", w.folder + "/zone"):
        quiet(w.sendmail(s, "u@dest.example", env={"TZ": zone}))
        true(value(s.messages[-1], "Date").endswith(" +0000"), zone)
        true(value(s.messages[-1], "Received").endswith(" +0000"), zone)


@test
def a_verdict_that_cannot_be_written_is_not_success(w):
    s = w.server()
    for out in (">/dev/full", ">&-"):
        s.messages.clear()
        r = w.shell("printf 'a: b\\n\\nx\\n' | $P smtp '[127.0.0.1]':$PORT "
                    f"u@dest.example {out}", s)
        equal(r.code, 75, r)
        true(r.err.strip() != "", r)
        true(len(s.messages) <= 1, "sent twice")


@test
def a_closed_standard_error_changes_nothing(w):
    s = w.server(replies={"RCPT TO:<a@dest.example>": "550 5.1.1 unknown"})
    line = ("printf 'a: b\\n\\nx\\n' | $P sendmail -S 127.0.0.1:$PORT "
            "a@dest.example b@dest.example 2>&-")
    equal(w.shell(line, s).code, 69)
    equal(len(s.messages), 1)
    true(b"postern" not in s.messages[0].split(b"\n\n", 1)[1], s.messages)


@test
def a_missing_tmpdir_is_no_obstacle(w):
    s = w.server()
    quiet(w.sendmail(s, "u@dest.example", env={"TMPDIR": "/nowhere"}))
    equal(len(s.messages), 1)


@test
def without_resolver_mail_waits(w):
    r = w.shell("printf 'a: b\\n\\nx\\n' | unshare -rn sh -c "
                "'ip link set lo up; exec $P sendmail u@dest.example'")
    says(r, 75, "to=<u@dest.example>", "relay=none", "status=deferred")
    says(r, 75, "write relayhost =")


@test
def without_network_mail_waits(w):
    for hop in ("[192.0.2.1]", "[2001:db8::1]", "[127.0.0.1]",
                "mail.dest.example"):
        r = w.shell("printf 'a: b\\n\\nx\\n' | unshare -rn $P sendmail "
                    f"-o relayhost={hop.replace('[2', '[ipv6:2', 1)} "
                    "u@dest.example" if ":" in hop else
                    "printf 'a: b\\n\\nx\\n' | unshare -rn $P sendmail "
                    f"-o relayhost={hop} u@dest.example")
        says(r, 75, "to=<u@dest.example>", "status=deferred")


@test
def a_machine_with_an_odd_name_is_told_what_to_write(w):
    w.config("")
    os.unlink(w.folder + "/main.cf")
    for name in ("x" * 64, "joe's router", ".x"):
        r = w.shell("printf 'a: b\\n\\nx\\n' | unshare -ru python3 -c 'import "
                    "os, socket, sys; socket.sethostname(sys.argv[1]); "
                    "os.execl(sys.argv[2], \"sendmail\", \"u@dest.example\")'"
                    f' "{name}" "$P"')
        says(r, 78, "myhostname = " + name, "which main.cf can replace: not "
             "a host name; write one such as host.example.com")


@test
def a_host_without_domain_is_told_what_to_write(w):
    with open(w.folder + "/main.cf", "w") as f:
        f.write("myhostname = router\n")
    s = w.server(replies={"EHLO": "550 5.7.1 no", "HELO": "550 5.7.1 no"})
    r = w.sendmail(s, "u@dest.example")
    true("write myhostname = " in r.err, r)


# ---- cacert ----------------------------------------------------------------

def certificate(w, name):
    """A certificate of its own, as PEM."""
    done = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:P-256", "-nodes", "-keyout", "/dev/null",
         "-subj", "/CN=" + name], cwd=w.folder, check=True,
        timeout=SECONDS, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL)
    return done.stdout.decode()


def put(w, name, text):
    with open(os.path.join(w.folder, name), "w") as f:
        f.write(text)


@test
def cacert_makes_an_index_and_tells_what_is_in_it(w):
    a, b = certificate(w, "A"), certificate(w, "B")
    put(w, "cas.pem", "# mine\n" + a + "text\n" + b + a)
    r = w.run("cacert", "cas.pem")
    equal(r.code, 0, r)
    equal(r.out, "cas.pem.cdb: certificates 2; left out: duplicates 1, "
          "bad entries 0\n", r)
    equal(r.err, "", r)
    with open(w.folder + "/cas.pem.cdb", "rb") as f:
        made = f.read()
    equal(made.count(b"\x03\x55\x04\x03"), 4, "names in it")
    quiet(w.run("cacert", "-q", "cas.pem"))


@test
def cacert_names_the_line_of_what_it_leaves_out(w):
    bad = "-----BEGIN CERTIFICATE-----\nMAMCAQE=\n" \
        "-----END CERTIFICATE-----\n"
    put(w, "cas.pem", "# mine\n" + bad + certificate(w, "A"))
    r = w.run("cacert", "cas.pem")
    says(r, 0, "warning: ", "cas.pem, line 2: ", "left out")
    equal(r.out, "cas.pem.cdb: certificates 1; left out: duplicates 0, "
          "bad entries 1\n", r)


@test
def cacert_leaves_the_old_index_if_there_is_nothing_to_index(w):
    put(w, "cas.pem.cdb", "old")
    says(w.run("cacert", "cas.pem"), 65, "cas.pem: No such file")
    put(w, "cas.pem", "nothing\n")
    says(w.run("cacert", "cas.pem"), 65, "there is no certificate in it")
    with open(w.folder + "/cas.pem.cdb") as f:
        equal(f.read(), "old", "the index")
    os.mkdir(w.folder + "/sub.pem.cdb")
    put(w, "sub.pem", certificate(w, "A"))
    says(w.run("cacert", "sub.pem"), 73, "sub.pem.cdb: Is a directory")


@test
def cacert_wants_one_file(w):
    says(w.run("cacert"), 64, "which file of certificates?")
    says(w.run("cacert", "a", "b"), 64, "which file")
    says(w.run("cacert", "-x", "a"), 64, "-x is not understood")
    r = w.run("cacert", "--help")
    equal(r.code, 0, r)
    true("usage: postern cacert [-q] FILE" in r.out, r)


# ---- conversion ------------------------------------------------------------

@test
def eight_bit_text_comes_back_from_an_independent_decoder(w):
    for name, reasons in convert.results([PROGRAM], convert.made(80)):
        equal(reasons, [], name)


# ---- postmap, postalias, newaliases -----------------------------------------

TABLE = "# users\nKey1 v1\nkey2\n  v2  x\n\"a b\" v3\n"


@test
def postmap_makes_a_file_that_it_reads(w):
    t = write(w, "t", TABLE)
    quiet(w.run("postmap", "t"))
    for key, v in ("key1", "v1"), ("KEY2", "v2  x"), ('"a b"', "v3"):
        for name in "cdb:" + t, "hash:t", "t", "texthash:" + t:
            r = w.run("postmap", "-q", key, name)
            equal((r.code, r.out, r.err), (0, v + "\n", ""), (name, r))
    r = w.run("postmap", "-q", "none", "t")
    equal((r.code, r.out, r.err), (1, "", ""), r)
    r = w.run("postmap", "-s", "cdb:t")
    equal((r.code, r.out), (0, 'key1\tv1\nkey2\tv2  x\n"a b"\tv3\n'), r)
    equal(os.listdir(w.folder).count("t.cdb"), 1)
    equal([n for n in os.listdir(w.folder) if n.startswith("t.cdb.")], [])


@test
def postmap_asks_for_the_keys_of_standard_input(w):
    write(w, "t", TABLE)
    quiet(w.run("postmap", "t"))
    r = w.run("postmap", "-q", "-", "cdb:t", "inline:{x=y}",
              message="Key1\nnone\nx\nkey2")
    equal((r.code, r.out, r.err), (0, "Key1\tv1\nx\ty\nkey2\tv2  x\n", ""))
    r = w.run("postmap", "-q", "-", "cdb:t", message="none\n\n")
    equal((r.code, r.out, r.err), (1, "", ""))
    r = w.run("postmap", "-q", "-", "cdb:t", message="")
    equal((r.code, r.out, r.err), (1, "", ""))


@test
def postmap_answers_each_line_before_it_waits_for_more(w):
    p = subprocess.Popen([PROGRAM, "postmap", "-q", "-", "static:x"],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                         env={"MAIL_CONFIG": w.folder})
    try:
        for key in b"a", b"b":
            p.stdin.write(key + b"\n")
            p.stdin.flush()
            equal(p.stdout.readline(), key + b"\tx\n")
    finally:
        p.stdin.close()
        p.wait(SECONDS)
        p.stdout.close()


@test
def postmap_tells_bad_lines_and_duplicates_with_their_place(w):
    write(w, "t", " x y\na 1\nonly\nA 2\n")
    r = w.run("postmap", "t")
    equal((r.code, r.out), (0, ""), r)
    for text in ("t: line 1 is left out", "t: line 3 is left out",
                 't: line 4: duplicate entry: "A"'):
        true(text in r.err, r)
    equal(w.run("postmap", "-q", "a", "t").out, "1\n")
    r = w.run("postmap", "-w", "t")
    true("duplicate" not in r.err, r)
    equal(w.run("postmap", "-q", "a", "t").out, "1\n")
    quiet_but = w.run("postmap", "-r", "t")
    true("duplicate" not in quiet_but.err, quiet_but)
    equal(w.run("postmap", "-q", "a", "t").out, "2\n")


@test
def postmap_changes_what_is_there(w):
    write(w, "t", TABLE)
    quiet(w.run("postmap", "t"))
    quiet(w.run("postmap", "-i", "cdb:t", message="new 1\n"))
    equal(w.run("postmap", "-q", "new", "cdb:t").out, "1\n")
    equal(w.run("postmap", "-q", "key1", "cdb:t").out, "v1\n")
    quiet(w.run("postmap", "-d", "KEY1", "cdb:t"))
    equal(w.run("postmap", "-d", "key1", "cdb:t").code, 1)
    quiet(w.run("postmap", "-d", "-", "t", message="none\nkey2\n"))
    equal(w.run("postmap", "-s", "cdb:t").out, '"a b"\tv3\nnew\t1\n')


@test
def postmap_keeps_case_with_f(w):
    write(w, "t", TABLE)
    quiet(w.run("postmap", "-f", "t"))
    equal(w.run("postmap", "-fq", "Key1", "cdb:t").out, "v1\n")
    equal(w.run("postmap", "-q", "Key1", "cdb:t").code, 1)


@test
def postmap_gives_the_result_to_those_who_may_read_the_text(w):
    t = write(w, "t", TABLE, 0o600)
    quiet(w.run("postmap", "t"))
    equal(os.stat(t + ".cdb").st_mode & 0o777, 0o600)
    os.chmod(t, 0o644)
    quiet(w.run("postmap", "t"))
    equal(os.stat(t + ".cdb").st_mode & 0o777, 0o644)
    os.chmod(t, 0o600)
    quiet(w.run("postmap", "-p", "t"))
    equal(os.stat(t + ".cdb").st_mode & 0o777, 0o644)


@test
def postmap_replaces_a_link_and_not_what_it_points_to(w):
    write(w, "t", TABLE)
    other = write(w, "other", "precious")
    os.symlink(other, w.folder + "/t.cdb")
    quiet(w.run("postmap", "t"))
    with open(other) as f:
        equal(f.read(), "precious")
    equal(w.run("postmap", "-q", "key1", "t").out, "v1\n")


@test
def postmap_leaves_the_old_one_if_it_cannot_make_a_new_one(w):
    write(w, "t", TABLE)
    quiet(w.run("postmap", "t"))
    write(w, "t", "x " + "y" * 100000 + "\n")
    limit = lambda: resource.setrlimit(  # noqa: E731
        resource.RLIMIT_FSIZE, (50000, 50000))
    says(w.run("postmap", "t", preexec_fn=limit), 1, "t.cdb",
         "File too large")
    equal(w.run("postmap", "-q", "key1", "cdb:t").out, "v1\n")
    equal([n for n in os.listdir(w.folder) if n.startswith("t.cdb.")], [])


@test
def postmap_asks_tables_of_any_type(w):
    r = write(w, "r", "/^(.*)@old$/ ${1}@new\n")
    c = write(w, "c", "192.0.2.0/24 net\n2001:db8::/32 six\n")
    for name, key, v in (("regexp:" + r, "a@OLD", "a@new"),
                         ("cidr:" + c, "192.0.2.77", "net"),
                         ("cidr:" + c, "2001:DB8::1", "six"),
                         ("static:{a b}", "x", "a b"),
                         ("inline:{{a = b c}}", "A", "b c"),
                         ("unionmap:{static:a,static:b}", "x", "a,b"),
                         ("pipemap:{static:x,inline:{x=y}}", "a", "y"),
                         ("proxy:environ:x", "lc_x", "1")):
        r = w.run("postmap", "-q", key, name, env={"lc_x": "1"})
        equal((r.code, r.out, r.err), (0, v + "\n", ""), name)


@test
def postmap_says_why_a_table_cannot_be_asked(w):
    write(w, "short.cdb", "junk")
    for name, text in (("fail:x", "fail:x: fails"),
                       ("cdb:none", "run postmap"),
                       ("texthash:none", "No such file or directory"),
                       ("cdb:short", "damaged"),
                       ("pcre:x", "no such type")):
        says(w.run("postmap", "-q", "a", name), 75, name, text)
    says(w.run("postmap", "-s", "regexp:{{/a/ b}}"), 1, "cannot be listed")
    says(w.run("postmap", "texthash:x"), 1, "not compiled")
    says(w.run("postmap", "none"), 1, "none", "No such file or directory")


@test
def postmap_refuses_what_makes_no_sense(w):
    for words in (["postmap"], ["postmap", "-q", "a"], ["postmap", "-Z", "t"],
                  ["postmap", "-q", "a", "-s", "t"], ["postmap", "-m", "t"],
                  ["postmap", "-F", "t"], ["postmap", "-d"]):
        says(w.run(*words), 64, "usage: postern postmap")


@test
def postmap_looks_at_headers_and_bodies(w):
    message = ("Subject: a\n\tfolded\nTo: b\n\nTo: c\nbody\n")
    r = w.run("postmap", "-hq", "-", "regexp:{{/^To/ x},{/^Subject: a.*folded$/ y}}",
              message=message)
    equal((r.code, r.out), (0, "Subject: a\n\tfolded\ty\nTo: b\tx\n"), r)
    r = w.run("postmap", "-bq", "-", "regexp:{{/^(To|b)/ x}}",
              message=message)
    equal((r.code, r.out), (0, "To: c\tx\nbody\tx\n"), r)


@test
def postalias_reads_alias_files(w):
    write(w, "a", 'root: me\n"c D": e,\n f\nx\n')
    r = w.run("postalias", "a")
    equal(r.code, 0, r)
    true("a: line 4 is left out" in r.err, r)
    equal(w.run("postalias", "-q", "c d", "a").out, "e, f\n")
    equal(w.run("postalias", "-s", "cdb:a").out, "root:\tme\nc d:\te, f\n")
    r = w.run("postalias", "-q", "-", "cdb:a", message="Root\n")
    equal(r.out, "Root:\tme\n")
    equal(w.run("postalias", "-q", "root", "texthash:a").out, "me\n")


@test
def newaliases_compiles_alias_database(w):
    a = write(w, "a", "root: me\n")
    b = write(w, "b", "x: y\n")
    w.config(f"alias_database = hash:{a}, {w.folder}/none cdb:{b}\n")
    says(w.run("newaliases"), 1, "none: No such file or directory")
    equal(w.run("postalias", "-q", "root", "hash:" + a).out, "me\n")
    equal(w.run("postalias", "-q", "x", "cdb:" + b).out, "y\n")
    w.config(f"alias_database = hash:{a}\n")
    quiet(w.run("newaliases"))


def main(wanted):
    failed = passed = 0
    for f in TESTS:
        if wanted and f.__name__ not in wanted:
            continue
        w = World()
        began = time.monotonic()
        try:
            f(w)
        except Exception as e:          # a test must not end the others
            failed += 1
            print(f"FAIL {f.__name__}")
            text = str(e) if isinstance(e, AssertionError) and str(e) else \
                traceback.format_exc()
            print("    " + text.strip().replace("\n", "\n    "))
        else:
            passed += 1
            spent = time.monotonic() - began
            print(f"pass {f.__name__}" +
                  (f" ({spent:.1f} s)" if spent > 2 else ""))
        finally:
            w.close()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        print(__doc__.strip(), file=sys.stderr)
        sys.exit(2)
    sys.exit(main(sys.argv[2:]))
