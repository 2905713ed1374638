/*
 * base_int.h - what the files of base share among themselves.
 */
#ifndef POSTERN_BASE_INT_H
#define POSTERN_BASE_INT_H

#include "base.h"

/*
 * base_utf8 - the character that s begins with (RFC 3629).
 * Returns its length in octets; 0: s is empty or does not begin with one.
 */
size_t base_utf8(struct span s, uint32_t *point);

/* What a hexadecimal digit of either case stands for; -1: it is none. */
int base_hex_digit(char c);

#endif
