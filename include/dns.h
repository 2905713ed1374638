/*
 * dns.h - our own stub resolver: questions to the servers of resolv.conf, and
 * what mail wants to know of a domain.  Rank 5.  RFC 1034, 1035, 2181, 6891.
 *
 * Answers are believed only if source, id and question match; of an answer,
 * only records that belong to the name asked, or to the alias chain that
 * starts there.  Whatever else a server says means "try later".
 */
#ifndef POSTERN_DNS_H
#define POSTERN_DNS_H

#include "base.h"
#include "port.h"
#include "table.h"

#define DNS_NAME_MAX	253	/* octets, dots but no final dot; RFC 1035 */
#define DNS_LABEL_MAX	63
#define DNS_SERVERS_MAX	3	/* as resolv.conf(5) */
#define DNS_SEARCH_MAX	6
#define DNS_QUESTIONS_MAX 10	/* of one lookup: nine aliases one by one */
#define DNS_ALIASES_MAX	16	/* in one answer */
#define DNS_UDP_MAX	1232	/* fits any path unfragmented; asked by EDNS0 */
#define DNS_TCP_MAX	65535
#define DNS_RECORDS_MAX	128	/* of one list; further ones are left out */

enum { DNS_V4 = 1, DNS_V6 = 2 };	/* families */

enum dns_type {
	DNS_A = 1, DNS_NS = 2, DNS_CNAME = 5, DNS_SOA = 6, DNS_MX = 15,
	DNS_TXT = 16, DNS_AAAA = 28, DNS_SRV = 33, DNS_OPT = 41, DNS_DS = 43,
	DNS_DNSKEY = 48, DNS_TLSA = 52
};

/* Why a question has no useful answer; the order is that of dns_fault.c. */
enum dns_fault {
	DNS_FINE,
	DNS_NO_NAME,		/* NXDOMAIN: the name does not exist */
	DNS_NO_DATA,		/* the name exists, the type does not */
	DNS_NULL_MX,		/* takes no mail, RFC 7505 */
	DNS_BAD_RECORDS,	/* records, but not one of them usable */
	DNS_ALIAS_LOOP,		/* aliases go round, or there are too many */
	DNS_BAD_QUESTION,	/* FORMERR, without EDNS as well */
	DNS_BROKEN,		/* the answer cannot be read */
	DNS_SERVER_FAILED,	/* SERVFAIL, REFUSED, NOTIMP, any other code */
	DNS_SILENT,		/* no answer in time, or nobody is there */
	DNS_FILTERED,		/* the filter left no record */
	DNS_BAD_FILTER		/* it cannot tell, or talks nonsense */
};

/*
 * Has anything been validated since dns_open()?  Set with want_secure only; the
 * caller may warn, once, and then say DNS_PROVEN to hear no more of it.
 */
enum dns_proof {
	DNS_UNPROVEN,		/* not yet */
	DNS_PROVEN,		/* yes, or nobody wants to know */
	DNS_DOUBTED,		/* no, nor was the answer to the probe */
	DNS_BAD_PROBE		/* no, and the probe is no `type:name` */
};

/* What resolv.conf says.  Missing or empty: 127.0.0.1. */
struct dns_conf {
	ms_t timeout;			/* per try; 5 s */
	unsigned attempts;		/* rounds over the servers; 2 */
	unsigned ndots;
	bool rotate, trust_ad, use_vc, no_edns;
	unsigned servers, searches;
	struct port_addr server[DNS_SERVERS_MAX];
	char search[DNS_SEARCH_MAX][DNS_NAME_MAX + 1];
};

/* Tells what it understands, ignores the rest: resolv.conf(5). */
void dns_conf_parse(struct dns_conf *c, struct span text);

/*
 * struct dns - a resolver.  `msg` is memory that the port gave, touched only
 * as far as answers reach.  `fault` and what follows describe the last failure.
 *
 * Ahead of turn the caller says how he wants his lookups; at first
 * `until` is MS_NEVER, both families are on, the rest is off.
 */
struct dns {
	ms_t until;		/* of every lookup, absolute: no later than
				   this, whatever resolv.conf allows */
	unsigned families;	/* DNS_V4 | DNS_V6: of dns_addresses() */
	bool want_secure;	/* ask with DO and AD, and heed AD */
	struct span probe;	/* dnssec_probe: asked if the first answer that
				   comes was not validated; empty: never */
	bool defnames, dnsrch;	/* smtp_dns_resolver_options: address lookups */
	const struct table_list *filter;	/* of records; may be NULL */
	unsigned turn;		/* for rotate */
	unsigned plain;		/* servers that want no EDNS0, one bit each */
	unsigned char *msg;	/* DNS_TCP_MAX + 2 */
	enum dns_proof proof;
	enum dns_fault fault;
	enum dns_type fault_type;
	struct dns_conf conf;
	char fault_name[DNS_NAME_MAX + 1];
};

/* Reads /etc/resolv.conf.  RC_OS: no memory. */
MUST_USE enum rc dns_open(struct dns *d);
/* No question for some time: the last answer's memory, 64 KiB at most, goes. */
void dns_rest(struct dns *d);

