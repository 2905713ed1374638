/*
 * fuzz_content.c - a message through mail_content.h.
 */
#include "fuzz_content.h"

void
content_way(struct content_way *w)
{
	sim_begin();
	memset(w, 0, offsetof(struct content_way, room));
	log_init(&w->log, SPAN("postern/fuzz"));
	arena_init(&w->arena, w->room, sizeof(w->room));
	w->env = (struct table_env){ .arena = &w->arena, .log = &w->log };
	w->map = (struct mail_map){ .tables = &w->generic,
		.origin = SPAN("here.example") };
	w->change = (struct mail_change){ .header = &w->header,
		.body = &w->body, .generic = &w->map, .header_max = 102400,
		.boundary_max = 2048, .domain = SPAN("here.example"),
		.log = &w->log };
}

void
content_table(struct content_way *w, struct table_list *l, const char *text)
{
	HOLDS(table_open(l, &w->env, "maps", span_of(text), 0) == RC_OK);
}

size_t
content_pass(const struct content_way *w, struct span message, char *out)
{
	static struct mail_reader reader;
	struct mail_source src = { .replace_stray = true,
		.size = (int64_t)message.n };
	struct mail_content *c = port_memory(mail_content_bytes());
	struct span piece;
	bool last = true;
	size_t n = 0;
	enum rc rc;

	sim_file_bytes("/message", message.p, message.n);
	HOLDS(c != NULL && port_open("/message", &src.fd) == RC_OK);
	HOLDS(mail_content_start(c, &reader, &src, &w->change,
	    (struct span){ 0 }) == RC_OK);
	while ((rc = mail_content_read(c, &piece, &last)) == RC_OK) {
		HOLDS(n + piece.n + 1 < CONTENT_MAX);
		HOLDS(span_find(piece, '\n') == piece.n);
		HOLDS(piece.n > 0 || last);
		if (piece.n > 0)
			memcpy(out + n, piece.p, piece.n);
		n += piece.n;
		if (last)
			out[n++] = '\n';
	}
	HOLDS(rc == RC_NONE && last);
	port_close(src.fd);
	return n;
}
