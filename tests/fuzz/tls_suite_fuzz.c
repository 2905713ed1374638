/*
 * tls_suite_fuzz.c - any octets as lists of protocols and ciphers.
 *
 * The first octet says at which level, whether a table said it, and whether AES
 * is fast.  The rest is divided by NUL: protocols, grade, exclusions, and the
 * cipher list of each grade.
 *
 * covers: src/tls_suite.c
 * covers: src/tls_cipher.c
 * covers: src/tls_version.c
 */
#include <stdlib.h>
#include <string.h>

#include "../../src/tls_int.h"

#define HOLDS(x)	do { if (!(x)) abort(); } while (0)

enum { MANDATORY = 1, TABLE = 2, FAST = 4, LMTP = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static char sentence[1024], longer[70000];
static struct settings set;
static struct tls_site site = { .nexthop = { "dest.example", 12 } };
static struct tls_policy policy;

_Noreturn void
assert_failed(const char *file, int line)
{
	(void)file;
	(void)line;
	abort();
}

static enum rc
choose(bool is_fast, struct suites *out)
{
	struct buf why = BUF(sentence);
	enum rc rc = suite_choose(&policy, &set, is_fast, out, &why);

	HOLDS(rc == RC_OK || rc == RC_DENY);
	HOLDS(!why.full);
	HOLDS(rc == RC_OK || why.n > 20);
	return rc;
}

static bool
has(const struct suites *s, uint16_t id)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->suite[i] == id)
			return true;
	return false;
}

/* Only AEAD and the long MACs need TLS 1.2. */
static bool
is_old(const char *name)
{
	size_t n = strlen(name);

	return n > 4 && strcmp(name + n - 4, "-SHA") == 0;
}

static void
check_suites(const struct suites *s, struct span excluded)
{
	struct span word;

	HOLDS(s->n > 0 && s->n <= TLS_SUITES_MAX);
	HOLDS(s->min >= BR_TLS10 && s->min <= s->max && s->max <= BR_TLS12);
	for (size_t i = 0; i < s->n; i++) {
		HOLDS(strcmp(suite_name(s->suite[i]), "?") != 0);
		HOLDS(suite_bits(s->suite[i]) >= 128);
		HOLDS(s->max == BR_TLS12 || is_old(suite_name(s->suite[i])));
		for (size_t k = 0; k < i; k++)
			HOLDS(s->suite[i] != s->suite[k]);
	}
	while (span_word(&excluded, LIST_DIVIDERS ":", &word))
		for (size_t i = 0; i < s->n; i++)
			HOLDS(!span_is(word, suite_name(s->suite[i])));
}

/* The machine changes the order, never the choice. */
static void
check_elsewhere(const struct suites *s, bool is_fast)
{
	struct suites other;

	HOLDS(choose(!is_fast, &other) == RC_OK);
	HOLDS(other.n == s->n && other.min == s->min && other.max == s->max);
	for (size_t i = 0; i < s->n; i++)
		HOLDS(has(&other, s->suite[i]));
}

/* One exclusion more: what it names is gone, and nothing new has come. */
static void
check_without(const struct suites *s, struct span *protocols)
{
	static const char *const names[] = { "TLSv1", "TLSv1.1", "TLSv1.2" };
	struct span whole = *protocols;
	struct suites less;

	for (size_t i = 0; i < COUNT(names); i++) {
		struct buf b = BUF(longer);

		buf_put(&b, whole);
		buf_puts(&b, ":!");
		buf_puts(&b, names[i]);
		if (b.full)
			return;
		*protocols = buf_span(&b);
		if (choose(true, &less) != RC_OK)
			continue;
		HOLDS(less.min != BR_TLS10 + i && less.max != BR_TLS10 + i);
		/* a hole gives the lower part, which may be new at its end */
		HOLDS(less.min >= s->min);
	}
	*protocols = whole;
}

/* Takes what is ahead of the next NUL off. */
static struct span
part(struct span *rest)
{
	size_t n = span_find(*rest, '\0');
	struct span s = span_head(*rest, n);

	*rest = span_tail(*rest, n + 1);
	return s;
}

static void
give(unsigned flags, struct span rest)
{
	struct span protocols = part(&rest), grade = part(&rest);
	struct span excluded = part(&rest);

	memset(&set, 0, sizeof(set));
	policy = (struct tls_policy){ .site = &site,
	    .level = flags & MANDATORY ? LEVEL_VERIFY : LEVEL_MAY,
	    .is_lmtp = flags & LMTP };
	if (flags & TABLE) {
		policy.protocols = protocols;
		policy.grade = grade;
		policy.exclude = excluded;
	}
	set.tls_protocols = set.tls_mandatory_protocols = protocols;
	set.tls_ciphers = set.tls_mandatory_ciphers = grade;
	if (flags & MANDATORY)
		set.tls_mandatory_exclude_ciphers = excluded;
	else
		set.tls_exclude_ciphers = excluded;
	set.tls_high_cipherlist = part(&rest);
	set.tls_medium_cipherlist = part(&rest);
	set.tls_low_cipherlist = part(&rest);
	set.tls_export_cipherlist = part(&rest);
	set.tls_null_cipherlist = part(&rest);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	unsigned flags = n > 0 ? data[0] : 0;
	struct suites s;

	HOLDS(strcmp(suite_version(flags), "?") == 0);
	if (n == 0)
		return 0;
	give(flags, (struct span){ (const char *)data + 1, n - 1 });
	if (choose(flags & FAST, &s) != RC_OK)
		return 0;
	check_suites(&s, flags & TABLE ? policy.exclude :
	    flags & MANDATORY ? set.tls_mandatory_exclude_ciphers :
	    set.tls_exclude_ciphers);
	check_elsewhere(&s, flags & FAST);
	check_without(&s, flags & TABLE && policy.protocols.p != NULL ?
	    &policy.protocols : flags & MANDATORY ?
	    &set.tls_mandatory_protocols : &set.tls_protocols);
	return 0;
}
