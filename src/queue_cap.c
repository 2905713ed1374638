/*
 * queue_cap.c - how much there may be in the queue: free space, messages,
 * octets.
 *
 * Free space is asked for at each submission: queue_minfree or, without that,
 * one and a half times message_size_limit, but no more than an eighth of the
 * file system, which may be a router's.  To count messages is to read the
 * folder, so the 10,000th would cost ten thousand names, and filling the queue
 * the square of that.  Therefore a submitter counts only now and then, as
 * chance has it: about SHARE times while as many come in as the cap allows, or
 * as many octets, so that each message costs what SHARE names do, on average.
 * Who finds that a cap is met leaves a mark in the folder; as long as that is
 * there everybody counts before he takes mail, and who finds room again removes
 * it.  So a cap may be passed by about a hundredth part before it is noticed,
 * and holds to the letter from then on; one below SHARE messages always does.
 *
 * It needs no manager, and nothing that could be out of step with the folder:
 * the mark is a draft to all others, and goes as forgotten ones do.  Users who
 * have no way into incoming do not see it; what they leave in drop is held
 * against the caps when it is taken in.
 */
#include "queue_int.h"

#define MARK	".full"
#define SHARE	64

struct total {
	int64_t messages, bytes;
};

/* Is a cap met, or what is a sixteenth `below` it? */
static bool
meets(int64_t cap, int64_t n, bool below)
{
	return cap > 0 && n >= cap - (below ? cap / 16 : 0);
}

static bool
is_over(const struct settings *set, const struct total *t, bool below)
{
	return meets(set->postern_queue_count, t->messages, below) ||
	    meets(set->postern_queue_bytes, t->bytes, below);
}

static int64_t
size_of(const struct queue *q, const char *name)
{
	char room[QUEUE_PATH_MAX];
	struct port_stat st;

	return port_stat_path(queue_at(room, q, QUEUE_INCOMING, name), &st)
	    == RC_OK ? st.size : 0;
}

/* Up to where a cap is met: then it doesn't matter how much more there is. */
static void
count(const struct queue *q, struct total *t)
{
	char path[QUEUE_PATH_MAX], room[256];
	struct port_list list;
	struct buf name;

	*t = (struct total){ 0 };
	if (port_list_open(&list, queue_at(path, q, QUEUE_INCOMING, ""))
	    != RC_OK)
		return;
	for (;;) {
		name = BUF(room);
		if (is_over(q->set, t, false) ||
		    port_list_next(&list, &name) != RC_OK)
			break;
		if (!queue_id_is_safe(buf_span(&name)))
			continue;
		t->messages++;
		if (q->set->postern_queue_bytes > 0)
			t->bytes += size_of(q, buf_text(&name));
	}
	port_list_close(&list);
}

/* ---- before mail is taken ------------------------------------------------ */

/* One of a small file system's parts stays free, whatever a message may be. */
#define SMALL_PARTS	8

int64_t
queue_wants(const struct settings *set, const struct port_space *space)
{
	int64_t least = set->message_size_limit + set->message_size_limit / 2;

	if (set->queue_minfree > 0)
		return set->queue_minfree;
	return least < space->all_bytes / SMALL_PARTS ? least
	    : space->all_bytes / SMALL_PARTS;
}

static enum rc
check_space(const struct queue *q)
{
	struct port_space space;

	if (port_space(q->folder_room, &space) != RC_OK ||
	    space.free_bytes >= queue_wants(q->set, &space))
		return RC_OK;
	log_line(q->log, LOG_WARNING, "no room in the queue: %lld octets are "
	    "free, %lld are wanted (%s)", (long long)space.free_bytes,
	    (long long)queue_wants(q->set, &space), q->set->queue_minfree > 0 ?
	    "queue_minfree" : "for message_size_limit");
	return RC_FULL;
}

enum rc
queue_cap_allows(const struct queue *q)
{
	char mark[QUEUE_PATH_MAX];
	struct port_stat st;
	struct total t;

	TRY(check_space(q));
	if (q->set->postern_queue_count + q->set->postern_queue_bytes == 0 ||
	    port_stat_path(queue_at(mark, q, QUEUE_INCOMING, MARK), &st)
	    != RC_OK)
		return RC_OK;
	count(q, &t);
	if (is_over(q->set, &t, false)) {
		log_line(q->log, LOG_WARNING, "the queue is full (see "
		    "postern_queue_count and postern_queue_bytes)");
		return RC_FULL;
	}
	/* Room to spare, so that the mark does not come and go.  If it stays,
	   the next one counts, too. */
	if (!is_over(q->set, &t, true) && port_remove(mark) == RC_OS)
		log_line(q->log, LOG_WARNING, "%s: not removed: %s", mark,
		    port_error());
	return RC_OK;
}

/* ---- when it is there ---------------------------------------------------- */

/* One time in so many; 0 and 1: always. */
static bool
happens(uint64_t one_in)
{
	return one_in < 2 || port_random_u32() % one_in == 0;
}

static bool
is_to_count(const struct settings *set, int64_t bytes)
{
	uint64_t n = (uint64_t)set->postern_queue_count;
	uint64_t most = (uint64_t)set->postern_queue_bytes;

	return (n > 0 && happens(n / SHARE)) ||
	    (most > 0 && happens(most / SHARE / (uint64_t)bytes));
}

void
queue_cap_came(const struct queue *q, int64_t bytes)
{
	char mark[QUEUE_PATH_MAX];
	struct total t;
	int fd;

	if (!is_to_count(q->set, bytes))
		return;
	count(q, &t);
	if (is_over(q->set, &t, false) && port_create(queue_at(mark, q,
	    QUEUE_INCOMING, MARK), 0600, &fd) == RC_OK)
		port_close(fd);
}
