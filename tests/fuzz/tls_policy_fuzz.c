/*
 * tls_policy_fuzz.c - any octets as an entry of a table for TLS.
 *
 * The first two octets say which table there is, the general level, and how the
 * world is.  The rest is divided by NUL: next hop, key, value of that key,
 * server name, general digests, general trust anchors.
 *
 * covers: src/tls_policy.c
 * covers: src/tls_entry.c
 */
#include <stdlib.h>
#include <string.h>

#include "../../src/tls_int.h"

#define HOLDS(x)	do { if (!(x)) abort(); } while (0)

enum { SITES = 1, SICK = 2, LMTP = 4, UNIX = 8, WRAPPER = 16, POOR = 32,
	USE = 64, ENFORCE = 128 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct span key, value, next_hop;
static bool is_sick, is_poor;
static unsigned questions;

enum rc
table_find(const struct table_list *l, struct span wanted, unsigned kinds,
    struct buf *out)
{
	struct buf b = buf_attempt(out);

	HOLDS(l->first != NULL && kinds == TABLE_ANY);
	questions++;
	HOLDS(questions <= next_hop.n + 2);
	if (!span_eq_case(key, wanted))
		return is_sick ? RC_OS : RC_NONE;
	buf_put(&b, value);
	if (b.full)
		return RC_FULL;
	buf_settle(out, &b);
	return RC_OK;
}

enum rc
anchors_each(struct span files, struct arena *a, struct anchor_list *out,
    struct buf *why)
{
	HOLDS(a->cap == CHAIN_BYTES_MAX && out->most > 0 && files.n > 0);
	if (span_find(files, 'x') == files.n)
		return RC_OK;
	buf_puts(why, "trust anchor file: there is an x in its name");
	return RC_DENY;
}

void *
port_memory(size_t bytes)
{
	static _Alignas(16) char room[CHAIN_BYTES_MAX];

	HOLDS(bytes <= sizeof(room));
	return is_poor ? NULL : room;
}

_Noreturn void
assert_failed(const char *file, int line)
{
	(void)file;
	(void)line;
	abort();
}

static bool
is_entry(const struct tls_policy *p)
{
	return p->from_table && span_eq_case(key, next_hop);
}

static struct tls tls;

static bool
in_room(struct span s)
{
	return s.p >= tls.policy_room && s.p + s.n <= tls.policy_room +
		sizeof(tls.policy_room);
}

/* Every value of that name must be in the list. */
static void
check_list(struct span whole, const char *name, struct span list)
{
	struct span word;
	size_t n = strlen(name), i;

	while (span_word(&whole, LIST_DIVIDERS, &word)) {
		if (!span_starts_case(word, name))
			continue;
		word = span_tail(word, n);
		for (i = 0; i + word.n <= list.n; i++)
			if (memcmp(list.p + i, word.p, word.n) == 0)
				break;
		HOLDS(i + word.n <= list.n);
	}
}

/* A usable entry, read once more in another way. */
static void
check_entry(const struct tls_policy *p)
{
	static const char *const words[] = { "", "none", "may", "encrypt",
	    "fingerprint", "dane", "dane-only", "verify", "secure" };
	struct span rest = value, word;
	size_t at;

	HOLDS(span_word(&rest, LIST_DIVIDERS, &word));
	HOLDS(span_is_case(word, words[p->level]) ||
	    (span_is_case(word, "may") && p->level == LEVEL_NONE));
	if (p->level == LEVEL_NONE)
		return;
	while (span_word(&rest, LIST_DIVIDERS, &word)) {
		at = span_find(word, '=');
		HOLDS(at > 0 && at < word.n);
	}
	if (in_room(p->match))
		check_list(value, "match=", p->match);
	check_list(value, "tafile=", p->tafile);
	check_list(value, "ciphers=", p->grade);
	check_list(value, "protocols=", p->protocols);
	check_list(value, "exclude=", p->exclude);
}

static void
check(const struct tls_policy *p, bool by_site)
{
	HOLDS(p->level >= LEVEL_NONE && p->level <= LEVEL_SECURE);
	if (p->level == LEVEL_NONE)
		return;
	HOLDS(p->servername.n == 0 || dns_name_check(p->servername) == RC_OK);
	HOLDS(p->level != LEVEL_FINGERPRINT || p->match.n > 1);
	HOLDS(p->tafile.n == 0 || p->level >= LEVEL_VERIFY);
	HOLDS(p->protocols.p == NULL || in_room(p->protocols));
	HOLDS(p->grade.p == NULL || (in_room(p->grade) && p->grade.n > 0));
	HOLDS(p->exclude.p == NULL || in_room(p->exclude));
	if (is_entry(p) && !by_site)
		check_entry(p);
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
give(struct settings *set, unsigned flags, struct span rest)
{
	next_hop = part(&rest);
	key = part(&rest);
	value = part(&rest);
	set->tls_servername = part(&rest);
	set->tls_fingerprint_cert_match = part(&rest);
	set->tls_trust_anchor_file = part(&rest);
	set->tls_verify_cert_match = SPAN("hostname");
	set->tls_secure_cert_match = SPAN("nexthop");
	set->tls_wrappermode = flags & WRAPPER;
	set->use_tls = flags & USE;
	set->enforce_tls = flags & ENFORCE;
	set->tls_enforce_peername = flags & LMTP;
	is_sick = flags & SICK;
	is_poor = flags & POOR;
	questions = 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct settings set;
	static struct tls_policy got;
	static char room[4096];
	struct tls_site site = { .host = SPAN("mx.example") };
	struct buf why = BUF(room);
	enum rc rc;

	if (n < 2)
		return 0;
	memset(&tls, 0, sizeof(tls));
	give(&set, data[0], (struct span){ (const char *)data + 2, n - 2 });
	set.tls_security_level = data[1] % (LEVEL_SECURE + 1);
	tls.set = &set;
	tls.is_lmtp = data[0] & LMTP;
	tls.policy_maps.setting = tls.per_site.setting = "smtp_tls_x";
	if (data[0] & SITES)
		tls.per_site.first = (struct table *)(void *)room;
	else
		tls.policy_maps.first = (struct table *)(void *)room;
	site.nexthop = next_hop;
	if (data[1] & 16)
		site.domain = SPAN("192.0.2.1");
	else if (dns_name_check(next_hop) == RC_OK)
		site.domain = next_hop;
	site.ip.family = data[0] & UNIX ? IP_NONE : IP_V4;
	rc = tls_policy_find(&tls, &site, &got, &why);
	HOLDS(rc == RC_OK || rc == RC_DENY || rc == RC_OS);
	HOLDS(rc != RC_OS || is_sick || is_poor);
	HOLDS((rc == RC_OK) == (why.n == 0) || why.full || rc == RC_OS);
	if (rc == RC_OK)
		check(&got, data[0] & SITES);
	return 0;
}
