/*
 * work.h - the children of the queue manager: one delivers, one writes notices,
 * one takes in what users put into drop.  Rank 7.  Each is a port_entry; its
 * first message is an order (queue.h).
 */
#ifndef POSTERN_WORK_H
#define POSTERN_WORK_H

#include "log.h"
#include "param.h"
#include "queue.h"

/*
 * What a child gets of its parent: read, never changed.  The one that delivers
 * by LMTP loads settings of its own, as the parent's are those of SMTP.
 */
struct work {
	const struct param *param;
	const struct log *log;
	const char *folder;		/* -c, or NULL */
	const char *const *options;	/* -o, in order */
	size_t options_n;
};

/*
 * struct work_child - what they have in common; made by work_child().  NULL: no
 * memory.
 *
 * log  goes by way of the manager.
 *
 * work_hear  the next order.  RC_TIME; RC_GONE: it is to end; RC_WIRE.
 * work_done  says that the order was carried out, or why not, and how much was
 *            left undone.
 */
struct work_child {
	const struct work *work;
	int fd;			/* to the manager */
	bool has_failed;	/* who is gone */
	struct log log;
	struct queue_order order;
	char message[PORT_MESSAGE_MAX];
};
struct work_child *work_child(void *arg, int fd);
MUST_USE enum rc work_hear(struct work_child *c, ms_t until, int *passed);
MUST_USE enum rc work_say(struct work_child *c, const struct queue_saying *s);
MUST_USE enum rc work_done(struct work_child *c, enum rc rc, unsigned left);

int work_deliver(void *arg, int fd);	/* arg: the struct work */
/* Says in the log which of the walls around deliverers this kernel lacks. */
void work_walls(const struct work *w);
int work_tell(void *arg, int fd);
int work_pickup(void *arg, int fd);

/* In the verdicts of work_local(), where others name a server. */
#define WORK_LOCAL_RELAY	"local"

/*
 * work_local - mail that ends here, into maildirs; each recipient that is not
 * decided yet is reported.  RC_OS: a report could not be written.
 *
 * owner  of the queue: who gets a maildir that is nobody's.
 */
MUST_USE enum rc work_local(const struct settings *set, uint32_t owner,
	struct job *job, struct report *report);

/*
 * work_address - adds the recipients that an address of our own mail comes to:
 * aliases and the like as for mail of programs.  `to` unquoted, with a domain.
 */
MUST_USE enum rc work_address(const struct work *w, struct queue_draft *d,
	struct span to);

#endif