/*
 * dns_name_check - is this a name that can be asked for and used as a host?
 * Letters, digits, hyphen, underscore; labels of 1 to 63; no final dot; not
 * all-numeric.  RC_DENY: no.
 */
MUST_USE enum rc dns_name_check(struct span name);

/*
 * dns_to_ascii - the A-label form of a domain (RFC 5890, 5891, 3492), each
 * label mapped as RFC 5895 has it: lower case, width, composition, the other
 * full stops.  An ASCII name comes out as it is, capitals too.
 * RC_DENY: not valid.
 */
MUST_USE enum rc dns_to_ascii(struct span name, struct buf *out);

/* A record of an answer, owner and names resolved; data borrowed from msg. */
struct dns_record {
	enum dns_type type;
	uint32_t ttl_s;
	uint16_t preference;		/* MX; priority of SRV */
	uint16_t weight, port;		/* SRV */
	struct ip ip;			/* A, AAAA */
	struct span name;		/* MX, SRV, CNAME, NS: in the arena */
	struct span data;		/* TXT, TLSA, others: in the arena */
};

struct dns_answer {
	struct dns_record *record;	/* in the arena */
	size_t n;
	struct span canonical;		/* the name at the end of the aliases */
	bool is_alias;
	bool is_secure;			/* every answer on the way had AD, and
					   the path to the server is trusted */
};

/*
 * dns_ask - one question, aliases followed.
 *
 * name   A-label form, no final dot; borrowed.
 * out    filled on RC_OK; it lives in `a`.  canonical, is_alias and is_secure
 *        are filled on RC_NONE, too; is_secure also tells of DNS_NO_NAME.
 *
 * RC_OK    at least one record of that type.
 * RC_NONE  the name exists without such a record (DNS_NO_DATA).
 * RC_DENY  certain failure: NO_NAME, ALIAS_LOOP, BAD_QUESTION, BAD_RECORDS.
 * RC_FULL  the arena is full.
 * others   nothing was learned: try later.
 */
MUST_USE enum rc dns_ask(struct dns *d, struct arena *a, struct span name,
	enum dns_type type, struct dns_answer *out);

/*
 * dns_tlsa - the TLSA records of a TCP service, as far as they were validated
 * (RFC 6698, 3; RFC 7672, 2.1).  Their data are whatever octets came.
 *
 * RC_OK    records.
 * RC_NONE  there are none, or nobody vouches for them: no DANE here.
 * RC_FULL  the arena is full.
 * others   a lookup failed, be it for good: the server is of no use now.
 */
MUST_USE enum rc dns_tlsa(struct dns *d, struct arena *a, struct span host,
	uint16_t port, struct dns_answer *out);
/*
 * dns_alias - is this name an alias, and validated to be one, wherever it
 * leads?  Results as those of dns_tlsa().
 */
MUST_USE enum rc dns_alias(struct dns *d, struct arena *a, struct span name);

struct mx {
	uint16_t preference;
	struct span exchanger;		/* as the record spells it */
};

struct mx_list {
	struct mx *mx;			/* by preference, in the arena */
	size_t n;
	struct span domain;		/* after aliases */
	bool is_secure;
};

/*
 * dns_mx - the exchangers of a domain, best first (RFC 5321, 5.1).  Equal
 * preferences keep the order of the answer; the caller shuffles.  Invalid
 * names are left out, with the log being the caller's.
 *
 * As dns_ask(); besides, RC_DENY with DNS_NULL_MX (RFC 7505): a root name at
 * any preference.
 */
MUST_USE enum rc dns_mx(struct dns *d, struct arena *a, struct span domain,
	struct mx_list *out);

struct ip_list {
	struct ip *ip;			/* in the arena, order of the answers */
	size_t n;
	struct span canonical;
	bool is_alias;
	bool is_secure;
};

enum { DNS_BY_DNS = 1, DNS_BY_HOSTS = 2 };	/* smtp_host_lookup */

/*
 * dns_addresses - the addresses of a host, those of A before those of AAAA.
 *
 * Families that are off are neither asked for nor returned.
 *
 * ways  DNS_BY_DNS asks the name servers; DNS_BY_HOSTS (native) looks into the
 *       hosts file and, when it stands alone, asks the servers with the search
 *       list of resolv.conf.  With both, DNS is asked first and the hosts file
 *       only when DNS is certain that there is nothing.
 *
 * RC_OK as soon as one family has an address.  Else a family whose lookup
 * failed for now decides (try later), else RC_NONE or RC_DENY.
 */
MUST_USE enum rc dns_addresses(struct dns *d, struct arena *a,
	struct span host, unsigned ways, struct ip_list *out);

/* Adds the addresses of host that the text of a hosts file gives. */
MUST_USE enum rc dns_hosts_find(struct arena *a, struct span text,
	struct span host, unsigned families, struct ip_list *out);

/*
 * dns_fault_put - the last failure as a sentence part for the log, such as
 * `name=mx.example type=MX: no such name`.
 */
void dns_fault_put(struct buf *b, const struct dns *d);

#endif
