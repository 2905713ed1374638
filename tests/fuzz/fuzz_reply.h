/*
 * fuzz_reply.h - a server's octets read a second time, by means of C strings
 * and without a call of the port: what src/smtp_chat.c makes of them is
 * compared with this.
 */
#ifndef POSTERN_FUZZ_REPLY_H
#define POSTERN_FUZZ_REPLY_H

#include "../../src/smtp_int.h"

/* Compilers make one abort() of many, so it says which. */
#define HOLDS(x) \
	((x) ? (void)0 : fuzz_does_not_hold(#x, __FILE__, __LINE__))
#define DIGITS		"0123456789"

/* libFuzzer's name for it; no header of its own declares it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

_Noreturn void fuzz_does_not_hold(const char *what, const char *file,
	int line);

/*
 * fuzz_line - takes a line off *rest, as a C string, cut where it is too long.
 * out   of CHAT_LINE_MAX + 1 octets.
 * false: what is left has no end; it stays.
 */
bool fuzz_line(struct span *rest, char *out);

/* Three digits, and behind them a blank, a hyphen or the end. */
bool fuzz_is_reply(const char *line);

/* One reply: its text is taken off *rest, with the junk ahead of it. */
struct fuzz_reply {
	int code;		/* of the last line */
	bool odd;		/* lines that are no reply came first */
	struct span all;	/* every octet of it */
};
/* false: there is no complete one any more; *rest stays. */
bool fuzz_reply(struct span *rest, struct fuzz_reply *out);

#endif
