/*
 * sasl.c - who logs in, and by which mechanism.
 */
#include "sasl.h"

/* In the order of their bits. */
#define OPTION_WORDS \
	"noplaintext noactive nodictionary noanonymous mutual_auth" \
	" forward_secrecy"

/* What a mechanism is good for: the demands that it meets. */
static const struct {
	char name[9];
	uint8_t meets;
} mechs[SASL_MECHS] = {
	[SASL_EXTERNAL] = { "EXTERNAL", SASL_NO_PLAINTEXT | SASL_NO_ACTIVE |
	    SASL_NO_DICTIONARY | SASL_NO_ANONYMOUS },
	[SASL_CRAM_MD5] = { "CRAM-MD5", SASL_NO_PLAINTEXT |
	    SASL_NO_ANONYMOUS },
	[SASL_PLAIN] = { "PLAIN", SASL_NO_ANONYMOUS },
	[SASL_LOGIN] = { "LOGIN", SASL_NO_ANONYMOUS },
};

enum rc
sasl_options(struct span words, unsigned *options, struct span *bad)
{
	struct span word;
	int i;

	*options = 0;
	while (span_word(&words, LIST_DIVIDERS, &word)) {
		i = span_index(OPTION_WORDS, word);
		if (i < 0) {
			*bad = word;
			return RC_DENY;
		}
		*options |= 1u << i;
	}
	return RC_OK;
}

enum rc
sasl_start(struct sasl *x, struct span entry)
{
	size_t colon = span_find(entry, ':');

	x->step = 0;
	x->held = false;
	x->user = BUF(x->user_room);
	x->password = BUF(x->password_room);
	buf_put(&x->user, span_head(entry, colon));
	buf_put(&x->password, span_tail(entry, colon + 1));
	return x->user.full || x->password.full ? RC_FULL : RC_OK;
}

static bool
has_word(struct span list, const char *name)
{
	struct span word;

	while (span_word(&list, LIST_DIVIDERS, &word))
		if (span_is_case(word, name))
			return true;
	return false;
}

enum rc
sasl_choose(struct sasl *x, struct span offered, unsigned options,
    bool certificate)
{
	unsigned all_but = options & ~(unsigned)SASL_NO_PLAINTEXT;
	bool barred = false;
	unsigned m;

	for (m = 0; m < SASL_MECHS; m++) {
		if (m == SASL_EXTERNAL && (!certificate ||
		    x->password.n > 0))
			continue;
		if (!has_word(offered, mechs[m].name))
			continue;
		if ((options & mechs[m].meets) == options) {
			x->mech = (enum sasl_mech)m;
			return RC_OK;
		}
		barred |= (all_but & mechs[m].meets) == all_but;
	}
	return barred ? RC_DENY : RC_NONE;
}

const char *
sasl_name(enum sasl_mech mech)
{
	return mechs[mech].name;
}

void
sasl_end(struct sasl *x)
{
	base_wipe(x, sizeof(*x));
}
