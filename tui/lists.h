/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which rows a list shows, and in which order: of the appliance that is shown,
 * those that the filter finds, with faults first.
 */
#ifndef WEIR_TUI_LISTS_H
#define WEIR_TUI_LISTS_H

#include "tui/table.h"

/* Borrowed rows; for the time of one picture or one key. */
struct list { const void **at; unsigned n, cap; };
void	list_add(struct list *l, const void *row);
void	list_fini(struct list *l);

/* Backends, the worst first. */
void	list_backends(const struct model *m, struct list *l);
/* Servers of a backend in the order of the configuration. */
void	list_servers(const struct model *m, const struct row *backend, struct list *l);

/* The past of rows in sight, once; as many as there is room for. */
void	rows_want(const struct list *l, unsigned from, unsigned n, struct wants *w);

/* Proxies with the servers of those that are open; each level sorted as the list is.
 * Open are: all when they are few, those with faults, what the user unfolded. */
void	list_tree(const struct model *m, struct table *t, struct list *l);
unsigned list_tree_size(const struct model *m);		/* all rows, hidden ones too */
enum fold tree_fold(const struct model *m, const void *row);
int	tree_indent(const void *row);
void	tree_toggle(const struct model *m, const struct row *proxy);

/* The servers screen's own memory: what the user folded. */
struct tree_state {
	struct { char *key; bool is_open; } *at;	/* owned */
	unsigned n;
	bool	 are_few;
};
void	tree_state_fini(void *state);

/* Does it deserve a look? For `!` and for the order. */
bool	is_fault(const struct row *r);

#endif
