/*
 * tls.c - what a worker has for TLS: opened once, used for every host.
 */
#include "port.h"
#include "tls_int.h"

/* A table of the protocol's own settings. */
static enum rc
open_table(const struct tls *t, const struct table_env *env,
	struct table_list *out, struct span text)
{
	const char *name = out == &t->per_site ?
	    t->is_lmtp ? "lmtp_tls_per_site" : "smtp_tls_per_site" :
	    t->is_lmtp ? "lmtp_tls_policy_maps" : "smtp_tls_policy_maps";

	return table_open(out, env, name, text, 0);
}

enum rc
tls_open(struct tls **out, const struct settings *set, bool is_lmtp,
	const struct log *log, struct arena *arena)
{
	struct table_env *env;
	struct tls *t = port_memory(sizeof(*t));

	if (t == NULL)
		return RC_OS;
	env = arena_take(arena, sizeof(*env));
	if (env == NULL)
		return RC_FULL;
	*env = (struct table_env){ arena, log };
	t->set = set;
	t->log = log;
	t->is_lmtp = is_lmtp;
	TRY(open_table(t, env, &t->policy_maps, set->tls_policy_maps));
	TRY(open_table(t, env, &t->per_site, set->tls_per_site));
	*out = t;
	return RC_OK;
}

/*
 * As Postfix, whose engine is one for all levels: what is wrong with it keeps
 * even those from TLS who have no use for it.
 */
enum rc
tls_ready(struct tls *t, const struct tls_policy *p, struct buf *why)
{
	struct span digest = t->set->tls_fingerprint_digest;

	(void)p;
	if (keys_read(&t->keys, t->set, t->is_lmtp, t->log) != RC_OK) {
		buf_puts(why, t->keys.why);
		return RC_DENY;
	}
	if (anchors_open(&t->anchors, t->set, t->is_lmtp, t->log) != RC_OK) {
		buf_puts(why, t->anchors.why);
		return RC_DENY;
	}
	if (digest_find(digest) == DIGESTS) {
		buf_fmt(why, "%s_tls_fingerprint_digest = %.*s: no digest of "
		    "that name", t->is_lmtp ? "lmtp" : "smtp",
		    SPAN_ARG(digest));
		return RC_DENY;
	}
	return RC_OK;
}
