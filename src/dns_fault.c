/*
 * dns_fault.c - the last failure of a resolver, in words for the log.
 */
#include "dns_int.h"

const char *
dns_type_name(enum dns_type type)
{
	switch (type) {
	case DNS_A: return "A";
	case DNS_NS: return "NS";
	case DNS_CNAME: return "CNAME";
	case DNS_SOA: return "SOA";
	case DNS_MX: return "MX";
	case DNS_TXT: return "TXT";
	case DNS_AAAA: return "AAAA";
	case DNS_SRV: return "SRV";
	case DNS_OPT: return "OPT";
	case DNS_DS: return "DS";
	case DNS_DNSKEY: return "DNSKEY";
	case DNS_TLSA: return "TLSA";
	}
	return "?";
}

static const char *
fault_text(enum dns_fault fault)
{
	switch (fault) {
	case DNS_FINE: return "the answer is too long";
	case DNS_NO_NAME: return "no such name";
	case DNS_NO_DATA: return "the name has no record of this type";
	case DNS_NULL_MX: return "the domain takes no mail (null MX)";
	case DNS_BAD_RECORDS: return "no record is usable";
	case DNS_ALIAS_LOOP: return "aliases go round, or are too many";
	case DNS_BAD_QUESTION: return "no name server takes this question";
	case DNS_BROKEN: return "the name server's answer cannot be read";
	case DNS_SERVER_FAILED: return "the name server failed, try again";
	case DNS_SILENT: return "no name server answers, try again";
	case DNS_FILTERED: return "dns_reply_filter takes out all records";
	case DNS_BAD_FILTER: return "dns_reply_filter cannot tell";
	}
	return "?";
}

void
dns_fault_put(struct buf *b, const struct dns *d)
{
	buf_fmt(b, "name=%s type=%s: %s", d->fault_name,
	    dns_type_name(d->fault_type), fault_text(d->fault));
}
