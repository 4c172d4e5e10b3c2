/* SPDX-License-Identifier: BSD-2-Clause */
/* weirtop: watch weir or HAProxy in a terminal, and act on it. See weirtop(1). */
#include <stdlib.h>

#include "tui/app.h"

int
main(int argc, char **argv)
{
	struct options o;
	int status;

	options_parse(&o, argc, argv);
	status = app_run(&o);
	free(o.config);
	return status;
}
