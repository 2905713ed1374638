/*
 * table_cidr.c - rules of address ranges: `net/bits result`.
 */
#include <string.h>

#include "table_match_int.h"

/* `[addr]/bits`, `[addr/bits]` and both without brackets. */
static struct span
unbracket(struct span s, struct span *bits)
{
	size_t slash;

	if (s.n > 0 && s.p[0] == '[') {
		s = span_tail(s, 1);
		if (s.n > 0 && s.p[s.n - 1] == ']')
			s.n--;
	}
	slash = span_find(s, '/');
	*bits = span_tail(s, slash + 1);
	if (slash < s.n && bits->p == NULL)
		bits->p = "";	/* `net/`: there is one, and it is wrong */
	s.n = slash;
	if (s.n > 0 && s.p[s.n - 1] == ']')
		s.n--;
	return s;
}

static unsigned
bits_of(const struct ip *ip)
{
	return ip->family == IP_V4 ? 32 : 128;
}

/* Are two addresses of one family the same in these first bits? */
static bool
same_bits(const struct ip *a, const struct ip *b, unsigned bits)
{
	unsigned rest = bits % 8;

	return memcmp(a->b, b->b, bits / 8) == 0 && (rest == 0 ||
	    (a->b[bits / 8] ^ b->b[bits / 8]) >> (8 - rest) == 0);
}

const char *
table_net(struct span s, struct ip *net, unsigned *bits)
{
	struct span length;
	struct ip low = { .family = IP_NONE };
	uint64_t n;

	s = unbracket(s, &length);
	if (!ip_parse(s, net) || net->scope != 0)
		return "not an address";
	*bits = bits_of(net);
	if (length.p == NULL)
		return NULL;
	if (!span_number(length, *bits, &n))
		return "not a length of a network";
	*bits = (unsigned)n;
	memcpy(low.b, net->b, n / 8);
	if (n % 8 != 0)
		low.b[n / 8] = (uint8_t)(net->b[n / 8] &
			(0xff00u >> (n % 8)));
	if (memcmp(low.b, net->b, bits_of(net) / 8) != 0)
		return "bits are set behind the length of the network";
	return NULL;
}

bool
table_net_has(const struct ip *net, unsigned bits, const struct ip *ip)
{
	return net->family == ip->family && same_bits(net, ip, bits);
}

static const char *
parse(struct buf *line, struct rule *r)
{
	struct span rest = buf_span(line), net;
	const char *why = rules_word(&rest, r);

	if (why != NULL || r->kind == RULE_ENDIF)
		return why;
	if (!span_word(&rest, " \t", &net))
		return "no pattern";
	r->result = span_trim(rest);
	why = table_net(net, &r->net, &r->bits);
	if (why == NULL && r->kind == RULE_MATCH && r->result.n == 0)
		why = "no result";
	return why;
}

static const char *
check(struct table *t, const struct rule *r)
{
	(void)t;
	(void)r;
	return NULL;
}

/* Of another family, an address is neither inside nor outside. */
static enum rc
test(struct table *t, const struct rule *r, struct subject *s)
{
	(void)t;
	return r->net.family == s->ip.family &&
	    same_bits(&r->net, &s->ip, r->bits) != r->is_not ?
		RC_OK : RC_NONE;
}

static void
result(const struct rule *r, const struct subject *s, struct buf *value)
{
	(void)s;
	buf_put(value, r->result);
}

static const struct matcher cidr = { parse, check, test, result };

enum rc
cidr_find(struct table *t, struct span key, struct buf *value)
{
	struct subject s;

	if (!ip_parse(key, &s.ip))
		return RC_NONE;
	return rules_find(t, &cidr, &s, value);
}
