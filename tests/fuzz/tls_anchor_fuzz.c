/*
 * tls_anchor_fuzz.c - any octets as certificates in a bundle, in its index and
 * in a file of trust anchors.
 *
 * The first octet says how many anchors there is room for, and which call of
 * the port fails when the index is made.  What follows is a list of objects:
 * two octets of length, one that says which armour, the DER.  What must hold:
 * an index gives what its file gives, and every good certificate is found by
 * its own subject.
 *
 * covers: src/tls_index.c
 * covers: src/tls_dnhash.c
 * covers: src/tls_tafile.c
 * covers: src/tls_anchor.c scan judge find_in_index find_in_file anchors_find
 */
#include <string.h>

#include "../../src/tls_int.h"
#include "../sim/sim.h"

#define HOLDS(x)	do { if (!(x)) __builtin_trap(); } while (0)
#define OBJECTS_MAX	16
#define FILE_		"/tmp/cas.pem"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static char pem_room[512 * 1024], der_room[128 * 1024];
static struct span object[OBJECTS_MAX];	/* those called certificates */
static size_t objects;
static struct settings set;
static struct log info;

static struct span
take(struct span *rest, size_t n)
{
	struct span s = span_head(*rest, n);

	*rest = span_tail(*rest, n);
	return s;
}

static void
make_file(struct span rest)
{
	static const char *const labels[] = { "CERTIFICATE", "CERTIFICATE",
		"PUBLIC KEY", "OTHER" };
	struct buf b = BUF(pem_room);
	unsigned all = 0;

	objects = 0;
	while (rest.n >= 3 && all++ < OBJECTS_MAX) {
		struct span head = take(&rest, 3);
		unsigned kind = (unsigned char)head.p[2];
		struct span der = take(&rest, (size_t)(unsigned char)head.p[0]
		    << 8 | (unsigned char)head.p[1]);

		buf_fmt(&b, "-----BEGIN %s-----\n", labels[kind % 4]);
		code_base64(&b, der);
		if (kind & 4)
			buf_puts(&b, "\n!");
		else if (kind % 4 < 2)
			object[objects++] = der;
		buf_fmt(&b, "\n-----END %s-----\n", labels[kind % 4]);
	}
	HOLDS(!b.full);
	sim_file_bytes(FILE_, b.p, b.n);
}

/* All that is found for a name, one behind the other. */
static void
find_all(struct anchors *s, struct span name, struct buf *out)
{
	struct arena a;
	struct span der;
	size_t at = 0;
	enum rc rc;

	arena_init(&a, der_room, sizeof(der_room));
	while ((rc = anchors_find(s, name, &at, &a, &der)) == RC_OK)
		buf_put(out, der);
	HOLDS(rc == RC_NONE);
	HOLDS(anchors_find(s, name, &at, &a, &der) == RC_NONE);
}

static bool
holds_it(const struct buf *b, struct span der)
{
	for (size_t i = 0; i + der.n <= b->n; i++)
		if (memcmp(b->p + i, der.p, der.n) == 0)
			return true;
	return false;
}

static void
open_anchors(struct anchors *s)
{
	memset(s, 0, sizeof(*s));
	set.tls_CAfile = SPAN(FILE_);
	HOLDS(anchors_open(s, &set, false, &info) == RC_OK ||
	    s->why[0] != '\0');
}

/* fails: so many calls of the port behind the first; 0: none does. */
static void
check_index(unsigned fails)
{
	static char in_text[128 * 1024], in_index[128 * 1024];
	unsigned char hash[DN_HASH_BYTES];
	struct anchors text, index;
	char room[512];
	struct buf why = BUF(room);
	struct tls_index made = { 0, 0, 0 };
	enum rc rc;
	struct cert c;

	open_anchors(&text);
	if (fails > 0)
		sim_fail_at(sim_fallible() + fails);
	rc = tls_index_make(FILE_, &info, &made, &why);
	sim_fail_at(0);
	HOLDS(rc == RC_OK || why.n > 0);
	open_anchors(&index);
	HOLDS((rc == RC_OK) == (index.file[0].cdb.n > 0));
	for (size_t i = 0; i < objects; i++) {
		struct buf a = BUF(in_text), b = BUF(in_index);

		if (cert_read(object[i], &c) != RC_OK)
			continue;
		HOLDS(rc == RC_OK || fails > 0 || !dn_hash(c.subject, hash));
		find_all(&text, c.subject, &a);
		find_all(&index, c.subject, &b);
		HOLDS(holds_it(&a, object[i]) && b.n <= a.n);
		HOLDS(rc != RC_OK || !dn_hash(c.subject, hash) ||
		    holds_it(&b, object[i]));
	}
	HOLDS(made.certificates + made.duplicates + made.bad >= objects ||
	    rc != RC_OK);
	port_close(text.file[0].fd);
	port_close(index.file[0].fd);
}

/* An index with one octet changed: no more than other answers. */
static void
check_damage(const uint8_t *data, size_t n)
{
	static char bytes[256 * 1024];
	struct anchors s;
	const char *p;
	size_t length, at = 0;
	struct arena a;
	struct span der, name = SPAN("\x30\0");
	struct cert c;

	if (!sim_file_read(FILE_ ".cdb", &p, &length) ||
	    length > sizeof(bytes) || n < 4)
		return;
	memcpy(bytes, p, length);
	bytes[((size_t)data[n - 1] << 8 | data[n - 2]) % length] ^=
	    (char)(data[n - 3] | 1);
	sim_file_bytes(FILE_ ".cdb", bytes, length);
	if (objects > 0 && cert_read(object[0], &c) == RC_OK)
		name = c.subject;
	open_anchors(&s);
	arena_init(&a, der_room, sizeof(der_room));
	while (anchors_find(&s, name, &at, &a, &der) == RC_OK)
		HOLDS(der.n > 0);
	port_close(s.file[0].fd);
}

static void
check_tafile(unsigned most)
{
	struct anchor list[OBJECTS_MAX];
	struct anchor_list out = { list, most, 0 };
	struct arena a;
	char room[512];
	struct buf why = BUF(room);

	arena_init(&a, der_room, sizeof(der_room));
	if (anchors_each(SPAN(FILE_ ", " FILE_), &a, &out, &why) != RC_OK) {
		HOLDS(out.n == 0 && why.n > 0);
		return;
	}
	HOLDS(out.n > 0 && out.n <= most && out.n % 2 == 0);
	for (size_t i = 0; i < out.n; i++)
		HOLDS(list[i].spki.n > 0 && list[i].spki.p >= der_room);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (n < 1)
		return 0;
	sim_begin();
	log_init(&info, SPAN("fuzz"));
	make_file((struct span){ (const char *)data + 1, n - 1 });
	check_tafile(data[0] % OBJECTS_MAX);
	check_index(data[0] >> 4);
	check_damage(data, n);
	HOLDS(sim_open_fds() == 0);
	sim_end();
	return 0;
}
