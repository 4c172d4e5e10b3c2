/* SPDX-License-Identifier: BSD-2-Clause */
/* weirtop: watch weir or HAProxy in a terminal, and act on it. See weirtop(1). */
#include "tui/app.h"

int
main(int argc, char **argv)
{
	struct options o;

	options_parse(&o, argc, argv);
	return app_run(&o);
}
