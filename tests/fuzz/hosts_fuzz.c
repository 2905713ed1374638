/*
 * hosts_fuzz.c - any octets as a hosts file; the text up to the first newline
 * is the host that is looked for.
 *
 * covers: src/dns_host.c line_names next_line dns_hosts_find make_room
 * covers: src/dns_host.c ask_hosts_file is_wanted
 * covers: src/dns_lines.c
 */
#include <stdlib.h>
#include <string.h>

#include "../sim/sim.h"
#include "dns.h"

#define HOLDS(x)	do { if (!(x)) abort(); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
check(const struct ip_list *list, unsigned families)
{
	HOLDS(list->n <= DNS_RECORDS_MAX);
	for (size_t i = 0; i < list->n; i++)
		HOLDS(list->ip[i].family == IP_V4
		    ? families & DNS_V4 : families & DNS_V6);
}

/* Read in pieces, the file must say the same as the whole text. */
static void
check_file(struct span text, struct span host, struct arena *a,
	const struct ip_list *whole)
{
	struct ip_list list;
	struct ip ip;
	struct dns d;

	sim_begin();
	sim_file_bytes("/etc/hosts", text.p, text.n);
	HOLDS(dns_open(&d) == RC_OK);
	if (ip_parse(host, &ip))
		return;
	d.until = port_now() + MINUTE;
	if (dns_addresses(&d, a, host, DNS_BY_HOSTS, &list) != RC_OK)
		list.n = 0;
	check(&list, DNS_V4 | DNS_V6);
	if (text.n < 4096 && list.n > 0)
		HOLDS(list.n == whole->n && memcmp(list.ip, whole->ip,
		    list.n * sizeof(*list.ip)) == 0);
	HOLDS(sim_open_fds() == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static char memory[32768];
	struct span text = { (const char *)data, n }, host;
	struct ip_list list;
	struct arena a;

	if (!span_line(&text, &host) || host.n > DNS_NAME_MAX)
		return 0;
	for (unsigned families = 0; families <= 3; families++) {
		list = (struct ip_list){ 0 };
		arena_init(&a, memory, sizeof(memory));
		if (dns_hosts_find(&a, text, host, families, &list)
		    == RC_NONE)
			HOLDS(list.n == 0);
		check(&list, families);
	}
	check_file(text, host, &a, &list);
	return 0;
}
