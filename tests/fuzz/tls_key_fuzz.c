/*
 * tls_key_fuzz.c - any octets as files of our own keys and certificates.
 *
 * The first octet says which settings name the file.  What must hold: either
 * there are keys that fit and sign, or there is a reason, and then nothing of
 * the file is left in memory.
 *
 * covers: src/tls_key.c
 * covers: src/tls_privkey.c
 * covers: src/tls_ccert.c choose do_sign sign_rsa oid_of best_hash
 */
#include <string.h>

#include "../../src/tls_int.h"
#include "../sim/sim.h"

#define HOLDS(x)	do { if (!(x)) __builtin_trap(); } while (0)

/* Settings of the first octet; and what a server asks for. */
enum { CHAINS = 1, PAIR = 2, EC_PAIR = 4, APART = 8, FAILS = 16, OPEN = 32,
	LMTP = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct own_keys keys;

/* Two files, divided by a NUL. */
static void
make_files(unsigned how, struct span text)
{
	size_t nul = span_find(text, '\0');

	sim_file_bytes("/a", text.p, nul);
	text = span_tail(text, nul + 1);
	sim_file_bytes("/b", text.p ? text.p : "", text.n);
	sim_file_mode("/a", 0, how & OPEN ? 0646 : 0600);
	if (how & FAILS)
		sim_file_broken("/a", 100);
}

static struct settings
settings_of(unsigned how)
{
	struct settings set;

	memset(&set, 0, sizeof(set));
	if (how & CHAINS)
		set.tls_chain_files = SPAN("/a /b");
	if (how & PAIR)
		set.tls_cert_file = SPAN("/a");
	if (how & EC_PAIR)
		set.tls_eccert_file = SPAN("/b");
	set.tls_key_file = how & APART ? SPAN("/b") : SPAN("/a");
	set.tls_eckey_file = how & APART ? SPAN("/a") : SPAN("/b");
	set.tls_dcert_file = how & LMTP ? SPAN("/none") : SPAN("");
	return set;
}

static void
sign(uint32_t types)
{
	static br_ssl_client_context cc;
	br_ssl_client_certificate chosen;
	struct key_choice c;
	unsigned char data[512];
	size_t n;

	br_ssl_engine_set_hash(&cc.eng, br_sha1_ID, &br_sha1_vtable);
	br_ssl_engine_set_hash(&cc.eng, br_sha256_ID, &br_sha256_vtable);
	key_choice_init(&c, &keys);
	c.vtable->choose(&c.vtable, &cc, types, &chosen);
	if (chosen.chain == NULL)
		return;
	HOLDS(chosen.chain_len > 0);
	memset(data, 7, sizeof(data));
	n = c.vtable->do_sign(&c.vtable, chosen.hash_id, 20, data,
	    sizeof(data));
	/* A damaged RSA key is found only then; and short ones can't. */
	HOLDS(n <= sizeof(data) && (n > 0 || !c.chosen->is_ec));
}

static void
check_chain(const struct own_key *k)
{
	const char *end = keys.arena.p + keys.arena.used;

	HOLDS(k->is_set && k->chain_n > 0 && k->chain_n <= KEY_CHAIN_MAX);
	for (size_t i = 0; i < k->chain_n; i++)
		HOLDS((char *)k->chain[i].data > keys.arena.p &&
		    (char *)k->chain[i].data + k->chain[i].data_len < end);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct settings set;
	struct log log;
	size_t from;
	enum rc rc;

	if (n < 1)
		return 0;
	sim_begin();
	log_init(&log, SPAN("fuzz"));
	make_files(data[0], (struct span){ (const char *)data + 1, n - 1 });
	set = settings_of(data[0]);
	memset(&keys, 0, sizeof(keys));
	rc = keys_read(&keys, &set, data[0] & LMTP, &log);
	HOLDS(rc == RC_OK || (rc == RC_DENY && keys.why[0] != '\0'));
	HOLDS(rc == keys_read(&keys, &set, data[0] & LMTP, &log));
	HOLDS(sim_open_fds() == 0);
	from = rc == RC_OK ? keys.arena.used : 0;
	for (size_t i = from; i < keys.arena.cap; i++)
		HOLDS(keys.arena.p[i] == 0);
	if (rc != RC_OK)
		HOLDS(!keys.rsa.is_set && !keys.ec.is_set);
	if (keys.rsa.is_set)
		check_chain(&keys.rsa);
	if (keys.ec.is_set)
		check_chain(&keys.ec);
	sign((uint32_t)1 << br_sha1_ID | 1);
	sign((uint32_t)1 << (8 + br_sha1_ID));
	sim_end();
	return 0;
}
