/*
 * port_built.c - the date of the sources, which the Makefile finds out.
 */
#include "built.h"
#include "port.h"

int64_t
port_built(void)
{
	return BUILT_UNIX_S;
}
