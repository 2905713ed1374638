/*
 * mail_check.c - one field or line against a table of actions.  Only what a
 * client may do: nothing here rejects or holds mail.
 */
#include "mail_int.h"

/* What each word of `words` does. */
enum { LOGS = 8, WANTS_TEXT = 16 };

static const char words[] = "DUNNO OK IGNORE STRIP INFO WARN REPLACE PREPEND";

static const unsigned char actions[] = {
	CHECK_PASS, CHECK_PASS, CHECK_DROP, CHECK_DROP | LOGS,
	CHECK_PASS | LOGS, CHECK_PASS | LOGS,
	CHECK_REPLACE | LOGS | WANTS_TEXT, CHECK_PREPEND | LOGS | WANTS_TEXT
};

static void
tell(const struct check_of *of, struct span action, struct span text,
    struct span more)
{
	char room[128], word[16];
	struct buf seen = BUF(room), low = BUF(word);
	size_t i;

	for (i = 0; i < action.n; i++)
		buf_putc(&low, (char)(action.p[i] | 0x20));
	text_printable(&seen, span_head(text, sizeof(room) - 1));
	log_line(of->change->log, span_is_case(action, "WARN") ?
	    LOG_WARNING : LOG_INFO, "%.*s%.*s: %s %.*s%s%.*s",
	    SPAN_ARG(of->change->log_id), SPAN_ARG(low), of->what,
	    SPAN_ARG(seen), more.n > 0 ? ": " : "",
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
	unsigned act;
	int i;

	(void)span_word(&rest, " \t", &word);
	rest = span_trim(rest);
	i = span_index(words, word);
	act = i < 0 ? 0 : actions[i];
	if (i < 0 || (act & WANTS_TEXT &&
	    (rest.n == 0 || (of->is_field && !is_field(rest))))) {
		log_line(of->change->log, LOG_WARNING, "%.*sunusable action "
		    "in %s checks is ignored: %.*s",
		    SPAN_ARG(of->change->log_id), of->what, SPAN_ARG(value));
		return CHECK_PASS;
	}
	if (act & LOGS)
		tell(of, word, text, rest);
	if (act & WANTS_TEXT)
		buf_put(more, rest);
	return act % LOGS;
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
