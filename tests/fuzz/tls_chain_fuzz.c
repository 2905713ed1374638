/*
 * tls_chain_fuzz.c - chains of certificates that are signed in earnest, and
 * damaged, with anchors of all kinds, at all levels.
 *
 * Nobody finds a signature by trying, so the input describes certificates, four
 * octets each, which are made here, and kept for the inputs that follow:
 *
 *	level, options, how the anchors answer, a match list ending in NUL; then
 *	an octet each that says what to do with the description behind it:
 *	0 sent, 1 sent with damage (where, how), 2 in the store, 3 in a file of
 *	anchors, 4 a bare key there (its number alone), 5 octets as they are,
 *	sent (how many), 6 more than was said, sent (how much)
 *
 * covers: src/tls_chain.c
 * covers: src/tls_path.c
 * covers: src/tls_check.c
 */
#include "../unit/tls_signed.h"

#define HOLDS(x)	do { if (!(x)) abort(); } while (0)
#define KEPT		2048
#define STORE_MAX	12

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct input {
	const uint8_t *p;
	size_t n;
};

static struct {
	struct settings set;
	struct log log;
	struct tls tls;
	struct tls_site site;
	struct tls_policy policy;
	struct tlsa_set tlsa;
	uint8_t answers;
	const struct made *store[STORE_MAX];
	size_t stored;
	struct anchor anchor[STORE_MAX];
	size_t anchors;
	struct made spki[STORE_MAX];
	_Alignas(16) char room[CHAIN_BYTES_MAX];
} w;

/* ---- what stands around ------------------------------------------------- */

enum rc
anchors_open(struct anchors *s, const struct settings *set, bool is_lmtp,
	const struct log *log)
{
	(void)set, (void)is_lmtp, (void)log;
	strcpy(s->why, w.answers & 1 || w.set.tls_CAfile.n == 0 ? "missing"
	    : "");
	return w.answers & 1 ? RC_DENY : RC_OK;
}

enum rc
anchors_find(struct anchors *s, struct span subject, size_t *at,
	struct arena *a, struct span *der)
{
	struct cert c;

	(void)s;
	if (w.answers & 2)
		return w.answers & 4 ? RC_OS : RC_FULL;
	while (*at < w.stored) {
		if (cert_read(made_span(w.store[*at]), &c) != RC_OK)
			return RC_NONE;
		++*at;
		if (cert_dn_eq(c.subject, subject))
			return arena_copy(a, c.der, der);
	}
	return RC_NONE;
}

enum rc
anchors_each(struct span files, struct arena *a, struct anchor_list *out,
	struct buf *why)
{
	(void)files, (void)a;
	if (w.answers & 8) {
		buf_puts(why, "missing");
		return RC_DENY;
	}
	for (out->n = 0; out->n < w.anchors && out->n < out->most; out->n++)
		out->p[out->n] = w.anchor[out->n];
	return RC_OK;
}

enum rc
dane_marks(struct chain *c, const struct tlsa_set *set)
{
	(void)set;
	if (w.answers & 32)
		return RC_OK;
	if (w.answers & 64)
		return RC_DENY;
	c->link[w.answers % c->n].is_anchor = true;
	return RC_NONE;
}

/* ---- certificates ------------------------------------------------------- */

static unsigned
octet(struct input *in)
{
	if (in->n == 0)
		return 0;
	in->n--;
	return *in->p++;
}

static const char *const names[] = { "A", "B", "C", "D", "mx.dest.example",
	"dest.example", "", "*.dest.example" };

/* Four octets: who, by whom, what is odd, and what else is. */
static void
describe(uint32_t d, struct make *m)
{
	unsigned who = d >> 24, by = d >> 16 & 255, odd = d >> 8 & 255;
	unsigned more = d & 255;

	*m = (struct make){ .cn = names[who & 7], .issuer = names[by & 7],
	    .key = 1 + (who >> 3 & 7), .by = 1 + (by >> 3 & 7) };
	m->is_ca = !(odd & 1);
	m->has_limit = odd & 2;
	m->limit = odd >> 2 & 1;
	m->usage = odd & 8 ? MAKE_CERTS << (odd >> 4 & 3) : 0;
	m->purpose = odd & 64 ? "server" : odd & 128 ? "client" : NULL;
	m->names = more & 1 ? names[who & 7] : NULL;
	m->permitted = more & 2 ? names[4 + (more >> 2 & 1)] : NULL;
	m->is_odd = (more & 56) == 8;
	m->is_v1 = (more & 56) == 16;
	m->by_sha1 = (more & 56) == 24;
	m->is_forged = (more & 56) == 32;
	m->until = (more & 56) == 40 ? SIM_WALL - 1 : 0;
	m->from = (more & 56) == 48 ? SIM_WALL + 1 : 0;
	m->ip = more & 64 ? "192.0.2.1" : NULL;
}

static const struct made *
described(struct input *in)
{
	static struct made kept[KEPT];
	static uint32_t of[KEPT];
	uint32_t d = 0, at;
	struct make m;

	for (int i = 0; i < 4; i++)
		d = d << 8 | octet(in);
	at = (d * 2654435761U) >> 16 & (KEPT - 1);
	if (kept[at].n == 0 || of[at] != d) {
		describe(d, &m);
		make_cert(&kept[at], &m);
		of[at] = d;
	}
	return &kept[at];
}

