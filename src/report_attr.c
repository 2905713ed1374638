/*
 * report_attr.c - the attributes of an original client, by their names.
 */
#include "report.h"

static const char names[JOB_ATTRS][8] = {
	[JOB_NAME] = "NAME", [JOB_ADDR] = "ADDR", [JOB_PORT] = "PORT",
	[JOB_PROTO] = "PROTO", [JOB_HELO] = "HELO", [JOB_IDENT] = "IDENT",
	[JOB_SOURCE] = "SOURCE"
};

const char *
job_attr_name(enum job_attr attr)
{
	ASSERT(attr < JOB_ATTRS);
	return names[attr];
}

enum job_attr
job_attr_find(struct span name)
{
	unsigned i;

	for (i = 0; i < JOB_ATTRS; i++)
		if (span_is_case(name, names[i]))
			break;
	return (enum job_attr)i;
}

bool
job_body_find(struct span name, enum job_body *out)
{
	*out = (enum job_body)(1 + span_index("7bit 8bitmime", name));
	return *out != JOB_BODY_NONE;
}

bool
job_ret_find(struct span name, enum job_ret *out)
{
	*out = (enum job_ret)(1 + span_index("full hdrs", name));
	return *out != JOB_RET_NONE;
}
