/*
 * submit_smtp.c - SMTP on standard input and output.
 */
#include "submit.h"

int
submit_smtp(struct submit *s, struct submit_in *in)
{
	(void)in;
	return submit_fail(s, EXIT_BOUNCED, "-bs: not yet");
}
