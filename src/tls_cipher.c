/*
 * tls_cipher.c - cipher lists, which are little programs of OpenSSL's: each
 * element adds suites at the end of the order, takes them away for now (-) or
 * for good (!), or moves them to the end (+).
 */
#include <string.h>

#include "tls_int.h"

/* ---- the order ---------------------------------------------------------- */

/* Puts those of the set ahead of (behind) the others, each in its order. */
static void
part(struct ciphers *o, uint32_t set, bool ahead)
{
	struct ciphers old = *o;

	o->n = 0;
	for (size_t i = 0; i < old.n; i++)
		if ((set >> old.at[i] & 1) == ahead)
			o->at[o->n++] = old.at[i];
	for (size_t i = 0; i < old.n; i++)
		if ((set >> old.at[i] & 1) != ahead)
			o->at[o->n++] = old.at[i];
}

void
cipher_start(struct ciphers *o, bool aes_is_fast)
{
	o->on = 0;
	for (o->n = 0; o->n < TLS_SUITES_MAX; o->n++)
		o->at[o->n] = (uint8_t)o->n;
	if (!aes_is_fast)
		part(o, suite_set(SPAN("CHACHA20")), true);
}

/* By the length of their keys; equals keep their order. */
static void
sort(struct ciphers *o)
{
	static const uint16_t strengths[] = { 256, 128, 112 };

	for (size_t i = 0; i < COUNT(strengths); i++)
		part(o, suite_set_bits(strengths[i]) & o->on, false);
}

static void
apply(struct ciphers *o, char operator, uint32_t set)
{
	switch (operator) {
	case '!':
		o->on &= ~set;
		part(o, set, false);
		while (o->n > 0 && set >> o->at[o->n - 1] & 1)
			o->n--;
		break;
	case '-':
		part(o, set & o->on, true);
		o->on &= ~set;
		break;
	case '+':
		part(o, set & o->on, false);
		break;
	default:
		part(o, set & ~o->on, false);
		o->on |= set;
	}
}

/* ---- the language ------------------------------------------------------- */

static size_t
word_length(struct span s)
{
	static const char octets[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789-.=_";
	size_t n = 0;

	while (n < s.n && s.p[n] != '\0' && strchr(octets, s.p[n]) != NULL)
		n++;
	return n;
}

/* One word off *rest; false: there is none, where there must be. */
static bool
take_word(struct span *rest, struct span *word)
{
	size_t n = word_length(*rest);

	*word = span_head(*rest, n);
	*rest = span_tail(*rest, n);
	return n > 0;
}

/*
 * @STRENGTH; or @SECLEVEL=n, which does nothing: Postfix overrules it by the
 * level of the policy, and keys are judged where certificates are.
 */
static bool
command(struct ciphers *o, struct span word)
{
	static const char level[] = "SECLEVEL=";

	if (span_is(word, "STRENGTH")) {
		sort(o);
		return true;
	}
	return word.n == sizeof(level) && span_starts_case(word, level) &&
	    word.p[word.n - 1] >= '0' && word.p[word.n - 1] <= '5';
}

/* Words joined by +: what all of them select. */
static bool
take_set(struct span *rest, uint32_t *set)
{
	struct span word;

	*set = UINT32_MAX;
	for (;;) {
		if (!take_word(rest, &word))
			return false;
		*set &= suite_set(word);
		if (rest->n == 0 || rest->p[0] != '+')
			return true;
		*rest = span_tail(*rest, 1);
	}
}

static bool
take_element(struct ciphers *o, struct span *rest)
{
	char c = rest->p[0];
	bool has_operator = strchr("!-+@", c) != NULL && c != '\0';
	struct span word;
	uint32_t set;

	if (has_operator)
		*rest = span_tail(*rest, 1);
	if (c == '@')
		return take_word(rest, &word) && command(o, word);
	if (!take_set(rest, &set))
		return false;
	apply(o, has_operator ? c : ' ', set);
	return true;
}

#define DIVIDERS	": ;,"	/* of elements */

bool
cipher_obey(struct ciphers *o, struct span list, struct span *bad)
{
	struct span rest;
	bool is_first = true;

	for (; span_word(&list, DIVIDERS, bad); is_first = false) {
		rest = *bad;
		if (is_first && span_is(rest, "DEFAULT")) {
			apply(o, ' ', suite_set(SPAN("ALL")));
			apply(o, '!', suite_set(SPAN("COMPLEMENTOFDEFAULT")));
			continue;
		}
		while (rest.n > 0)
			if (!take_element(o, &rest))
				return false;
	}
	return true;
}

bool
cipher_exclude(struct ciphers *o, struct span word)
{
	uint32_t set;

	/* A hyphen is part of names, though not their first octet. */
	if (word.p[0] == '-' || !take_set(&word, &set) || word.n > 0)
		return false;
	apply(o, '!', set);
	return true;
}
