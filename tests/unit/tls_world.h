/*
 * tls_world.h - a worker's TLS in the simulated world, and one connection.
 */
#ifndef TLS_WORLD_H
#define TLS_WORLD_H

#include <string.h>

#include "../../src/tls_int.h"
#include "../sim/sim.h"

#define WHERE	"192.0.2.1:25"

static struct {
	struct tls tls;
	struct settings set;
	struct log log;
	struct tls_site site;
	struct tls_policy policy;
	int fd;
	struct tls_wire *wire;
	char why_room[500];
	struct buf why;
} w;

/* Another worker: it remembers nothing. */
static inline void
begin_worker(void)
{
	memset(&w.tls, 0, sizeof(w.tls));
	w.tls.set = &w.set;
	w.tls.log = &w.log;
}

static inline void
begin(void)
{
	memset(&w, 0, sizeof(w));
	log_init(&w.log, SPAN("postern/test"));
	w.set.tls_fast_shutdown_enable = true;
	begin_worker();
	w.site.nexthop = w.site.domain = SPAN("dest.example");
	w.site.host = w.site.asked = w.site.target = SPAN("mx.example");
	assert_true(ip_parse(SPAN("192.0.2.1"), &w.site.ip));
	w.site.port = 25;
	w.policy.site = &w.site;
	w.policy.level = LEVEL_ENCRYPT;
	w.policy.servername = SPAN("mx.example");
	w.set.tls_protocols = w.set.tls_mandatory_protocols = SPAN(">=TLSv1");
	w.set.tls_ciphers = w.set.tls_mandatory_ciphers = SPAN("medium");
	w.set.tls_medium_cipherlist =
	    SPAN("aNULL:-aNULL:HIGH:MEDIUM:+RC4:@STRENGTH");
	w.set.tls_fingerprint_digest = SPAN("sha256");
	w.why = BUF(w.why_room);
}

/* Dials, and makes the handshake. */
static inline enum rc
start(void)
{
	struct port_addr to = { .ip = w.site.ip, .port = 25 };
	struct tls_stream over = { .limit = 10 * SECOND };
	enum rc rc;

	buf_clear(&w.why);
	TRY(port_dial(&to, NULL, 0, port_now() + SECOND, &over.fd));
	w.fd = over.fd;
	over.end = port_now() + MINUTE;
	rc = tls_wire_start(&w.tls, &w.policy, &over, &w.wire, &w.why);
	if (rc != RC_OK)
		port_close(w.fd);
	return rc;
}

static inline void
start_well(void)
{
	enum rc rc = start();

	if (rc != RC_OK)
		sim_fail("%d: %s", (int)rc, buf_text(&w.why));
}

static inline void
end(void)
{
	tls_wire_close(w.wire, port_now() + SECOND);
	port_close(w.fd);
}

#endif
