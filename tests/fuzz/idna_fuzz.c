/*
 * idna_fuzz.c - any octets as a domain name.
 *
 * covers: src/dns_idna.c
 * covers: src/dns_idna_map.c
 */
#include <stdlib.h>
#include <string.h>

#include "dns.h"

#define HOLDS(x)	do { if (!(x)) abort(); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* What comes out can be asked for, and stays as it is. */
static void
check(struct span ascii)
{
	char text[DNS_NAME_MAX + 1];
	struct buf again = BUF(text);

	HOLDS(dns_name_check(ascii) == RC_OK);
	HOLDS(!span_has_8bit(ascii));
	HOLDS(dns_to_ascii(ascii, &again) == RC_OK);
	HOLDS(span_eq(buf_span(&again), ascii));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span name = { (const char *)data, n };
	char text[DNS_NAME_MAX + 1], small_text[16];
	struct buf b = BUF(text), small = BUF(small_text);
	enum rc rc = dns_to_ascii(name, &b);

	HOLDS(rc == RC_OK || rc == RC_DENY);
	if (rc == RC_OK)
		check(buf_span(&b));
	else
		HOLDS(b.n == 0 && !b.full);
	if (rc == RC_OK && !span_has_8bit(name))
		HOLDS(span_eq(name, buf_span(&b)));
	if (rc == RC_OK && b.n >= sizeof(small_text))
		HOLDS(dns_to_ascii(name, &small) == RC_FULL && small.n == 0);
	return 0;
}
