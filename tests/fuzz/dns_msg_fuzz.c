/*
 * dns_msg_fuzz.c - any octets as the answer of a name server.
 *
 * covers: src/dns_msg.c
 * covers: src/dns_ask.c is_answer refuses_edns check_records check_answer
 * covers: src/dns_ask.c next_of count has_strays follow chase read_name
 * covers: src/dns_ask.c read_ip read_record collect step ask_along ask_name
 * covers: src/dns_ask.c dns_ask
 * covers: src/dns_host.c is_exchanger insert_mx dns_mx
 *
 * The first octet chooses the type that is asked for, and whether header and
 * question of the answer are made to fit, so that what follows is looked at.
 * Of several answers, each has its length ahead of it, in two octets.
 */
#include <stdlib.h>
#include <string.h>

#include "../sim/sim.h"
#include "dns.h"

#define HOLDS(x)	do { if (!(x)) abort(); } while (0)
#define ARENA_MAX	65536
#define HEAD		(12 + 11 + 4)	/* with the question for a.example */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct input {
	const uint8_t *data;
	size_t n;
	bool fits;		/* make it an answer to the question */
};

/* The next answer; the last one comes again and again. */
static void
answer(struct sim_question *q, void *arg)
{
	struct input *in = arg;
	size_t n = in->n;

	if (in->n > 2) {
		size_t said = (size_t)in->data[0] << 8 | in->data[1];

		if (said < in->n - 2) {
			in->data += 2;
			in->n -= 2;
			n = said;
		}
	}
	n = n < SIM_DNS_MAX - HEAD ? n : SIM_DNS_MAX - HEAD;
	q->delay = 0;
	if (in->fits) {
		memcpy(q->answer, q->bytes, HEAD);
		q->answer[2] = n > 0 ? in->data[0] | 0x80 : 0x80;
		q->answer[2] &= 0x87;
		q->answer[3] = n > 1 ? in->data[1] : 0x80;
		q->answer[6] = 0;
		q->answer[7] = n > 2 ? in->data[2] : 0;
		q->answer_n = HEAD;
		if (n > 3) {
			memcpy(q->answer + HEAD, in->data + 3, n - 3);
			q->answer_n += n - 3;
		}
	} else {
		if (n > 0)
			memcpy(q->answer, in->data, n);
		q->answer_n = n;
	}
	if (n < in->n) {
		in->data += n;
		in->n -= n;
	}
}

static void
check_name(struct span name)
{
	HOLDS(name.n > 0 && name.n <= DNS_NAME_MAX);
	for (size_t i = 0; i < name.n; i++)
		HOLDS(name.p[i] > ' ' && name.p[i] < 127);
}

static void
check_records(const struct dns_answer *a, enum dns_type type)
{
	HOLDS(a->n > 0 && a->n <= DNS_RECORDS_MAX);
	check_name(a->canonical);
	for (size_t i = 0; i < a->n; i++) {
		const struct dns_record *r = &a->record[i];

		HOLDS(r->type == type);
		if (type == DNS_A || type == DNS_AAAA)
			HOLDS(r->ip.family != IP_NONE);
		else if (type == DNS_MX || type == DNS_SRV
		    || type == DNS_NS || type == DNS_CNAME)
			check_name(r->name);
		else
			HOLDS(r->data.n <= DNS_TCP_MAX);
	}
}

static void
check_mx(struct dns *d, struct arena *a)
{
	struct mx_list list;

	d->until = port_now() + MINUTE;
	if (dns_mx(d, a, SPAN("a.example"), &list) != RC_OK)
		return;
	HOLDS(list.n > 0);
	for (size_t i = 0; i < list.n; i++) {
		struct ip ip;

		HOLDS(i == 0 || list.mx[i - 1].preference
		    <= list.mx[i].preference);
		HOLDS(dns_name_check(list.mx[i].exchanger) == RC_OK
		    || ip_parse(list.mx[i].exchanger, &ip));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const enum dns_type types[] = {
		DNS_A, DNS_AAAA, DNS_MX, DNS_TXT, DNS_CNAME, DNS_SRV,
		DNS_TLSA, DNS_NS
	};
	static char memory[ARENA_MAX];
	struct dns_answer got;
	struct input in;
	struct arena a;
	struct dns d;
	enum dns_type type;

	if (n == 0)
		return 0;
	sim_begin();
	type = types[data[0] & 7];
	in = (struct input){ data + 1, n - 1, (data[0] & 8) != 0 };
	sim_dns_hook(answer, &in);
	/* Small ones, too: a full arena must be told, never overrun. */
	arena_init(&a, memory, (data[0] & 16) != 0 ? 300 : ARENA_MAX);
	HOLDS(dns_open(&d) == RC_OK);
	dns_conf_parse(&d.conf, SPAN("options use-vc timeout:1 attempts:1"));
	d.conf.use_vc = (data[0] & 32) == 0;
	d.want_secure = (data[0] & 64) != 0;
	d.until = port_now() + MINUTE;
	if (dns_ask(&d, &a, SPAN("a.example"), type, &got) == RC_OK)
		check_records(&got, type);
	if (type == DNS_MX) {
		in = (struct input){ data + 1, n - 1, (data[0] & 8) != 0 };
		arena_empty(&a);
		check_mx(&d, &a);
	}
	HOLDS(sim_open_fds() == 0);
	return 0;
}
