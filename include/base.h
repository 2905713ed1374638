/*
 * base.h - what every other file stands on: results, spans, buffers, arenas,
 * numbers, text codes and IP addresses.  Rank 0: no system calls, no heap.
 */
#ifndef POSTERN_BASE_H
#define POSTERN_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_USE	__attribute__((warn_unused_result))
/*
 * Without floats there is nothing in vector registers, which a function with
 * arguments of any number would save first, in some 70 octets of code.
 */
#if defined(__x86_64__) && !defined(__clang__)
#define PRINTF(f, a)	__attribute__((format(printf, f, a), \
	target("general-regs-only")))
#else
#define PRINTF(f, a)	__attribute__((format(printf, f, a)))
#endif
/* For what is rarely called and has large buffers: its callers' frames, and so
   the stack of all they call, stay small. */
#define NOINLINE	__attribute__((noinline))

/*
 * What a step came to.  What becomes of mail is a verdict, which is something
 * else (report.h).
 */
enum rc {
	RC_OK,
	RC_NONE,	/* looked, and there is none */
	RC_TIME,	/* the deadline passed */
	RC_GONE,	/* the peer closed or reset */
	RC_WIRE,	/* the peer broke the protocol */
	RC_FULL,	/* a bound of ours was met */
	RC_OS,		/* the port failed; port_error() says how */
	RC_DENY		/* refused, by the peer or by policy */
};

/* Pass on any result but RC_OK.  Only where nothing has to be released. */
#define TRY(step) \
	do { \
		enum rc try_rc_ = (step); \
		if (try_rc_ != RC_OK) \
			return try_rc_; \
	} while (0)

/*
 * A mistake of our own ends the process; the mail stays where it is.  Nothing
 * that a peer, a file or a setting says may be able to trip one.
 */
#define ASSERT(x)	((x) ? (void)0 : assert_failed(__FILE__, __LINE__))
_Noreturn void assert_failed(const char *file, int line);	/* in port/ */

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

/*
 * Times are milliseconds.  A deadline (`until`) is absolute on the monotonic
 * clock of port_now().
 */
typedef int64_t ms_t;
#define MS_NEVER	INT64_MAX
#define SECOND		((ms_t)1000)
#define MINUTE		(60 * SECOND)
#define HOUR		(60 * MINUTE)
#define DAY		(24 * HOUR)

/*
 * struct span - borrowed text with a length; it may hold any byte, NUL too.
 * The owner must outlive it.  An empty span may have p == NULL.
 */
struct span {
	const char *p;
	size_t n;
};

#define SPAN(literal)	((struct span){ (literal), sizeof(literal) - 1 })
/* For %.*s of buf_fmt().  Lengths here stay far below INT_MAX. */
#define SPAN_ARG(s)	(int)(s).n, (s).p

struct span span_of(const char *text);		/* NUL-terminated text */
/* n octets from there; the first n; all but those.  What is not there is left
   out. */
struct span span_part(struct span s, size_t from, size_t n);
struct span span_head(struct span s, size_t n);
struct span span_tail(struct span s, size_t n);
void span_skip(struct span *s, size_t n);	/* n octets off its front */
struct span span_trim(struct span s);		/* blanks, tabs, CR, LF off */
/* As text into n octets; what does not fit is cut. */
void span_copy(struct span s, char *out, size_t n);
bool span_eq(struct span a, struct span b);
bool span_eq_case(struct span a, struct span b);	/* ASCII case ignored */
bool span_is(struct span s, const char *text);		/* case counts */
bool span_is_case(struct span s, const char *text);
bool span_starts_case(struct span s, const char *prefix);
bool span_has_8bit(struct span s);

/* Index of the first (last) octet c, or s.n if there is none. */
size_t span_find(struct span s, char c);
size_t span_find_last(struct span s, char c);

/*
 * span_word - takes the next word off *rest, the words being divided by any
 * of the octets in `dividers`; empty words do not exist.
 *
 * Returns false, and leaves *word alone, when there are no more.
 */
bool span_word(struct span *rest, const char *dividers, struct span *word);

/* Which word of `list`, words divided by single blanks, is it, in any case? -1:
   none of them. */
int span_index(const char *list, struct span word);

/* The dividers of lists in settings. */
#define LIST_DIVIDERS	", \t\r\n"

/* span_line - takes the next line off *rest, without its LF (or CR LF). */
bool span_line(struct span *rest, struct span *line);

/* Decimal digits only, no sign, no blanks; false: not a number, or > most. */
MUST_USE bool span_number(struct span s, uint64_t most, uint64_t *out);

/*
 * struct buf - owned text of fixed capacity.  Adding past the end sets `full`
 * and changes nothing else, so add freely and test `full` once before use.
 * One octet of the capacity is kept for the NUL that buf_text() wants.
 */
struct buf {
	char *p;
	unsigned n, cap;	/* 32 bits do for any, and make less code */
	bool full;
};

/*
 * A buf over a local or member array; `array` must be a true array.  A call, as
 * clearing and filling a struct in place is twice as much code.
 */
#define BUF(array)	buf_over((array), sizeof(array))
NOINLINE struct buf buf_over(void *memory, size_t cap);

void buf_init(struct buf *b, void *memory, size_t cap);
void buf_clear(struct buf *b);			/* empty, and not full */
void buf_put(struct buf *b, struct span s);
void buf_puts(struct buf *b, const char *text);
void buf_putc(struct buf *b, char c);
struct span buf_span(const struct buf *b);
const char *buf_text(struct buf *b);		/* NUL-terminated */

/*
 * base_wipe - zeros for what was secret; done also where nobody reads it any
 * more.
 */
