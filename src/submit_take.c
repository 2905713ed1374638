/*
 * submit_take.c - the input into a draft in the queue, or, without a queue,
 * into a spool of ours.
 */
#include "port.h"
#include "submit.h"

/* To the spool: what is written goes through the draft's buffer. */
static void
flush(struct submit_head *h)
{
	struct submit *s = h->s;

	if (s->queue == NULL && s->draft.out.n > 0 && h->out_rc == RC_OK)
		h->out_rc = port_append(s->mail.fd, buf_span(&s->draft.out));
	if (s->queue == NULL)
		buf_clear(&s->draft.out);
}

static void
put_spool(struct submit_head *h, struct span text)
{
	struct submit *s = h->s;

	if (s->draft.out.cap - s->draft.out.n <= text.n)
		flush(h);
	if (text.n < s->draft.out.cap)
		buf_put(&s->draft.out, text);
	else if (h->out_rc == RC_OK)
		h->out_rc = port_append(s->mail.fd, text);
}

static void
put(struct submit_head *h, struct span text)
{
	struct submit *s = h->s;
	int64_t most = s->set->message_size_limit;

	s->size += (int64_t)text.n;
	if (most > 0 && s->size > most && h->out_rc == RC_OK)
		h->out_rc = RC_FULL;
	if (s->queue == NULL)
		put_spool(h, text);
	else if (h->out_rc == RC_OK)
		h->out_rc = queue_draft_put(&s->draft, text);
}

static enum rc
take_body(struct submit_head *h, struct span piece, bool last)
{
	enum rc rc = RC_OK;

	if (piece.n == 0 && last)	/* it was the empty line */
		rc = submit_in_piece(h->in, &piece, &last);
	while (rc == RC_OK && h->out_rc == RC_OK) {
		put(h, piece);
		if (last)
			put(h, SPAN("\n"));
		rc = submit_in_piece(h->in, &piece, &last);
	}
	return rc;
}

static enum rc
take_all(struct submit_head *h)
{
	struct span piece;
	bool last;
	enum rc rc;

	submit_head_received(h);
	rc = submit_head(h, &piece, &last);
	if (rc == RC_OK)
		rc = take_body(h, piece, last);
	flush(h);
	return rc == RC_NONE ? RC_OK : rc;
}

/* ---- what is said of it -------------------------------------------------- */

/* The message is not taken; why, and the exit code. */
static int
refuse_kept(struct submit *s, enum rc rc)
{
	if (rc == RC_FULL)
		return submit_fail(s, EXIT_LATER, "the message is longer than"
			" message_size_limit = %lld allows",
			(long long)s->set->message_size_limit);
	return submit_fail(s, EXIT_LATER, "the message cannot be kept: %s; try"
		" again when there is room in %s", port_error(),
		s->queue == NULL ? "TMPDIR" : "queue_directory");
}

static int
judge(struct submit_head *h, enum rc rc)
{
	struct submit *s = h->s;

	if (h->out_rc != RC_OK)
		return refuse_kept(s, h->out_rc);
	if (rc != RC_OK)
		return submit_fail(s, EXIT_DATA, "the message cannot be read"
			" from standard input: %s",
			port_error());
	if (h->in->is_smtp && !h->in->saw_dot)
		return submit_fail(s, EXIT_DATA, "the message ends ahead of"
			" its last line");
	if (s->rcpt_text.full)
		return submit_fail(s, EXIT_DATA, "there are more recipients"
			" than fit (%zu KiB of addresses): divide the list",
			SUBMIT_RCPT_BYTES / 1024);
	if (h->hops >= s->set->hopcount_limit)
		return submit_fail(s, EXIT_BOUNCED, "the message goes in"
			" circles: it has %d Received fields (hopcount_limit"
			" = %d)", h->hops,
			s->set->hopcount_limit);
	if (s->head_8bit &&
	    (s->set->strict_7bit_headers || s->set->strict_8bitmime))
		return submit_fail(s, EXIT_BOUNCED, "its header has 8-bit text"
			" (strict_7bit_headers = yes)");
	return EXIT_OK;
}

/* The file that is about to be filled. */
static int
open_spool(struct submit *s)
{
	s->mail = (struct mail_source){
		.fd = -1,
		.ends = MAIL_ENDS_NEVER,	/* submit_in.c saw to them */
		.replace_stray = s->set->cleanup_replace_stray_cr_lf,
	};
	s->draft.out = BUF(s->draft.room);
	if (port_temp(NULL, &s->mail.fd) == RC_OK)
		return EXIT_OK;
	return refuse_kept(s, RC_OS);
}

/* An id: for the log, and unique at this host for Message-ID. */
static int
open_keep(struct submit *s)
{
	struct buf id = BUF(s->id);
	enum rc rc;

	s->size = 0;
	s->head_8bit = s->is_resent = s->is_stuck = false;
	if (s->queue == NULL) {
		buf_fmt(&id, "%08x%08x", (unsigned)(s->arrived_ms &
			0xFFFFFFFF), port_random_u32());
		buf_text(&id);
		return open_spool(s);
	}
	rc = queue_draft_open(&s->draft, s->queue, s->to_drop);
	if (rc == RC_FULL)
		return submit_fail(s, EXIT_LATER, "the queue is full"
			" (queue_minfree, postern_queue_bytes), or its disk;"
			" try again later");
	if (rc != RC_OK)
		return refuse_kept(s, RC_OS);
	buf_puts(&id, s->draft.id);
	buf_text(&id);
	return EXIT_OK;
}

int
submit_take(struct submit *s, struct submit_in *in)
{
	struct submit_head h = { .s = s, .in = in, .put = put };
	int code = open_keep(s);

	if (code != EXIT_OK)
		return code;
	h.shown = BUF(h.room);
	code = judge(&h, take_all(&h));
	s->mail.size = s->size;
	if (code != EXIT_OK)
		submit_drop(s);
	return code;
}

int
submit_probe(struct submit *s)
{
	s->is_probe = true;
	s->queue = NULL;
	return open_keep(s);
}
