/*
 * sim_tls.h - what the parts of TLS peers share; see sim.h for their use.
 */
#ifndef POSTERN_SIM_TLS_H
#define POSTERN_SIM_TLS_H

#include <bearssl.h>

#include "sim.h"

/* The words of a `tls` step. */
struct sim_tls_words {
	bool rsa, expired, self, keep, ask, fails;
	unsigned version;	/* 0: all */
	uint16_t suite;		/* 0: all */
	const char *names;
};

/* sim_cert.c */
struct span sim_tls_ca_der(void);
struct span sim_tls_leaf_der(const struct sim_tls_words *w);
const br_rsa_private_key *sim_tls_rsa_key(void);
br_ec_private_key sim_tls_ec_key(void);

/* sim_tls.c; `c` gets what leaves */
struct sim_tls *sim_tls_new(const char *words, unsigned number);
void sim_tls_take(struct sim_tls *t, struct sim_conn *c, char octet);
bool sim_tls_is_open(const struct sim_tls *t);
/* The engine has ended: error of BearSSL, 0 after close_notify. */
bool sim_tls_is_over(const struct sim_tls *t, int *error);
bool sim_tls_may_fail(const struct sim_tls *t);
void sim_tls_put(struct sim_tls *t, struct sim_conn *c, const void *data,
	size_t n);
void sim_tls_end(struct sim_tls *t, struct sim_conn *c);
void sim_tls_again(struct sim_tls *t, struct sim_conn *c);
void sim_tls_damage(struct sim_tls *t);
/* All that came inside; how much of it was taken. */
struct sim_text *sim_tls_inside(struct sim_tls *t);
size_t *sim_tls_taken(struct sim_tls *t);

/* sim_net.c: octets as they are, under the connection's pace. */
void sim_put_clear(struct sim_conn *c, const void *data, size_t n);

#endif
