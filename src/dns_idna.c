/*
 * dns_idna.c - names of hosts: are they valid, and what are they in A-labels?
 */
#include "dns.h"

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Underscores are no part of host names, but of names that are in use. */
static bool
is_label(struct span s)
{
	if (s.n == 0 || s.n > DNS_LABEL_MAX)
		return false;
	if (s.p[0] == '-' || s.p[s.n - 1] == '-')
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!is_letter(s.p[i]) && !is_digit(s.p[i]) && s.p[i] != '-'
		    && s.p[i] != '_')
			return false;
	return true;
}

static bool
is_numeric(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_digit(s.p[i]) && s.p[i] != '.')
			return false;
	return true;
}

enum rc
dns_name_check(struct span name)
{
	if (name.n == 0 || name.n > DNS_NAME_MAX
	    || name.p[name.n - 1] == '.' || is_numeric(name))
		return RC_DENY;
	while (name.n > 0) {
		size_t dot = span_find(name, '.');

		if (!is_label(span_part(name, 0, dot)))
			return RC_DENY;
		name = span_part(name, dot + 1, name.n);
	}
	return RC_OK;
}
