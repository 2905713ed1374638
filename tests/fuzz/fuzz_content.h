/*
 * fuzz_content.h - a message through mail_content.h, whole, for harnesses with
 * readings of their own.
 */
#ifndef FUZZ_CONTENT_H
#define FUZZ_CONTENT_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/mail_int.h"
#include "../sim/sim.h"

#define HOLDS(x)	do { if (!(x)) abort(); } while (0)
#define CONTENT_MAX	(2 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* What is to be done, and what tables stand in. */
struct content_way {
	struct log log;
	struct arena arena;
	struct table_env env;
	struct table_list header, body, generic;
	struct mail_map map;
	struct mail_change change;
	char room[32 * 1024];
};

/* In a fresh world; nothing to be changed. */
void content_way(struct content_way *w);
/* A table that is there; the text must be a right one. */
void content_table(struct content_way *w, struct table_list *l,
	const char *text);
/* The message as it leaves, LF behind each line; out has CONTENT_MAX octets. */
size_t content_pass(const struct content_way *w, struct span message,
	char *out);

#endif
