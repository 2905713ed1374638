/*
 * tlsa_fuzz.c - any octets as TLSA records, and any as the certificates that
 * they are held against.
 *
 * The input is items with their length ahead, in two octets: tls_dane_digests,
 * CERTS certificates, and for the rest records.
 *
 * covers: src/tls_tlsa.c
 * covers: src/tls_dane.c
 */
#include <stdlib.h>
#include <string.h>

#include "../../src/tls_int.h"

#define HOLDS(x)	do { if (!(x)) abort(); } while (0)
#define CERTS		3
#define RECORDS_MAX	64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct chain chain;
static char room[CHAIN_BYTES_MAX];
static struct dane_digests digests;
static struct tlsa record[RECORDS_MAX];

static bool
next_item(struct span *rest, struct span *item)
{
	size_t n;

	if (rest->n < 2)
		return false;
	n = (size_t)(unsigned char)rest->p[0] << 8
	    | (unsigned char)rest->p[1];
	*item = span_part(*rest, 2, n);
	*rest = span_tail(*rest, 2 + item->n);
	return true;
}

static void
send_cert(struct span der)
{
	const br_x509_class *v = chain.vtable;

	v->start_cert(&chain.vtable, (uint32_t)der.n);
	v->append(&chain.vtable, (const unsigned char *)der.p, der.n);
	v->end_cert(&chain.vtable);
}

static void
check_usable(const struct tlsa *r, struct span data)
{
	HOLDS(r->usage == 2 || r->usage == 3);
	HOLDS(r->selector < 2);
	HOLDS(r->data.n > 0 && r->data.p == data.p + 3);
	HOLDS(r->data.n == data.n - 3);
	if (r->digest == DIGESTS) {
		HOLDS(data.p[2] == 0);
		return;
	}
	HOLDS(r->rank < digests.n);
	HOLDS(digests.known[r->rank].digest == r->digest);
	HOLDS(digests.known[r->rank].matching == (uint8_t)data.p[2]);
}

static bool
is_like(const struct tlsa *a, const struct tlsa *b)
{
	return a->usage == b->usage && a->selector == b->selector
	    && a->digest != DIGESTS && b->digest != DIGESTS;
}

/* One strength for each usage and selector, and none stronger was dropped. */
static void
check_agile(const struct tlsa_set *set, const struct tlsa *all, size_t n)
{
	for (size_t i = 0; i < set->n; i++)
		for (size_t j = 0; j < n; j++)
			if (is_like(&set->record[i], &all[j]))
				HOLDS(set->record[i].rank <= all[j].rank);
	HOLDS(n == 0 || set->n > 0);
}

/* The same question, asked in the plainest way. */
static bool
is_proved(const struct tlsa_set *set)
{
	unsigned char value[DIGEST_MAX];
	struct span of;

	for (size_t i = 0; chain.n > 0 && i < set->n; i++) {
		const struct tlsa *r = &set->record[i];

		of = r->selector == 0 ? chain.link[0].cert.der
		    : chain.link[0].cert.spki;
		if (r->usage != 3 || of.n == 0)
			continue;
		if (r->digest != DIGESTS)
			of = (struct span){ (const char *)value,
			    digest_of(r->digest, of, value) };
		if (span_eq(of, r->data))
			return true;
	}
	return false;
}

static void
check_marks(const struct tlsa_set *set)
{
	bool proved = is_proved(set), anchored;
	enum rc rc = dane_marks(&chain, set);

	anchored = chain.keys > 0;
	for (size_t i = 0; i < chain.n; i++)
		anchored |= chain.link[i].is_anchor;
	HOLDS(chain.n == 0 || !chain.link[0].is_anchor);
	HOLDS((rc == RC_OK) == proved);
	HOLDS(proved || (rc == RC_NONE) == anchored);
	HOLDS(proved || anchored || rc == RC_DENY);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span rest = { (const char *)data, n }, item, bad;
	struct tlsa all[RECORDS_MAX];
	struct tlsa_set set = { .record = record };

	if (!next_item(&rest, &item))
		return 0;
	if (dane_digests_read(&digests, item, &bad) != RC_OK)
		HOLDS(bad.n > 0 && bad.p >= item.p
		    && bad.p + bad.n <= item.p + item.n);
	chain_start(&chain, room);
	for (unsigned i = 0; i < CERTS && next_item(&rest, &item); i++)
		if (item.n > 0)
			send_cert(item);
	while (set.n < RECORDS_MAX && next_item(&rest, &item)) {
		if (!dane_usable(&digests, item, &record[set.n]))
			continue;
		check_usable(&record[set.n], item);
		all[set.n] = record[set.n];
		set.n++;
	}
	n = set.n;
	dane_agile(&set);
	check_agile(&set, all, n);
	check_marks(&set);
	return 0;
}
