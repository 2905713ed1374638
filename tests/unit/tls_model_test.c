/*
 * tls_model_test.c - many small worlds of certificates, each judged twice: by
 * path_find() from their octets, and here from what they were made of, by a
 * search that is slow and plain.
 */
#include "tls_signed.h"

#define POOL		90
#define LEAVES		20	/* of them, the first */
#define WORLDS		2000
#define IN_WORLD	7

static struct make of[POOL];
static struct made der[POOL];

static struct world {
	unsigned cert[IN_WORLD];	/* of the pool; the first is the leaf */
	bool is_stored[IN_WORLD], is_sent[IN_WORLD];
	unsigned key;			/* a bare one that is trusted, or 0 */
	unsigned depth;
} world;

static struct chain chain;
static _Alignas(16) char room[CHAIN_BYTES_MAX];

static bool
one_in(unsigned n)
{
	return sim_random(n) == 0;
}

/* ---- certificates ------------------------------------------------------- */

static const char *const people[] = { "A", "B", "C", "D" };

static void
draw(struct make *m, bool is_leaf)
{
	static const unsigned usage[] = { 0, MAKE_CERTS, MAKE_CERTS | MAKE_SIGN,
	    MAKE_CRLS };
	unsigned who = sim_random(4), by = sim_random(4);

	*m = (struct make){ .cn = is_leaf ? "leaf" : people[who],
	    .issuer = people[by], .key = is_leaf ? 9 : 1 + who,
	    .by = 1 + by };
	if (is_leaf && one_in(6)) {
		m->issuer = m->cn;
		m->by = m->key;
	}
	if (one_in(12))
		m->by = 1 + sim_random(4);
	m->is_ca = is_leaf ? one_in(4) : !one_in(8);
	m->has_limit = m->is_ca && one_in(5);
	m->limit = (int)sim_random(2);
	m->usage = usage[one_in(6) ? 3 : sim_random(3)];
	m->purpose = one_in(10) ? "client" : one_in(3) ? "server" : NULL;
	m->names = one_in(2) ? one_in(3) ? "x.test" : "x.example" : NULL;
	m->permitted = !is_leaf && one_in(6) ? "example" : NULL;
	m->is_odd = one_in(20);
	m->until = one_in(20) ? SIM_WALL - 1 : 0;
	m->from = one_in(20) ? SIM_WALL + 1 : 0;
	m->by_sha1 = one_in(20);
	m->is_forged = one_in(20);
	if (one_in(12)) {
		m->is_v1 = true;
		m->is_ca = m->has_limit = m->is_odd = false;
		m->usage = 0;
		m->purpose = m->names = m->permitted = NULL;
	}
}

static void
draw_world(void)
{
	unsigned n;

	memset(&world, 0, sizeof(world));
	world.cert[0] = sim_random(LEAVES);
	for (unsigned i = 1; i < IN_WORLD; i++) {
	again:
		n = LEAVES + sim_random(POOL - LEAVES);
		for (unsigned j = 1; j < i; j++)
			if (world.cert[j] == n)
				goto again;
		world.cert[i] = n;
		world.is_stored[i] = one_in(2);
		world.is_sent[i] = !world.is_stored[i] || one_in(4);
	}
	world.is_sent[0] = true;
	world.is_stored[0] = one_in(3);
	world.key = one_in(6) ? 1 + sim_random(4) : 0;
	world.depth = sim_random(4);
}

/* ---- the model ---------------------------------------------------------- */

static bool
is_own(const struct make *m)
{
	return strcmp(m->cn, m->issuer) == 0;
}

static bool
is_sound(const struct make *m)
{
	return m->until == 0 && m->from == 0 && !m->is_odd &&
	    (m->purpose == NULL || m->purpose[0] == 's');
}

static bool
is_signed_by(const struct make *m, unsigned key)
{
	return m->by == key && !m->is_forged && !m->by_sha1;
}

