/*
 * pack.c - texts that never change, packed into C arrays (src/base_pack.c
 * reads them).  Runs on the machine that builds.
 *
 *	pack param|applet >HEADER
 *
 * Texts of a kind share a dictionary of pairs: the pair of octets that stands
 * most often next to each other is replaced by an octet that no text has, then
 * the next one, until there are no such octets left.  Pairs contain pairs.
 * The end of a text takes part, so the last octet of a text tells that it is
 * the last one.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXTS_MAX	4096
#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

/* ---- a dictionary and its texts ----------------------------------------- */

struct text {
	uint8_t *p;
	size_t n;
};

struct dict {
	struct text texts[TEXTS_MAX];
	size_t texts_n;
	uint8_t end;			/* the octet below the least one */
	uint8_t first;			/* of pairs; from 255 on to 0 */
	unsigned n;			/* octets that may stand for pairs */
	uint8_t pairs[256][2];
	bool is_end[256];		/* of octets: it ends a text */
};

static void
add(struct dict *d, const char *text)
{
	struct text *t = &d->texts[d->texts_n++];

	if (d->texts_n > TEXTS_MAX)
		exit(1);
	t->n = strlen(text) + 1;	/* the end, too */
	t->p = malloc(t->n);
	if (t->p == NULL)
		exit(1);
	memcpy(t->p, text, t->n);
}

/* Which octets do the texts leave? */
static void
choose_codes(struct dict *d)
{
	uint8_t least = 255, most = 0;

	for (size_t i = 0; i < d->texts_n; i++)
		for (size_t at = 0; at + 1 < d->texts[i].n; at++) {
			uint8_t c = d->texts[i].p[at];

			least = c < least ? c : least;
			most = c > most ? c : most;
		}
	d->end = (uint8_t)(least - 1);
	d->first = (uint8_t)(most + 1);
	d->n = 256u - (unsigned)(most - d->end + 1);
	d->is_end[d->end] = true;
	for (size_t i = 0; i < d->texts_n; i++)
		d->texts[i].p[d->texts[i].n - 1] = d->end;
}

/* How often the most frequent pair is there; the least of equals. */
static unsigned
count(const struct dict *d, uint8_t pair[2])
{
	static unsigned counts[256][256];
	unsigned best = 0;

	memset(counts, 0, sizeof(counts));
	for (size_t i = 0; i < d->texts_n; i++) {
		const struct text *t = &d->texts[i];
		bool was_same = false;

		for (size_t at = 0; at + 1 < t->n; at++) {
			was_same = !was_same && at > 0 &&
			    t->p[at] == t->p[at - 1] &&
			    t->p[at] == t->p[at + 1];
			counts[t->p[at]][t->p[at + 1]] += !was_same;
		}
	}
	for (unsigned a = 0; a < 256; a++)
		for (unsigned b = 0; b < 256; b++)
			if (counts[a][b] > best) {
				best = counts[a][b];
				pair[0] = (uint8_t)a;
				pair[1] = (uint8_t)b;
			}
	return best;
}

static void
replace(struct dict *d, const uint8_t pair[2], uint8_t code)
{
	for (size_t i = 0; i < d->texts_n; i++) {
		struct text *t = &d->texts[i];
		size_t to = 0;

		for (size_t at = 0; at < t->n; at++, to++) {
			t->p[to] = t->p[at];
			if (at + 1 < t->n && t->p[at] == pair[0] &&
			    t->p[at + 1] == pair[1]) {
				t->p[to] = code;
				at++;
			}
		}
		t->n = to;
	}
}

static uint8_t
code_of(const struct dict *d, unsigned index)
{
	return (uint8_t)(d->first + index);
}

static void
swap(struct dict *d, uint8_t a, uint8_t b)
{
	uint8_t *p;

	for (size_t i = 0; i < d->texts_n; i++)
		for (size_t at = 0; at < d->texts[i].n; at++) {
			p = &d->texts[i].p[at];
			*p = *p == a ? b : *p == b ? a : *p;
		}
	for (unsigned i = 0; i < 2 * d->n; i++) {
		p = &d->pairs[i / 2][i % 2];
		*p = *p == a ? b : *p == b ? a : *p;
	}
}

