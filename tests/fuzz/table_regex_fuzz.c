/*
 * table_regex_fuzz.c - any octets as a pattern and a text.
 *
 * The first octet are the flags, the first line is the pattern, the rest the
 * text.  What fits is inside the text, groups inside the whole, and whether it
 * fits does not depend on whether groups are wanted, or what was looked for
 * before.
 *
 * covers: cdb/table_regex.c
 * covers: cdb/table_regex_run.c
 */
#include <stdlib.h>
#include <string.h>

#include "../../cdb/table_regex_int.h"

#define HOLDS(x)	do { if (!(x)) abort(); } while (0)
#define GROUPS		32
/* Time grows with their product. */
#define PATTERN_MAX	200
#define TEXT_MAX	200

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

_Noreturn void
assert_failed(const char *file, int line)
{
	(void)file;
	(void)line;
	abort();
}

static void
look_at(const struct span *group, size_t groups, struct span text)
{
	for (size_t i = 0; i < GROUPS; i++) {
		if (group[i].p == NULL)
			continue;
		HOLDS(i <= groups);
		HOLDS(group[i].p >= text.p);
		HOLDS((size_t)(group[i].p - text.p) <= text.n);
		HOLDS(group[i].n <= text.n -
			(size_t)(group[i].p - text.p));
	}
	HOLDS(group[0].p != NULL);
}

static void
match(struct regex_room *room, const struct regex *re, struct span text)
{
	struct span group[GROUPS], again[GROUPS];
	enum rc rc = regex_match(room, re, text, group, GROUPS);

	HOLDS(rc == RC_OK || rc == RC_NONE || rc == RC_FULL);
	HOLDS(regex_match(room, re, text, NULL, 0) == rc);
	if (rc != RC_OK)
		return;
	look_at(group, re->groups, text);
	HOLDS(regex_match(room, re, text, again, GROUPS) == rc);
	HOLDS(memcmp(group, again, sizeof(group)) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct regex_room room;
	struct span in = { (const char *)data + 1, n - 1 }, text;
	char pattern[PATTERN_MAX + 1], *copy;
	struct regex *re;
	size_t end;

	if (n < 2)
		return 0;
	end = span_find(in, '\n');
	text = span_part(in, end + 1, TEXT_MAX);
	if (end > PATTERN_MAX)
		return 0;
	memcpy(pattern, in.p, end);
	pattern[end] = '\0';
	if (regex_compile(&room, pattern, data[0] & 7u) != NULL)
		return 0;
	/* Copies of their very size, for the sanitizer. */
	re = malloc(regex_bytes(&room.re));
	HOLDS(re != NULL);
	memcpy(re, &room.re, regex_bytes(&room.re));
	copy = malloc(text.n > 0 ? text.n : 1);
	HOLDS(copy != NULL);
	if (text.n > 0)
		memcpy(copy, text.p, text.n);
	match(&room, re, (struct span){ copy, text.n });
	free(copy);
	free(re);
	return 0;
}
