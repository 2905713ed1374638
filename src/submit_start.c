/*
 * submit_start.c - who sends, when, and under which id.
 */
#include "port.h"
#include "submit.h"

int
submit_start(struct submit *s)
{
	struct buf id = BUF(s->id);
	void *memory = port_memory(SUBMIT_RCPT_BYTES);

	if (memory == NULL) {
		app_fail(s->app, "out of memory; nothing was sent");
		return EXIT_LATER;
	}
	buf_init(&s->rcpt_text, memory, SUBMIT_RCPT_BYTES);
	s->arrived_ms = port_wall_ms();
	/* Unique at this host for Message-ID: RFC 5322, 3.6.4. */
	buf_fmt(&id, "%08x%08x",
		(unsigned)(s->arrived_ms & 0xFFFFFFFF), port_random_u32());
	return EXIT_OK;
}
