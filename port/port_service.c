/*
 * port_service.c - ports of services by name.
 */
#include "port_int.h"

struct known {
	char name[12];
	uint16_t port;
};

/*
 * What mail needs, for machines without a services file, and for the names
 * that most files lack (lmtp).  The file is asked first.
 */
static const struct known known[] = {
	{ "smtp", 25 },
	{ "lmtp", 24 },
	{ "submission", 587 },
	{ "submissions", 465 },
	{ "smtps", 465 },
};

/* `smtp 25/tcp mail # comment` */
static bool
line_has(struct span line, struct span name, uint16_t *out)
{
	struct span rest = span_head(line, span_find(line, '#'));
	struct span names = rest, word, place;
	uint64_t number;
	size_t slash;

	if (!span_word(&rest, " \t\r", &word) ||
	    !span_word(&rest, " \t\r", &place))
		return false;
	slash = span_find(place, '/');
	if (!span_is(span_tail(place, slash), "/tcp") ||
	    !span_number(span_head(place, slash), UINT16_MAX, &number))
		return false;
	while (span_word(&names, " \t\r", &word))
		if (span_eq(word, name)) {
			*out = (uint16_t)number;
			return true;
		}
	return false;
}

static enum rc
find_in_file(const char *path, struct span name, uint16_t *out)
{
	struct lines l;
	struct span line;

	TRY(lines_open(&l, path));
	while (lines_next(&l, &line))
		if (line_has(line, name, out)) {
			lines_close(&l);
			return RC_OK;
		}
	return RC_NONE;
}

enum rc
port_service(const char *name, uint16_t *out)
{
	struct span s = span_of(name);

	if (find_in_file("/etc/services", s, out) == RC_OK)
		return RC_OK;
	for (size_t i = 0; i < COUNT(known); i++)
		if (span_is(s, known[i].name)) {
			*out = known[i].port;
			return RC_OK;
		}
	return RC_NONE;
}