static void
send_damaged(struct input *in)
{
	static struct made m;
	size_t at;

	m = *described(in);
	at = octet(in) << 8;
	at |= octet(in);
	m.p[at % m.n] ^= (unsigned char)octet(in);
	make_feed(&w.tls.chain, made_span(&m));
}

static void
send_octets(struct input *in)
{
	size_t n = octet(in);

	if (n > in->n)
		n = in->n;
	make_feed(&w.tls.chain, (struct span){ (const char *)in->p, n });
	in->p += n;
	in->n -= n;
}

static void
send_long(struct input *in)
{
	static unsigned char octets[4096];
	const br_x509_class **ctx = &w.tls.chain.vtable;
	unsigned times = octet(in);

	w.tls.chain.vtable->start_cert(ctx, times << 10);
	while (times-- > 0)
		w.tls.chain.vtable->append(ctx, octets, sizeof(octets));
	w.tls.chain.vtable->end_cert(ctx);
}

static void
give_key(struct input *in)
{
	struct made *m = &w.spki[w.anchors];

	m->n = 0;
	make_spki(m, 1 + octet(in) % 8);
	w.anchor[w.anchors++] = (struct anchor){ .spki = made_span(m) };
}

static void
obey(struct input *in)
{
	switch (octet(in) % 7) {
	case 1:
		send_damaged(in);
		break;
	case 2:
		if (w.stored < STORE_MAX)
			w.store[w.stored++] = described(in);
		break;
	case 3:
		if (w.anchors < STORE_MAX)
			w.anchor[w.anchors++] = (struct anchor){
			    .der = made_span(described(in)) };
		break;
	case 4:
		if (w.anchors < STORE_MAX)
			give_key(in);
		break;
	case 5:
		send_octets(in);
		break;
	case 6:
		send_long(in);
		break;
	default:
		make_feed(&w.tls.chain, made_span(described(in)));
	}
}

/* ---- the peer ----------------------------------------------------------- */

static void
begin(struct input *in)
{
	unsigned level = octet(in), options = octet(in);
	size_t n = 0;

	memset(&w, 0, offsetof(__typeof__(w), room));
	w.set = (struct settings){ .tls_CAfile = options & 1 ? SPAN("")
	    : SPAN("/ca.pem"), .tls_scert_verifydepth = options >> 1 & 3,
	    .tls_fingerprint_digest = options & 8 ? SPAN("sha1")
	    : options & 16 ? SPAN("none") : SPAN("sha256"),
	    .tls_loglevel = level >> 4 & 3 };
	w.log = (struct log){ .to_stderr = true, .err_level = LOG_INFO };
	w.tls.set = &w.set;
	w.tls.log = &w.log;
	w.tls.is_lmtp = options & 32;
	w.site = (struct tls_site){ .nexthop = SPAN("dest.example"),
	    .domain = options & 64 ? SPAN("") : SPAN("dest.example"),
	    .host = SPAN("mx.dest.example"), .port = 25,
	    .is_literal = options & 128 };
	HOLDS(ip_parse(SPAN("192.0.2.1"), &w.site.ip));
	if (w.site.domain.n == 0)
		w.site.ip.family = IP_NONE;
	w.tlsa.base = SPAN("mx.dest.example");
	w.answers = (uint8_t)octet(in);
	w.policy.site = &w.site;
	w.policy.level = LEVEL_MAY + (int)(level & 7) % 7;
	w.policy.half_dane = level & 8;
	w.policy.tafile = level & 64 ? SPAN("/ta.pem") : SPAN("");
	w.policy.tlsa = level & 128 ? NULL : &w.tlsa;
	while (n < in->n && in->p[n] != '\0')
		n++;
	w.policy.match = (struct span){ (const char *)in->p, n };
	in->p += n;
	in->n -= n;
	(void)octet(in);
	chain_start(&w.tls.chain, w.room);
	w.tls.chain.vtable->start_chain(&w.tls.chain.vtable, "mx.dest.example");
}

/* As the engine asks for it. */
static void
check_key(void)
{
	unsigned usages = 0;
	const br_x509_pkey *key;

	key = w.tls.chain.vtable->get_pkey(&w.tls.chain.vtable, &usages);
	HOLDS((w.tls.chain.vtable->end_chain(&w.tls.chain.vtable) == 0) ==
	    (key != NULL));
	HOLDS((key != NULL) == (usages != 0));
}

static void
judge(void)
{
	char text[512];
	struct buf why = BUF(text);
	bool matched = false;
	enum tls_trust trust = check_peer(&w.tls, &w.tls.chain, &w.policy,
	    &matched, &why);
	bool is_demanding = w.policy.level > LEVEL_ENCRYPT;

	HOLDS(!why.full);
	HOLDS((trust == TLS_ANONYMOUS) == (w.tls.chain.n == 0));
	HOLDS(trust < TLS_TRUSTED ? why.n > 0 && matched == !is_demanding
	    : why.n == 0 && matched);
	if (trust == TLS_VERIFIED)
		HOLDS(is_demanding && !w.policy.half_dane);
	HOLDS(w.tls.chain.n <= CHAIN_LINKS_MAX);
	HOLDS(w.tls.chain.arena.used <= CHAIN_BYTES_MAX);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct input in = { data, n };

	sim_begin();
	begin(&in);
	if (w.answers >= 128)
		sim_wall_jump(-SIM_WALL);
	for (unsigned i = 0; i < 40 && in.n > 0; i++)
		obey(&in);
	check_key();
	judge();
	judge();
	return 0;
}
