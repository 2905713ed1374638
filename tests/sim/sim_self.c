/*
 * sim_self.c - where the program would be.
 */
#include "sim_int.h"

enum rc
port_self(struct buf *out)
{
	if (sim_call_fails("port_self"))
		return RC_OS;
	buf_puts(out, "/usr/sbin/postern");
	return out->full ? RC_FULL : RC_OK;
}