void base_wipe(void *p, size_t n);

/* Adds what fits and drops the rest; `full` is not set. */
void buf_put_cut(struct buf *b, struct span s);

/*
 * For adding several pieces whole or not at all: what was added to a copy made
 * by buf_attempt() becomes part of b by buf_settle(), or b becomes full.
 */
struct buf buf_attempt(const struct buf *b);
void buf_settle(struct buf *b, const struct buf *done);

/*
 * buf_fmt - printf for a buf: %% %c %s %.*s %d %i %u %ld %lu %lld %llu %zu %x,
 * with 0 and a width for numbers.  No float.  All or nothing, as buf_put().
 */
void buf_fmt(struct buf *b, const char *fmt, ...) PRINTF(2, 3);
void buf_vfmt(struct buf *b, const char *fmt, __builtin_va_list ap)
	PRINTF(2, 0);
/* The same, but what does not fit is dropped; `full` is not set. */
void buf_vfmt_cut(struct buf *b, const char *fmt, __builtin_va_list ap)
	PRINTF(2, 0);

/*
 * struct arena - scraps of one message or one load, taken one by one and given
 * back all at once with arena_empty().  What is returned is aligned for
 * anything, and zeroed.  NULL: full, an ordinary result (RC_FULL).
 */
struct arena {
	char *p;
	size_t used;
	size_t cap;
};

void arena_init(struct arena *a, void *memory, size_t cap);
void arena_empty(struct arena *a);
MUST_USE void *arena_take(struct arena *a, size_t n);
/* Copies, NUL-terminated.  On RC_FULL *out is untouched. */
MUST_USE enum rc arena_copy(struct arena *a, struct span s, struct span *out);
/*
 * For what is built in place, of a length not known before: arena_room() gives
 * all that is left as an empty buf, arena_keep() takes what that buf holds now
 * (and its NUL).  Nothing else may be taken between the two.
 */
struct buf arena_room(const struct arena *a);
void arena_keep(struct arena *a, const struct buf *b);

/*
 * Texts that toolchains/pack.c packed, and the dictionary they share.
 * pack_put() adds one to a buf; it and pack_skip() return what is behind it.
 */
const uint8_t *pack_put(struct buf *b, const uint8_t *dict,
	const uint8_t *text);
const uint8_t *pack_skip(const uint8_t *dict, const uint8_t *text);
bool pack_is(const uint8_t *dict, const uint8_t *text, struct span s);

/*
 * Encodings, all added to a buf (whole or not at all).  The decoders return
 * false for malformed text, and then add nothing; room is `full`, as ever.
 * code_utf8_xtext() shows octets that are no UTF-8 as U+FFFD.
 */
void code_xtext(struct buf *b, struct span s);	/* RFC 3461, section 4 */
void code_utf8_xtext(struct buf *b, struct span s);	/* RFC 6533, 3 */
MUST_USE bool code_unxtext(struct buf *b, struct span s);
void code_base64(struct buf *b, struct span s);	/* RFC 4648, no line ends */
MUST_USE bool code_unbase64(struct buf *b, struct span s);
void code_hex(struct buf *b, struct span s);	/* lower case */
/* RFC 8259, 7, without the quotes; octets of what is no UTF-8 one by one. */
void code_json(struct buf *b, struct span s, bool is_utf8);

/* Is it UTF-8 as RFC 3629 has it: no surrogates, nothing overlong? */
bool text_is_utf8(struct span s);
/*
 * text_printable - adds s made fit for a log line: control characters, and
 * octets that are no part of UTF-8, become `?`.  What does not fit is cut.
 */
void text_printable(struct buf *b, struct span s);
/* The same done to what b holds from octet `from` on; its length stays. */
void text_mask(struct buf *b, size_t from);

/*
 * struct ip - an IPv4 or IPv6 address.  No name, no port.
 */
enum { IP_NONE = 0, IP_V4 = 4, IP_V6 = 6 };

struct ip {
	uint8_t family;		/* IP_NONE, IP_V4, IP_V6 */
	uint8_t b[16];		/* network order; IPv4 uses the first four */
	uint32_t scope;		/* of a link-local IPv6 address, else 0 */
};

#define IP_TEXT_MAX	64	/* with NUL, and %scope */

/* Dotted decimal of four parts, or RFC 4291, 2.2; no brackets. */
MUST_USE bool ip_parse(struct span s, struct ip *out);
void ip_put(struct buf *b, const struct ip *a);	/* RFC 5952 for IPv6 */
bool ip_eq(const struct ip *a, const struct ip *b);
bool ip_is_loopback(const struct ip *a);	/* 127/8, ::1 */
bool ip_is_any(const struct ip *a);		/* 0.0.0.0, :: */

/*
 * Calendar arithmetic, proleptic Gregorian, no leap seconds.  Seconds since
 * 1970-01-01 00:00 UTC; `zone_s` is what local time is ahead of UTC.  Times
 * outside the years 0 to 9999 become the nearest inside.
 */
struct civil {
	int year, month, day;		/* month 1 to 12, day 1 to 31 */
	int hour, minute, second;
	int weekday;			/* 0 is Sunday */
};

void civil_of(int64_t unix_s, struct civil *out);
/* RFC 5322, 3.3: `Thu, 01 Jan 2026 00:00:00 +0000`. */
void civil_put_mail(struct buf *b, int64_t unix_s, int zone_s);
/* As log files have it: `Jan  1 00:00:00`. */
void civil_put_log(struct buf *b, int64_t unix_s, int zone_s);
/* RFC 3339: `2026-01-01T00:00:00+00:00`. */
void civil_put_iso(struct buf *b, int64_t unix_s, int zone_s);

#endif