static bool
may_issue(const struct make *m, bool is_anchor, const unsigned *way, unsigned n)
{
	int between = 0;

	for (unsigned i = 0; i < n; i++) {
		const struct make *below = &of[world.cert[way[i]]];
		bool counts = i == 0 || !is_own(below);

		between += i > 0 && counts;
		if (counts && m->permitted != NULL && below->names != NULL &&
		    strstr(below->names, m->permitted) == NULL)
			return false;
	}
	if (!m->is_ca && !(m->is_v1 && is_anchor))
		return false;
	if (m->usage != 0 && !(m->usage & MAKE_CERTS))
		return false;
	if (m->has_limit && between > m->limit)
		return false;
	return is_sound(m) && (is_anchor || n <= world.depth);
}

static bool
leads_on(unsigned *way, unsigned n)
{
	const struct make *top = &of[world.cert[way[n - 1]]], *m;
	bool is_anchor, was_there;

	if (world.key != 0 && is_signed_by(top, world.key))
		return true;
	for (unsigned i = 0; i < IN_WORLD; i++) {
		m = &of[world.cert[i]];
		is_anchor = world.is_stored[i] && is_own(m);
		was_there = false;
		for (unsigned j = 0; j < n; j++)
			was_there = was_there || way[j] == i;
		if (was_there || strcmp(m->cn, top->issuer) != 0 ||
		    !is_signed_by(top, m->key) ||
		    !may_issue(m, is_anchor, way, n))
			continue;
		way[n] = i;
		if (is_anchor || leads_on(way, n + 1))
			return true;
	}
	return false;
}

static bool
model(void)
{
	const struct make *leaf = &of[world.cert[0]];
	unsigned way[IN_WORLD + 1] = { 0 };

	if (!is_sound(leaf) || leaf->usage == MAKE_CRLS ||
	    leaf->usage == MAKE_CERTS)
		return false;
	return (world.is_stored[0] && is_own(leaf)) || leads_on(way, 1);
}

/* ---- and the thing itself ----------------------------------------------- */

enum rc
anchors_find(struct anchors *s, struct span subject, size_t *at,
	struct arena *a, struct span *out)
{
	struct cert c;

	(void)s;
	while (*at < IN_WORLD) {
		unsigned i = (unsigned)(*at)++;
		struct span whole = made_span(&der[world.cert[i]]);

		assert_int_equal(cert_read(whole, &c), RC_OK);
		if (world.is_stored[i] && cert_dn_eq(c.subject, subject))
			return arena_copy(a, whole, out);
	}
	return RC_NONE;
}

static enum rc
judge(struct buf *why)
{
	static char anchors[sizeof(struct anchors)];
	static struct made spki;
	const struct path_want want = { .anchors = (void *)anchors,
	    .now = SIM_WALL, .depth = (int)world.depth };

	chain_start(&chain, room);
	for (unsigned i = 0; i < IN_WORLD; i++)
		if (world.is_sent[i])
			make_feed(&chain, made_span(&der[world.cert[i]]));
	if (world.key != 0) {
		spki.n = 0;
		make_spki(&spki, world.key);
		chain.key[chain.keys++] = made_span(&spki);
	}
	return path_find(&chain, &want, why);
}

SIM_TEST(small_worlds_are_judged_as_a_plain_search_judges_them)
{
	unsigned good = 0, full = 0;
	char text[512];
	enum rc rc;

	for (unsigned i = 0; i < POOL; i++) {
		draw(&of[i], i < LEAVES);
		make_cert(&der[i], &of[i]);
	}
	for (unsigned i = 0; i < WORLDS; i++) {
		struct buf why = BUF(text);

		draw_world();
		rc = judge(&why);
		if (rc == RC_FULL) {
			full++;
			continue;
		}
		if ((rc == RC_OK) != model())
			sim_fail("world %u: %s", i, buf_text(&why));
		good += rc == RC_OK;
	}
	/* Both verdicts are there often enough to mean something. */
	assert_in_range(good, WORLDS / 20, WORLDS - WORLDS / 20);
	assert_in_range(full, 0, WORLDS / 100);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(small_worlds_are_judged_as_a_plain_search_judges_them),
	};

	return sim_main(tests, COUNT(tests));
}
