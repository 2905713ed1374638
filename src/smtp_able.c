/*
 * smtp_able.c - refuses settings that demand what this version can't do yet.
 *
 * Passing over one of them would send in clear what was to be encrypted, show
 * an address or a header line that was to be hidden, or earn a refusal for
 * mail that was to be authenticated.  A row goes when its feature comes.
 */
#include "smtp_int.h"

struct wish {
	bool is_set;
	const char *name;	/* behind smtp_ or lmtp_ */
	const char *what;	/* it takes */
};

enum rc
able_check(const struct worker *w)
{
	const struct settings *set = w->set;
	const struct wish wishes[] = {
		{ set->dns_reply_filter.n > 0, "dns_reply_filter", "tables" },
	};
	size_t i;

	for (i = 0; i < COUNT(wishes); i++)
		if (wishes[i].is_set) {
			log_line(w->log, LOG_FATAL, "%s_%s demands %s, which "
			    "this version does not have; nothing is sent, "
			    "take the setting out to send without",
			    w->lmtp ? "lmtp" : "smtp", wishes[i].name,
			    wishes[i].what);
			return RC_DENY;
		}
	return RC_OK;
}
