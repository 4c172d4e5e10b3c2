/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the streams of the stats socket share: a sign of life every 5 s.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_API_STREAM_H
#define WEIR_API_STREAM_H

#include "event/timer.h"

struct cli;

struct stream {
	struct cli	*c;
	struct timer	 timer;
};

void	stream_init(struct stream *s, struct cli *c);
void	stream_keep_alive(struct stream *s);	/* `#alive` from now on */
void	stream_fini(struct stream *s);

#endif
