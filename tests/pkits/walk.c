/*
 * walk.c - a chain of certificates from files goes through the X.509 class.
 *
 *	walk [-t UNIX_S] [-m SEED COUNT] ANCHOR LEAF [CERT...]
 *
 * DER files; ANCHOR is all that the store has.  Says `good`, or `bad: WHY`.
 * With -m, COUNT chains that were damaged at random instead: says how many were
 * good all the same.  A leaf that is none of the given ones, and verified, is a
 * forgery: that aborts, as does whatever the sanitizers find.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/tls_int.h"

#define CERTS_MAX	32

struct file {
	unsigned char p[CERT_BYTES_MAX];
	size_t n;
};

static struct file anchor, cert[CERTS_MAX], damaged[CERTS_MAX];
static size_t certs;
static uint64_t seed = 1;
static struct chain chain;
static _Alignas(16) char room[CHAIN_BYTES_MAX];
static int64_t now = 1577836800;	/* 2020; the tests have 2010 to 2030 */

static unsigned
random_below(size_t n)
{
	seed = seed * 6364136223846793005U + 1442695040888963407U;
	return n == 0 ? 0 : (unsigned)((seed >> 33) % n);
}

static struct span
span_of_file(const struct file *f)
{
	return (struct span){ (const char *)f->p, f->n };
}

/* The store, in place of CAfile. */
enum rc
anchors_find(struct anchors *s, struct span subject, size_t *at,
	struct arena *a, struct span *der)
{
	struct cert c;

	(void)s;
	if (++*at > 1 || cert_read(span_of_file(&anchor), &c) != RC_OK ||
	    !cert_dn_eq(c.subject, subject))
		return RC_NONE;
	return arena_copy(a, c.der, der);
}

static void
read_file(const char *path, struct file *f)
{
	FILE *in = fopen(path, "rb");

	if (in == NULL) {
		perror(path);
		exit(1);
	}
	f->n = fread(f->p, 1, sizeof(f->p), in);
	fclose(in);
}

static void
feed(const struct file *f)
{
	const br_x509_class **ctx = &chain.vtable;
	size_t n;

	chain.vtable->start_cert(ctx, (uint32_t)f->n);
	for (size_t i = 0; i < f->n; i += n) {
		n = 1 + random_below(f->n - i);
		chain.vtable->append(ctx, f->p + i, n);
	}
	chain.vtable->end_cert(ctx);
}

static enum rc
walk(const struct file *f, size_t n, struct buf *why)
{
	static char anchors[sizeof(struct anchors)];
	const struct path_want want = { .anchors = (void *)anchors,
	    .now = now, .depth = 9 };
	const br_x509_class **ctx = &chain.vtable;
	unsigned usages;

	chain_start(&chain, room);
	chain.vtable->start_chain(ctx, NULL);
	for (size_t i = 0; i < n; i++)
		feed(&f[i]);
	if ((chain.vtable->end_chain(ctx) == 0) !=
	    (chain.vtable->get_pkey(&chain.vtable, &usages) != NULL))
		abort();
	return path_find(&chain, &want, why);
}

/* ---- damage ------------------------------------------------------------- */

static void
damage_one(struct file *f)
{
	size_t at = random_below(f->n), n;

	switch (random_below(6)) {
	case 0:
	case 1:	/* bits */
		for (unsigned i = 1 + random_below(4); i > 0 && f->n > 0; i--)
			f->p[random_below(f->n)] ^=
			    (unsigned char)(1 << random_below(8));
		break;
	case 2:	/* an octet that is as good a length as any */
		if (f->n > 0)
			f->p[at] = (unsigned char)random_below(256);
		break;
	case 3:	/* the end */
		f->n = at;
		break;
	case 4:	/* octets twice */
		n = random_below(sizeof(f->p) - f->n);
		n = n < f->n - at ? n : f->n - at;
		memmove(f->p + at + n, f->p + at, f->n - at);
		f->n += n;
		break;
	default: /* octets gone */
		n = random_below(f->n - at);
		memmove(f->p + at, f->p + at + n, f->n - at - n);
		f->n -= n;
		break;
	}
}

static size_t
damage(void)
{
	size_t n = certs, i;
	struct file swap;

	memcpy(damaged, cert, sizeof(damaged));
	for (unsigned times = random_below(4); times > 0; times--) {
		i = random_below(n);
		switch (random_below(5)) {
		case 0:	/* sent twice */
			if (n < CERTS_MAX)
				damaged[n++] = damaged[i];
			break;
		case 1:	/* in another order */
			swap = damaged[i];
			damaged[i] = damaged[n - 1];
			damaged[n - 1] = swap;
			break;
		case 2:	/* not sent */
			damaged[i] = damaged[n - 1];
			n -= n > 1;
			break;
		default:
			damage_one(&damaged[i]);
		}
	}
	return n;
}

static bool
is_genuine(const struct file *f)
{
	for (size_t i = 0; i < certs; i++)
		if (span_eq(span_of_file(f), span_of_file(&cert[i])))
			return true;
	return false;
}

static void
walk_damaged(unsigned count)
{
	unsigned good = 0;
	char text[512];
	size_t n;

	for (unsigned i = 0; i < count; i++) {
		struct buf why = BUF(text);

		n = damage();
		if (walk(damaged, n, &why) != RC_OK)
			continue;
		good++;
		if (!is_genuine(&damaged[0])) {
			fprintf(stderr, "walk: a forgery, number %u\n", i);
			abort();
		}
	}
	printf("%u of %u good\n", good, count);
}

int
main(int argc, char **argv)
{
	unsigned count = 0;
	char text[512];
	struct buf why = BUF(text);

	while (argc > 3 && argv[1][0] == '-') {
		if (argv[1][1] == 't') {
			now = atoll(argv[2]);
			argv += 2, argc -= 2;
		} else {
			seed = strtoull(argv[2], NULL, 10);
			count = (unsigned)atoi(argv[3]);
			argv += 3, argc -= 3;
		}
	}
	if (argc < 3 || argc - 2 > CERTS_MAX) {
		fprintf(stderr, "usage: walk [-t UNIX_S] [-m SEED COUNT] "
		    "ANCHOR LEAF [CERT...]\n");
		return 1;
	}
	read_file(argv[1], &anchor);
	for (int i = 2; i < argc; i++)
		read_file(argv[i], &cert[certs++]);
	if (count > 0)
		walk_damaged(count);
	else if (walk(cert, certs, &why) == RC_OK)
		puts("good");
	else
		printf("bad: %s\n", buf_text(&why));
	return 0;
}
