/*
 * queue_file_fuzz.c - any octets as a file of the queue.
 *
 * The first octet says what the rest is: as it stands, behind a head that fits
 * it, or also with the fields of the envelope in front.  Then the parts of what
 * was read are written as another message, which must be read again likewise.
 *
 * covers: src/queue_file.c
 */
#include <stdlib.h>
#include <string.h>

#include "../../src/queue_int.h"
#include "../sim/sim.h"

#define HOLDS(x)	do { if (!(x)) abort(); } while (0)
#define FILE_MAX	70000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { WITH_HEAD = 1, WITH_ENVELOPE = 2, SHORT_BODY = 4 };

static char file[FILE_MAX];
static struct queue_reader reader, again;
static struct queue_trail trail;
static const char fields[] = "Fs@x\nV\n0\n1\n2\n3\n4\n5\n6\n";

static bool
is_clean(struct span s)
{
	return span_find(s, '\n') == s.n && span_find(s, '\r') == s.n
	    && span_find(s, '\0') == s.n;
}

/* What it takes to be a file: the head says what follows it. */
static size_t
make_file(const uint8_t *data, size_t n)
{
	struct buf b = BUF(file);
	struct queue_head h = { 0 };
	unsigned how = data[0];
	struct span rest = { (const char *)data + 1, n - 1 };

	if (how & WITH_HEAD) {
		h.body_bytes = how & SHORT_BODY && rest.n > 3 ? 3 : 0;
		h.env_bytes = (int64_t)rest.n - h.body_bytes;
		if (how & WITH_ENVELOPE)
			h.env_bytes += (int64_t)sizeof(fields) - 1;
		for (size_t i = (size_t)h.body_bytes; i < rest.n; i++)
			h.rcpts += rest.p[i] == 'R' &&
			    (i == 0 || rest.p[i - 1] == '\n');
		queue_head_put(&b, &h);
		buf_put(&b, span_head(rest, (size_t)h.body_bytes));
		rest = span_tail(rest, (size_t)h.body_bytes);
	}
	if (how & WITH_ENVELOPE)
		buf_puts(&b, fields);
	buf_put(&b, rest);
	return b.n;
}

static void
check_head(const struct queue_head *h)
{
	static char room[QUEUE_HEAD_BYTES + 1], back[QUEUE_HEAD_BYTES];
	struct buf b = BUF(room);
	struct queue_head twice;
	int fd;

	HOLDS(h->body_bytes >= 0 && h->env_bytes >= 0);
	queue_head_put(&b, h);
	HOLDS(!b.full && b.n == QUEUE_HEAD_BYTES);
	memcpy(back, room, sizeof(back));
	HOLDS(port_open_update("/tmp/head", &fd) == RC_OK);
	HOLDS(queue_head_write(fd, h) == RC_OK);
	HOLDS(queue_head_read(fd, &twice) == (h->env_bytes == 0 &&
	    h->body_bytes == 0 ? RC_OK : RC_WIRE));
	port_close(fd);
}

static void
check_rcpt(const struct queue_rcpt *r, int fd)
{
	static char room[QUEUE_RCPT_BYTES];
	struct buf b = BUF(room);
	struct queue_rcpt same;

	HOLDS(r->to.addr.n > 0 && r->to.addr.n <= RCPT_ADDR_MAX);
	HOLDS(is_clean(r->to.addr) && is_clean(r->to.orcpt));
	HOLDS(is_clean(r->given) && r->to.notify < 16);
	HOLDS(queue_rcpt_put(&b, &r->to, r->given) == RC_OK);
	again.fd = fd;
	again.end = reader.end;
	again.rcpts = reader.rcpts;
	queue_rcpt_seek(&again, r->at, r->index);
	HOLDS(queue_rcpt_next(&again, &same) == RC_OK);
	HOLDS(span_eq(same.to.addr, r->to.addr));
	HOLDS(span_eq(same.given, r->given) && same.state == r->state);
	HOLDS(queue_mark(fd, r->at, r->state) == RC_OK);
}

static void
check_envelope(int fd, const struct queue_head *h)
{
	static char room[QUEUE_ENVELOPE_BYTES + 1];
	struct buf b = BUF(room);
	struct queue_envelope e;
	struct queue_rcpt r;
	unsigned n = 0;
	enum rc rc;

	if (queue_reader_start(&reader, fd, h, &e) != RC_OK)
		return;
	HOLDS(queue_envelope_put(&b, &e) == RC_OK);
	while ((rc = queue_rcpt_next(&reader, &r)) == RC_OK) {
		HOLDS(r.index == n++);
		check_rcpt(&r, fd);
	}
	HOLDS(rc == RC_WIRE || (rc == RC_NONE && n == h->rcpts));
}

/* What is there, then ours behind it. */
static void
check_trail(int fd, const struct queue_head *h, struct span text)
{
	struct queue_fault f = { .index = 7, .fate = FATE_NEVER,
		.dsn = SPAN("5.0.0"), .relay = text, .text = text }, got;
	unsigned before = 0, after = 0;

	queue_trail_start(&trail, fd, h);
	while (queue_trail_next(&trail, &got) == RC_OK)
		before++;
	HOLDS(queue_trail_add(fd, &f) == RC_OK);
	queue_trail_start(&trail, fd, h);
	while (queue_trail_next(&trail, &got) == RC_OK) {
		after++;
		HOLDS(got.fate <= FATE_NEVER && is_clean(got.text));
		if (after == before + 1)
			HOLDS(got.index == 7 && span_is(got.dsn, "5.0.0"));
	}
	HOLDS(after == before + 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct queue_head h;
	size_t bytes;
	int fd;

	if (n == 0 || n > FILE_MAX - 1000)
		return 0;
	sim_begin();
	sim_file("/tmp/head", "");
	bytes = make_file(data, n);
	sim_file_bytes("/tmp/f", file, bytes);
	if (data[0] & 0x80)
		sim_file_broken("/tmp/f", data[0] & 0x40 ? 600 : 0);
	HOLDS(port_open_update("/tmp/f", &fd) == RC_OK);
	if (queue_head_read(fd, &h) == RC_OK) {
		HOLDS((uint64_t)bytes >= QUEUE_HEAD_BYTES +
		    (uint64_t)h.body_bytes + (uint64_t)h.env_bytes);
		check_head(&h);
		check_envelope(fd, &h);
		if (!(data[0] & 0x80))
			check_trail(fd, &h, (struct span){
			    (const char *)data, n });
	}
	port_close(fd);
	HOLDS(sim_open_fds() == 0);
	return 0;
}
