/*
 * fuzz_reply.c - replies, read in another way than src/smtp_chat.c does.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz_reply.h"

void
fuzz_does_not_hold(const char *what, const char *file, int line)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
	abort();
}

bool
fuzz_line(struct span *rest, char *out)
{
	size_t n = span_find(*rest, '\n');
	size_t m = n < CHAT_LINE_MAX ? n : CHAT_LINE_MAX;

	if (n == rest->n)
		return false;
	while (m > 0 && rest->p[m - 1] == '\r')
		m--;
	if (m > 0)
		memcpy(out, rest->p, m);
	out[m] = '\0';
	*rest = span_tail(*rest, n + 1);
	return true;
}

/* strchr() finds the NUL, too: a code may stand alone. */
bool
fuzz_is_reply(const char *line)
{
	return strspn(line, DIGITS) == 3 && strchr(" -", line[3]) != NULL;
}

bool
fuzz_reply(struct span *rest, struct fuzz_reply *out)
{
	struct span from = *rest, left = *rest;
	char line[CHAT_LINE_MAX + 1];

	out->odd = false;
	while (fuzz_line(&left, line)) {
		out->odd |= !fuzz_is_reply(line);
		if (!fuzz_is_reply(line) || line[3] == '-')
			continue;
		out->code = atoi((char [4]){ line[0], line[1], line[2], 0 });
		out->all = span_head(from, from.n - left.n);
		*rest = left;
		return true;
	}
	return false;
}
