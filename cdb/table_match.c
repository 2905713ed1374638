/*
 * table_match.c - tables of patterns: rules from top to bottom, the first that
 * holds gives the result.
 *
 * The text is read again for each lookup; what was found out about it (rules
 * that can't be obeyed, compiled patterns) is kept by the number of the rule.
 */
#include <string.h>

#include "port.h"
#include "table_match_int.h"

struct walk {
	struct source source;
	struct buf line;
	char room[SOURCE_LINE_MAX];
};

/* `{{rule}, {rule}}` becomes a text with a rule on each line. */
static enum rc
open_inline(struct table *t, struct span arg)
{
	struct span rest, item;
	char *p = arena_take(t->arena, arg.n + 1);
	struct buf b;

	if (p == NULL)
		return RC_FULL;
	buf_init(&b, p, arg.n + 1);
	if (!table_inside(arg, &rest))
		return table_broken(t, "the braces do not match");
	while (table_word(&rest, &item)) {
		if (!table_inside(item, &item))
			return table_broken(t, "each rule needs braces");
		buf_put(&b, item);
		buf_putc(&b, '\n');
	}
	t->text = buf_span(&b);
	return RC_OK;
}

enum rc
rules_open(struct table *t, struct span arg)
{
	const char *path;

	if (arg.p[0] == '{')
		return open_inline(t, arg);
	path = text_path(t, arg);
	return path != NULL ? text_open_file(t, path) : RC_FULL;
}

bool
rules_is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z');
}

const char *
rules_word(struct span *line, struct rule *r)
{
	size_t n = 0;
	struct span word;

	*line = span_trim(*line);
	while (n < line->n && rules_is_alnum(line->p[n]))
		n++;
	word = span_head(*line, n);
	r->kind = span_is_case(word, "if") ? RULE_IF :
		span_is_case(word, "endif") ? RULE_ENDIF : RULE_MATCH;
	if (r->kind != RULE_MATCH)
		*line = span_trim(span_tail(*line, n));
	r->is_not = false;
	while (line->n > 0 && line->p[0] == '!') {
		r->is_not = !r->is_not;
		*line = span_trim(span_tail(*line, 1));
	}
	return line->n == 0 && r->kind != RULE_ENDIF ? "no pattern" : NULL;
}

void
rules_forget(struct table *t)
{
	port_memory_forget(t->rules, sizeof(*t->rules));
}

/* ---- the first time ------------------------------------------------------ */

/* NULL, or why the rule is left out.  `open` counts the ifs around it. */
static const char *
judge(struct table *t, const struct matcher *m, struct walk *w,
	struct rule *rule, size_t *open)
{
	const char *why = m->parse(&w->line, rule);

	if (why != NULL)
		return why;
	if (rule->kind == RULE_ENDIF) {
		if (*open == 0)
			return "endif without if";
		--*open;
		return NULL;
	}
	why = m->check(t, rule);
	if (why == NULL)
		*open += rule->kind == RULE_IF;
	return why;
}

/* Looks at all rules once, and tells of those that can't be obeyed. */
static enum rc
prepare(struct table *t, const struct matcher *m, struct walk *w)
{
	struct rules *r = t->rules;
	struct rule rule = { .number = 0 };
	size_t open = 0;
	enum rc rc;

	r->n = r->kept_n = 0;
	w->source.warns = t;
	while ((rc = source_line(&w->source, &w->line)) == RC_OK ||
	    rc == RC_FULL) {
		const char *why = "too long";

		if (r->n == RULES_MAX) {
			table_warn_line(t, w->source.line, "too many rules");
			break;
		}
		rule.number = r->n++;
		r->known[rule.number] = RULE_NEW;
		if (rc == RC_OK)
			why = judge(t, m, w, &rule, &open);
		if (why == NULL)
			continue;
		r->known[rule.number] = RULE_BAD;
		table_warn_line(t, w->source.line, why);
	}
	if (open > 0)
		table_warn(t, "an if without endif reaches to the end");
	t->is_checked = rc != RC_OS;
	return t->is_checked ? RC_OK : rc;
}

/* ---- lookups ------------------------------------------------------------- */

/* `skip` counts the ifs that do not hold, and those inside them. */
static enum rc
obey(struct table *t, const struct matcher *m, const struct rule *rule,
	struct subject *s, size_t *skip)
{
	enum rc rc;

	if (*skip > 0) {
		*skip += rule->kind == RULE_IF;
		*skip -= rule->kind == RULE_ENDIF;
		return RC_NONE;
	}
	if (rule->kind == RULE_ENDIF)
		return RC_NONE;
	rc = m->test(t, rule, s);
	if (rule->kind == RULE_MATCH || (rc != RC_OK && rc != RC_NONE))
		return rc;
	*skip = rc == RC_NONE;
	return RC_NONE;
}

static enum rc
search(struct table *t, const struct matcher *m, struct subject *s,
	struct buf *value)
{
	struct walk w;
	struct rule rule;
	size_t skip = 0;
	enum rc rc = RC_OK;

	w.line = BUF(w.room);
	TRY(source_of(&w.source, t));
	if (!t->is_checked) {
		TRY(prepare(t, m, &w));
		TRY(source_of(&w.source, t));
	}
	for (rule.number = 0; rc == RC_OK; rule.number++) {
		rc = source_line(&w.source, &w.line);
		if (rc == RC_NONE || rc == RC_OS)
			return rc;
		if (rule.number >= t->rules->n)
			return RC_OS;	/* it just got longer, or is too long */
		rc = RC_OK;
		if (t->rules->known[rule.number] == RULE_BAD ||
		    m->parse(&w.line, &rule) != NULL)
			continue;
		rc = obey(t, m, &rule, s, &skip);
		if (rc == RC_OK)
			break;
		if (rc == RC_NONE)
			rc = RC_OK;
	}
	if (rc == RC_OK)
		m->result(&rule, s, value);
	return rc;
}

enum rc
rules_find(struct table *t, const struct matcher *m, struct subject *s,
	struct buf *value)
{
	enum rc rc;

	if (t->rules == NULL)
		t->rules = port_memory(sizeof(*t->rules));
	if (t->rules == NULL)
		return table_fails(t, "no memory for its rules");
	rc = search(t, m, s, value);
	if (rc == RC_OS)
		table_warn(t, "cannot be read now");
	return rc;
}
