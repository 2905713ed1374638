/*
 * dns_probe.c - one question whose answer must be validated wherever anything
 * is: if it is not, DNSSEC ends short of us, and the log should say so.
 */
#include "dns_int.h"

/* `ns:.`: which type, and which name. */
static bool
read_probe(struct span probe, enum dns_type *type, struct span *name)
{
	size_t colon = span_find(probe, ':');

	*name = span_tail(probe, colon + 1);
	return name->n > 0 &&
	    dns_type_find(span_head(probe, colon), type);
}

/* That a name or type does not exist can be as proven as what does. */
static enum dns_proof
probe(struct dns *d, struct arena *a)
{
	struct dns_answer answer;
	enum dns_type type;
	struct span name;

	if (!read_probe(d->probe, &type, &name))
		return DNS_BAD_PROBE;
	if (ask_name(d, a, name, type, &answer) == RC_FULL)
		return DNS_PROVEN;	/* too much to be looked at: let be */
	return answer.is_secure ? DNS_PROVEN : DNS_DOUBTED;
}

void
probe_heed(struct dns *d, struct arena *a, bool is_secure)
{
	enum dns_fault fault = d->fault;
	size_t used = a->used;

	if (d->proof != DNS_UNPROVEN || (!is_secure && d->probe.n == 0))
		return;
	d->proof = is_secure ? DNS_PROVEN : probe(d, a);
	d->fault = fault;
	a->used = used;
}
