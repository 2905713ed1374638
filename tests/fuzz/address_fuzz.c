/*
 * address_fuzz.c - any octets as an address, bare or quoted.
 *
 * covers: src/mail_addr.c
 */
#include <stdlib.h>
#include <string.h>

#include "mail.h"

#define ROOM	8192		/* both forms of the longest input */
#define HOLDS(x)	do { if (!(x)) abort(); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Nothing that comes out may end a command or a string. */
static void
check_safe(struct span s)
{
	HOLDS(mail_addr_is_safe(s));
}

/* What was written whole, or not at all, with every room from none to all. */
static void
check_rooms(void (*write)(struct buf *, struct span), struct span addr,
	size_t n)
{
	char room[64];
	struct buf b;

	for (size_t cap = 1; cap <= sizeof(room); cap += 7) {
		buf_init(&b, room, cap);
		write(&b, addr);
		HOLDS(b.full == (n >= cap));
		HOLDS(b.n == (b.full ? 0 : n));
	}
}

static void
check_bare(struct span addr)
{
	char quoted_room[ROOM], bare_room[ROOM], shown_room[ROOM];
	struct buf quoted = BUF(quoted_room), bare = BUF(bare_room);
	struct buf shown = BUF(shown_room);
	struct span domain = mail_addr_domain(addr);

	HOLDS(mail_addr_local(addr).n + domain.n <= addr.n);
	mail_addr_quote(&quoted, addr);
	mail_addr_show(&shown, addr);
	HOLDS(!quoted.full && !shown.full);
	check_safe(buf_span(&quoted));
	check_safe(buf_span(&shown));
	check_rooms(mail_addr_quote, addr, quoted.n);
	check_rooms(mail_addr_show, addr, shown.n);

	/* Domains are not ours to quote: odd ones have no way back. */
	if (!mail_addr_is_safe(addr) || span_find(domain, '"') < domain.n
	    || span_find(domain, '\\') < domain.n)
		return;
	HOLDS(mail_addr_unquote(&bare, buf_span(&quoted)) == RC_OK);
	HOLDS(span_eq(buf_span(&bare), addr));
}

static void
check_quoted(struct span text)
{
	char room[ROOM];
	struct buf bare = BUF(room);
	enum rc rc = mail_addr_unquote(&bare, text);

	HOLDS(rc == RC_OK || (rc == RC_WIRE && bare.n == 0));
	HOLDS(!bare.full && bare.n <= text.n);
	if (rc == RC_OK)
		check_bare(buf_span(&bare));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span text = { (const char *)data, n < 2000 ? n : 2000 };

	check_bare(text);
	check_quoted(text);
	return 0;
}
