/*
 * mail_check.c - one field or line against a table of actions.  Only what a
 * client may do: nothing here rejects or holds mail.
 */
#include "mail_int.h"

static const struct {
	const char *word;
	enum check act;
	bool logs, wants_text;
} actions[] = {
	{ "DUNNO", CHECK_PASS, false, false },
	{ "OK", CHECK_PASS, false, false },
	{ "IGNORE", CHECK_DROP, false, false },
	{ "STRIP", CHECK_DROP, true, false },
	{ "INFO", CHECK_PASS, true, false },
	{ "WARN", CHECK_PASS, true, false },
	{ "REPLACE", CHECK_REPLACE, true, true },
	{ "PREPEND", CHECK_PREPEND, true, true },
};

static void
tell(const struct check_of *of, struct span action, struct span text,
    struct span more)
{
	char room[128];
	struct buf seen = BUF(room);
	char word[16];
	struct buf low = BUF(word);
	size_t i;

	for (i = 0; i < action.n && i < sizeof(word) - 1; i++)
		buf_putc(&low, (char)(action.p[i] | 0x20));
	text_printable(&seen, span_part(text, 0, sizeof(room) - 1));
	log_line(of->change->log, span_is_case(action, "WARN") ?
	    LOG_WARNING : LOG_INFO, "%.*s%.*s: %s %.*s%s%.*s",
	    SPAN_ARG(of->change->log_id), SPAN_ARG(buf_span(&low)), of->what,
	    SPAN_ARG(buf_span(&seen)), more.n > 0 ? ": " : "",
	    SPAN_ARG(more));
}

static bool
is_field(struct span text)
{
	size_t i, colon = span_find(text, ':');

	if (colon == 0 || colon == text.n)
		return false;
	for (i = 0; i < colon; i++)
		if (text.p[i] <= ' ' || text.p[i] > '~')
			return false;
	return true;
}

/* `ACTION text`: what it comes to. */
static enum check
decide(const struct check_of *of, struct span value, struct span text,
    struct buf *more)
{
	struct span rest = value, word = { 0 };
	size_t i;

	(void)span_word(&rest, " \t", &word);
	rest = span_trim(rest);
	for (i = 0; i < COUNT(actions); i++)
		if (span_is_case(word, actions[i].word))
			break;
	if (i == COUNT(actions) || (actions[i].wants_text &&
	    (rest.n == 0 || (of->is_field && !is_field(rest))))) {
		log_line(of->change->log, LOG_WARNING, "%.*sunusable action "
		    "in %s checks is ignored: %.*s",
		    SPAN_ARG(of->change->log_id), of->what, SPAN_ARG(value));
		return CHECK_PASS;
	}
	if (actions[i].logs)
		tell(of, word, text, rest);
	if (actions[i].wants_text)
		buf_put(more, rest);
	return actions[i].act;
}

enum rc
check_text(const struct check_of *of, const struct table_list *table,
    struct span text, enum check *act, struct buf *more)
{
	char room[TABLE_VALUE_MAX];
	struct buf value = BUF(room);
	enum rc rc;

	*act = CHECK_PASS;
	if (table == NULL || table->first == NULL)
		return RC_OK;
	rc = table_find(table, text, TABLE_ANY, &value);
	if (rc == RC_NONE)
		return RC_OK;
	if (rc != RC_OK)
		return RC_DENY;
	*act = decide(of, buf_span(&value), text, more);
	return RC_OK;
}