/* Octets that end a text get the highest places; returns the first of them. */
static unsigned
sort_ends(struct dict *d)
{
	unsigned low = 0, high = d->n;

	for (;;) {
		while (low < high && !d->is_end[code_of(d, low)])
			low++;
		while (low < high && d->is_end[code_of(d, high - 1)])
			high--;
		if (low == high)
			return low;
		high--;
		for (int i = 0; i < 2; i++) {
			uint8_t c = d->pairs[low][i];

			d->pairs[low][i] = d->pairs[high][i];
			d->pairs[high][i] = c;
		}
		swap(d, code_of(d, low), code_of(d, high));
		d->is_end[code_of(d, low)] = false;
		d->is_end[code_of(d, high)] = true;
	}
}

/* Returns how many. */
static unsigned
put_octets(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		printf("%u,%s", p[i], i % 16 == 15 || i + 1 == n ? "\n" : "");
	return (unsigned)n;
}

/* first octet of pairs, their number, the first that ends a text; pairs */
static void
pack(struct dict *d, const char *name)
{
	uint8_t head[3];
	unsigned i;

	choose_codes(d);
	for (i = 0; i < d->n; i++) {
		if (count(d, d->pairs[i]) < 3)
			exit(1);	/* too few texts for a dictionary */
		d->is_end[code_of(d, i)] = d->is_end[d->pairs[i][1]];
		replace(d, d->pairs[i], code_of(d, i));
	}
	head[0] = d->first;
	head[1] = (uint8_t)d->n;
	head[2] = (uint8_t)sort_ends(d);
	printf("static const uint8_t %s[] = {\n", name);
	put_octets(head, sizeof(head));
	put_octets(d->pairs[0], 2 * d->n);
	printf("};\n");
}

static unsigned
put_text(const struct dict *d, size_t index)
{
	return put_octets(d->texts[index].p, d->texts[index].n);
}

/* ---- param.def ---------------------------------------------------------- */

enum { SHAPE_ONE, SHAPE_BOTH, SHAPE_PAIR, SHAPE_OLD, SHAPE_KNOWN };

static const struct row {
	int shape;
	const char *kind[3];		/* type, least, most */
	const char *name[2], *value[2];
} rows[] = {
#define KIND(type, least, most)	{ "T_" #type, #least, #most }
#define BOTH(field, type, name, value, least, most, ...) \
	{ SHAPE_BOTH, KIND(type, least, most), { name }, { value } },
#define PAIR(field, type, name, value, lname, lvalue, least, most, ...) \
	{ SHAPE_PAIR, KIND(type, least, most), { name, lname }, \
	    { value, lvalue } },
#define ONE(field, type, name, value, least, most, ...) \
	{ SHAPE_ONE, KIND(type, least, most), { name }, { value } },
#include "param.def"
/* behind all others: what is not a field of struct settings */
#define EACH(word, type, suffix, value, least, most) \
	{ SHAPE_ONE, KIND(type, least, most), { suffix }, { value } },
#include "param.def"
#define OLD(type, name, value, newer) \
	{ SHAPE_OLD, { 0 }, { name, newer }, { value } },
#include "param.def"
#define KNOWN(type, name, value) \
	{ SHAPE_KNOWN, { 0 }, { name }, { value } },
#include "param.def"
};

static const char *const words[] = {
#define WORDS(set, list)	list,
#include "param.def"
};

/* Which number of those so far is it? */
static unsigned
number_of(const char *numbers[], unsigned *n, const char *number)
{
	unsigned i;

	for (i = 0; i < *n && strcmp(numbers[i], number) != 0; i++)
		;
	if (i == *n)
		numbers[(*n)++] = number;
	return i;
}

/* kind_numbers[], kinds[] - type, places of least and most - and heads[]. */
static void
put_kinds(uint8_t heads[])
{
	static const char *numbers[3 * COUNT(rows)], *kinds[COUNT(rows)];
	static char texts[COUNT(rows)][64];
	unsigned numbers_n = 0, kinds_n = 0, kind;

	for (size_t i = 0; i < COUNT(rows); i++) {
		if (rows[i].kind[0] == NULL)
			continue;
		snprintf(texts[i], sizeof(texts[i]), "%s,%u,%u",
		    rows[i].kind[0],
		    number_of(numbers, &numbers_n, rows[i].kind[1]),
		    number_of(numbers, &numbers_n, rows[i].kind[2]));
		kind = number_of(kinds, &kinds_n, texts[i]);
		if (kind >= 64)
			exit(1);	/* the shape is above it */
		heads[i] = (uint8_t)(kind | (unsigned)rows[i].shape << 6);
	}
	printf("static const int32_t kind_numbers[] = {\n");
	for (unsigned i = 0; i < numbers_n; i++)
		printf("%s,\n", numbers[i]);
	printf("};\nstatic const uint8_t kinds[] = {\n");
	for (unsigned i = 0; i < kinds_n; i++)
		printf("%s,\n", kinds[i]);
	printf("};\n");
}

