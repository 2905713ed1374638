/*
 * resolv_conf_fuzz.c - any octets as resolv.conf.
 *
 * covers: src/dns_conf.c
 * covers: src/dns_lines.c refill dns_lines_next
 */
#include <stdlib.h>
#include <string.h>

#include "../sim/sim.h"
#include "dns.h"

#define HOLDS(x)	do { if (!(x)) abort(); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
check(const struct dns_conf *c)
{
	HOLDS(c->servers >= 1 && c->servers <= DNS_SERVERS_MAX);
	for (unsigned i = 0; i < c->servers; i++) {
		HOLDS(c->server[i].ip.family != IP_NONE);
		HOLDS(c->server[i].port == 53);
	}
	HOLDS(c->searches <= DNS_SEARCH_MAX);
	for (unsigned i = 0; i < c->searches; i++) {
		HOLDS(memchr(c->search[i], '\0', DNS_NAME_MAX + 1) != NULL);
		HOLDS(strlen(c->search[i]) > 0);
	}
	HOLDS(c->timeout >= SECOND && c->timeout <= 30 * SECOND);
	HOLDS(c->attempts >= 1 && c->attempts <= 5);
	HOLDS(c->ndots <= 15);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct dns_conf c;
	struct dns d;

	dns_conf_parse(&c, (struct span){ (const char *)data, n });
	check(&c);
	sim_begin();
	sim_file_bytes("/etc/resolv.conf", data, n);
	HOLDS(dns_open(&d) == RC_OK);
	check(&d.conf);
	if (n < DNS_TCP_MAX)
		HOLDS(d.conf.servers == c.servers
		    && d.conf.timeout == c.timeout);
	HOLDS(sim_open_fds() == 0);
	return 0;
}
