/*
 * state.h - small files of our own making, in which workers remember something
 * for each other.  Rank 3.
 *
 * Such a file is read as a whole and replaced as a whole: who reads meanwhile
 * sees the old or the new one.  What it says is believed, so it must belong to
 * us and be nobody else's to read or write.
 */
#ifndef POSTERN_STATE_H
#define POSTERN_STATE_H

#include "base.h"
#include "log.h"

struct state {
	const struct log *log;
	const char *protocol;	/* the setting's name is of two parts: */
	const char *setting;	/* `smtp`, `sasl_auth_cache_name` */
	const char *what;	/* `refused logins` */
	const char *effect;	/* what giving up comes to, for the log */
	struct span path;
	bool is_off;		/* given up */
};

/* The path in `type:path` or `proxy:type:path`, whatever the type is called. */
struct span state_path(struct span value);
/* Said once; from then on the file is left alone. */
void state_give_up(struct state *s, const char *why);
/*
 * state_load - adds all that the file holds to `out`, which is empty.
 * false: nothing; a reason other than that there is no file was told.
 */
bool state_load(struct state *s, struct buf *out);
/* It isn't what we wrote: what was in it can be found beside it. */
void state_set_aside(struct state *s, struct span all);
void state_save(struct state *s, struct span all);

#endif