/* As src/param_row.c has it. */
static unsigned
hash_of(const char *name)
{
	uint8_t hash = 0;

	while (*name != '\0')
		hash = (uint8_t)(hash * 31 + (uint8_t)*name++);
	return hash;
}

/* Where rows begin, and what their first names come to. */
static void
put_index(const unsigned starts[])
{
	printf("static const uint16_t starts[] = {\n");
	for (size_t i = 0; i < COUNT(rows); i++)
		printf("%u,\n", starts[i]);
	printf("};\nstatic const uint8_t hashes[] = {\n");
	for (size_t i = 0; i < COUNT(rows); i++)
		printf("%u,\n", hash_of(rows[i].name[0]));
	printf("};\n");
}

static void
pack_param(void)
{
	static struct dict names, values;
	static unsigned starts[COUNT(rows)];
	unsigned at = 0;
	static uint8_t heads[COUNT(rows)];
	size_t name = 0, value = 0;
	unsigned before[2] = { 0 };	/* rows ahead of OLD and KNOWN */

	for (size_t i = 0; i < COUNT(rows); i++) {
		before[0] += rows[i].shape < SHAPE_OLD;
		before[1] += rows[i].shape < SHAPE_KNOWN;
		for (int k = 0; k < 2; k++) {
			if (rows[i].name[k] != NULL)
				add(&names, rows[i].name[k]);
			if (rows[i].value[k] != NULL)
				add(&values, rows[i].value[k]);
		}
	}
	printf("enum { ROW_OLD = %u, ROW_KNOWN = %u };\n", before[0],
	    before[1]);
	for (size_t i = 0; i < COUNT(words); i++)
		add(&values, words[i]);
	put_kinds(heads);
	pack(&names, "names");
	pack(&values, "values");
	printf("static const uint8_t rows[] = {\n");
	for (size_t i = 0; i < COUNT(rows); i++) {
		starts[i] = at;
		if (rows[i].kind[0] != NULL)
			at += put_octets(&heads[i], 1);
		for (int k = 0; k < 2; k++) {
			if (rows[i].name[k] != NULL)
				at += put_text(&names, name++);
			if (rows[i].value[k] != NULL)
				at += put_text(&values, value++);
		}
	}
	printf("};\nstatic const uint8_t words[] = {\n");
	while (value < values.texts_n)
		put_text(&values, value++);
	printf("};\n");
	put_index(starts);
}

/* ---- applet.def --------------------------------------------------------- */

static const struct {
	const char *usage, *summary, *help;
} applets[] = {
#define SELF(usage, help)	{ usage, "", help },
#include "applet.def"
#define APPLET(name, entry, usage, summary, help) { usage, summary, help },
#include "applet.def"
};

/* Returns how many there are. */
static uint8_t
add_lines(struct dict *d, const char *text)
{
	char line[256];
	uint8_t n = 0;

	for (; *text != '\0'; n++) {
		size_t length = strcspn(text, "\n");

		if (length >= sizeof(line) || text[length] != '\n')
			exit(1);
		memcpy(line, text, length);
		line[length] = '\0';
		add(d, line);
		text += length + 1;
	}
	return n;
}

static void
pack_applet(void)
{
	static struct dict texts;
	uint8_t lines[COUNT(applets)];
	size_t text = 0;

	for (size_t i = 0; i < COUNT(applets); i++) {
		add(&texts, applets[i].usage);
		add(&texts, applets[i].summary);
		lines[i] = add_lines(&texts, applets[i].help);
	}
	pack(&texts, "texts");
	printf("static const uint8_t rows[] = {\n");
	for (size_t i = 0; i < COUNT(applets); i++) {
		put_octets(&lines[i], 1);
		for (unsigned n = lines[i] + 2u; n > 0; n--)
			put_text(&texts, text++);
	}
	printf("};\n");
}

int
main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "param") == 0)
		pack_param();
	else if (argc == 2 && strcmp(argv[1], "applet") == 0)
		pack_applet();
	else
		return 64;
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
