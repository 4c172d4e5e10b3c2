/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the requests screen share. */
#ifndef WEIR_TUI_REQUESTS_H
#define WEIR_TUI_REQUESTS_H

#include "base/out.h"
#include "tui/table.h"

enum top { TOP_NONE, TOP_PATH, TOP_CLIENT, TOP_STATUS, TOP_SERVER, TOP_COUNT };

struct requests_state {
	const struct request **rows;	/* owned; found by the filter, newest first */
	unsigned nrows, cap;
	unsigned sample;		/* chosen by hand; 0: by the rate */
	enum top top;
};

struct requests_state *requests_state(const struct model *m);
void	requests_find(const struct model *m, struct requests_state *s);
filter_field_fn request_field;

int	request_role(int status);		/* of a status, by its class */
/* The client's address without the port, which says nothing. */
void	request_client(const struct request *r, char *buf, size_t size);

/* Counts of the last minute, most first. */
void	requests_draw_top(struct model *m, struct area a);

#endif
