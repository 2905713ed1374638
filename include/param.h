/*
 * param.h - the settings: main.cf, -o, and the defaults.  Rank 3.
 *
 * param.def has a row for each of them; it makes the fields of struct
 * settings, so code cannot name one that the table lacks.  Values are typed,
 * checked and $-expanded when they are loaded, the defaults by the same code
 * as the user's.
 *
 * main.cf is Postfix's: NAME = VALUE, lines that begin with a blank continue
 * the one before, # begins a comment line, the last assignment wins.  Values
 * may have
 *	$name  ${name}  $(name)		the value of another name, own ones
 *					included; an unknown one is empty
 *	${name?text}  ${name?{text}}	text, if the value isn't empty
 *	${name:text}  ${name:{text}}	text, if it is
 *	${name?{one}:{other}}
 *	${{a} OP {b} ? {one} : {other}}	OP: == != < <= > >=, comparing numbers
 *					if both are, else octets; with `level`
 *					behind it (`<level`) compatibility
 *					levels: 3.10 is above 3.9
 *	$$				a dollar sign
 *
 * One load is for one protocol.  A bad value stops it - except that of a name
 * that belongs to the other protocol, which isn't looked at: a slip in lmtp_x
 * must not stop SMTP.  Names of Postfix's SMTP server and unknown ones are
 * never checked.
 */
#ifndef POSTERN_PARAM_H
#define POSTERN_PARAM_H

#include "base.h"
#include "log.h"

#define PARAM_FOLDER	"/etc/postern"	/* without -c and MAIL_CONFIG */
#define PARAM_NAME_MAX	80		/* of names known to us, with NUL */

/*
 * Words of ENUM settings, in the order of param.def.
 * UNSET: the value is empty.
 */
enum { LEVEL_UNSET, LEVEL_NONE, LEVEL_MAY, LEVEL_ENCRYPT, LEVEL_FINGERPRINT,
	LEVEL_DANE, LEVEL_DANE_ONLY, LEVEL_VERIFY, LEVEL_SECURE };
enum { INSECURE_MAY, INSECURE_ENCRYPT, INSECURE_DANE };
enum { SUPPORT_UNSET, SUPPORT_DISABLED, SUPPORT_ENABLED, SUPPORT_DNSSEC };
enum { FAMILY_ANY, FAMILY_IPV4, FAMILY_IPV6 };
enum { FORMAT_EXTERNAL, FORMAT_INTERNAL };
enum { TARGET_RCPT, TARGET_DATA };
enum { ENDINGS_ALWAYS, ENDINGS_STRICT, ENDINGS_NEVER };
enum { FROM_STANDARD, FROM_OBSOLETE };
enum { STYLE_HOST, STYLE_SUBNET, STYLE_CLASS };
/* syslog_facility is the number that port_syslog() takes. */

/* Words of FLAGS settings. */
enum { RESOLVER_DEFNAMES = 1, RESOLVER_DNSRCH = 2 };
enum { LOOKUP_DNS = 1, LOOKUP_NATIVE = 2 };
enum { INET_IPV4 = 1, INET_IPV6 = 2 };	/* `all` sets both */
enum { NOTIFY_BOUNCE = 1, NOTIFY_2BOUNCE = 2, NOTIFY_DATA = 4,
	NOTIFY_DELAY = 8, NOTIFY_POLICY = 16, NOTIFY_PROTOCOL = 32,
	NOTIFY_RESOURCE = 64, NOTIFY_SOFTWARE = 128 };
enum { FILTER_BOUNCE = 1, FILTER_NOTIFY = 2 };
enum { DETECT_SENDMAIL = 1, DETECT_SMTPD = 2, DETECT_QMQPD = 4,
	DETECT_FORWARD = 8, DETECT_BOUNCE = 16, DETECT_NOTIFY = 32,
	DETECT_VERIFY = 64, DETECT_ALL = 128 };
enum { ADDRESS_ENVELOPE_SENDER = 1, ADDRESS_ENVELOPE_RECIPIENT = 2,
	ADDRESS_HEADER_SENDER = 4, ADDRESS_HEADER_RECIPIENT = 8 };
enum { EXTENSION_CANONICAL = 1, EXTENSION_VIRTUAL = 2, EXTENSION_ALIAS = 4,
	EXTENSION_FORWARD = 8, EXTENSION_INCLUDE = 16, EXTENSION_GENERIC = 32 };
enum { LOCAL_ALIAS = 1, LOCAL_FORWARD = 2, LOCAL_INCLUDE = 4 };

/*
 * What each type of param.def is in C; typedefs, as the rows paste them.
 * Texts live as long as the arena of the load and what came with -o.
 */
