/*
 * base_pack.c - texts that toolchains/pack.c packed.
 *
 * A dictionary begins with three octets: the first octet that stands for a
 * pair, how many there are of these, which of them is the first that ends a
 * text.  Then come the pairs.  They are numbered from the first on, 0 behind
 * 255; the octet behind them is the end itself, all others are themselves.
 */
#include "base.h"

enum { FIRST, PAIRS, ENDS, HEAD };

static bool
is_end(const uint8_t *dict, uint8_t code)
{
	uint8_t i = (uint8_t)(code - dict[FIRST]);

	return i >= dict[ENDS] && i <= dict[PAIRS];
}

/* Recursive, as pairs are in pairs; the build bounds it, not some input. */
static void
put_code(struct buf *b, const uint8_t *dict, uint8_t code)
{
	uint8_t i = (uint8_t)(code - dict[FIRST]);

	if (i < dict[PAIRS]) {
		put_code(b, dict, dict[HEAD + 2 * i]);
		put_code(b, dict, dict[HEAD + 2 * i + 1]);
	} else if (i > dict[PAIRS])
		buf_putc(b, (char)code);
}

const uint8_t *
pack_put(struct buf *b, const uint8_t *dict, const uint8_t *text)
{
	do
		put_code(b, dict, *text);
	while (!is_end(dict, *text++));
	return text;
}

const uint8_t *
pack_skip(const uint8_t *dict, const uint8_t *text)
{
	const uint8_t first = (uint8_t)(dict[FIRST] + dict[ENDS]);
	const uint8_t most = (uint8_t)(dict[PAIRS] - dict[ENDS]);

	while ((uint8_t)(*text++ - first) > most)
		;
	return text;
}

/* Takes what the code stands for off *rest. */
static bool
take_code(struct span *rest, const uint8_t *dict, uint8_t code)
{
	uint8_t i = (uint8_t)(code - dict[FIRST]);

	if (i < dict[PAIRS])
		return take_code(rest, dict, dict[HEAD + 2 * i]) &&
		    take_code(rest, dict, dict[HEAD + 2 * i + 1]);
	if (i == dict[PAIRS] || rest->n == 0)
		return i == dict[PAIRS] && rest->n == 0;
	rest->n--;
	return *rest->p++ == (char)code;
}

bool
pack_is(const uint8_t *dict, const uint8_t *text, struct span s)
{
	while (take_code(&s, dict, *text))
		if (is_end(dict, *text++))
			return true;
	return false;
}
