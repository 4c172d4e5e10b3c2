/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of the statistics page share: the wishes in the address of a
 * request, the writers of the HTML page, the actions of its forms.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_API_STATS_PAGE_H
#define WEIR_API_STATS_PAGE_H

#include <stdbool.h>

#include "api/stat_dump.h"
#include "base/str.h"

struct service_call;
struct stats_conf;

struct stats_page {
	const struct proxy *own;	/* whose page it is */
	const struct stats_conf *conf;
	bool		 is_admin, only_up, no_refresh;
	char		 scope[64];	/* ;scope=: only names that have it */
	const char	*result;	/* ;st=CODE of the action before, in words; NULL */
	bool		 result_is_bad;
	/* the walk */
	bool		 header_done, in_section;
	struct stat_dump dump;		/* CSV, JSON */
	const struct proxy *px;
	const struct bind_conf *bind;
	const struct server *srv;
	unsigned	 place;
	struct stat_row	 row;
};

/* stats_html.c: a piece; true: that was all */
bool	stats_html_piece(struct service_call *c);
bool	stats_page_shows(const struct proxy *px, const void *page);	/* scope and ;scope= */

/* stats_act.c: what the form asks for is done; the code for ;st= */
const char *stats_act(struct service_call *c, const struct stats_page *p);
/* The words for a code; NULL = unknown code. */
const char *stats_act_text(struct str code, bool *ret_is_bad);

/* stats_cells.c: the columns of the table */
void	stats_cells_head(struct outbuf *b);
void	stats_cells_row(struct outbuf *b, const struct stats_page *p);
void	stats_put_html(struct outbuf *b, const char *z);

#endif