typedef bool param_BOOL;
typedef int param_INT;
typedef int64_t param_SIZE;
typedef ms_t param_TIME;
typedef ms_t param_HOURS;
typedef ms_t param_DAYS;
typedef int param_ENUM;
typedef unsigned param_FLAGS;
typedef struct span param_TEXT;
typedef struct span param_LIST;
typedef struct span param_MAPS;
typedef struct span param_FILE;
typedef struct span param_RAW;
typedef struct span param_HOST;
typedef struct ip param_IPV4;		/* IP_NONE: not given */
typedef struct ip param_IPV6;
typedef struct span param_RELEASE;
typedef struct span param_RATIO;

/*
 * struct settings - what the rest of postern reads, as s->set->helo_timeout.
 * Fields of smtp_x and lmtp_x are called x.
 */
struct settings {
#define BOTH(field, type, ...)	param_##type field;
#define PAIR(field, type, ...)	param_##type field;
#define ONE(field, type, ...)	param_##type field;
#include "param.def"
};

struct param_line;			/* one assignment; private */

/*
 * struct param - the settings and where they came from.  The caller owns it;
 * only `set` is for reading, the rest is for the calls below.
 */
struct param {
	struct settings set;
	struct arena *arena;
	const struct log *log;
	struct param_line *last;	/* the latest assignment */
	struct span folder;		/* where main.cf is */
	struct span program;		/* $process_name */
	struct span origin;		/* from the file myorigin names */
	bool is_lmtp;
	bool is_lenient;
};

/* What to load, and for whom.  All of it is borrowed for as long as `p`. */
struct param_from {
	const char *folder;		/* -c; NULL: MAIL_CONFIG, or ours */
	const char *const *options;	/* NAME=VALUE of each -o, in order */
	size_t options_n;
	const char *program;		/* `smtp`, `sendmail`... */
	bool is_lmtp;
	bool is_bare;			/* no main.cf: defaults and -o */
	/*
	 * Bad lines and values are logged as errors and passed over, the
	 * defaults hold: for programs that must take mail whatever is wrong.
	 */
	bool is_lenient;
	const struct log *log;		/* for warnings; NULL: none */
};

/*
 * param_load - read main.cf and make the settings.
 *
 * No file is needed: without one, the defaults and -o hold.
 * a    16 KiB do for most; used from where it stands, never emptied.
 * why  on any other result than RC_OK, a sentence for the user that names
 *      file, line and reason.
 *
 * Warns, once each, about names that are out of date and about unknown ones
 * that no value refers to.
 *
 * RC_DENY a line or a value is wrong; RC_FULL the arena is; RC_OS main.cf
 * is there and cannot be read.  With is_lenient only RC_FULL is left.
 */
MUST_USE enum rc param_load(struct param *p, const struct param_from *from,
	struct arena *a, struct buf *why);

/*
 * What every transport may have of its own, as TRANSPORT_suffix: for any name
 * of a transport, from its own setting or the default.  Times are in ms.
 * Ratios are texts: RC_DENY for param_each_number(), use param_each_text().
 */
enum param_each {
#define EACH(word, ...)	EACH_##word,
#include "param.def"
	EACH_COUNT
};

MUST_USE enum rc param_each_number(const struct param *p,
	struct span transport, enum param_each which, int64_t *out);
MUST_USE enum rc param_each_text(const struct param *p,
	struct span transport, enum param_each which, struct buf *out);

/*
 * param_expand - add text to `out`, its $ forms replaced.
 *
 * RC_DENY a form is wrong, or a name refers to itself, and `why` says how;
 * RC_FULL out is full.  Either way nothing was added.
 */
MUST_USE enum rc param_expand(const struct param *p, struct span text,
	struct buf *out, struct buf *why);

/*
 * param_find - the text that stands for a name, as it was written; a default
 * is put into the arena of the load.
 *
 * RC_OK it was assigned; RC_NONE it wasn't, or cannot be, *value is the
 * default; RC_DENY nobody knows the name, nor does any value use it as $name;
 * RC_FULL no room for the default, *value is empty.
 */
MUST_USE enum rc param_find(const struct param *p, struct span name,
	struct span *value);

/* The place of a name's assignment, as in `FILE, line 3` or `-o`. */
void param_put_place(const struct param *p, struct span name,
	struct buf *out);

/*
 * param_next - the names that are known, in no order, one for each call.
 *
 * c     all zero at first.
 * name  of PARAM_NAME_MAX octets.
 *
 * Returns false when there are no more.
 */
struct param_cursor {
	const uint8_t *at;
	unsigned number, side;
};
bool param_next(struct param_cursor *c, struct buf *name);

/* Assigned names, latest first; from NULL on.  NULL: no more. */
const struct param_line *param_line_next(const struct param *p,
	const struct param_line *line, struct span *name);

#endif
