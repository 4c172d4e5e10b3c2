/* SPDX-License-Identifier: BSD-2-Clause */
/* Doubly linked circular lists, intrusive; an unlinked node points to itself. */
#ifndef WEIR_BASE_LIST_H
#define WEIR_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list	*next, *prev;
};

static inline void
list_init(struct list *l)
{
	l->next = l->prev = l;
}

static inline bool
list_is_empty(const struct list *l)
{
	return l->next == l;
}

static inline void
list_add_after(struct list *at, struct list *n)
{
	n->prev = at;
	n->next = at->next;
	at->next->prev = n;
	at->next = n;
}

static inline void
list_push(struct list *head, struct list *n)		/* first */
{
	list_add_after(head, n);
}

static inline void
list_append(struct list *head, struct list *n)		/* last */
{
	list_add_after(head->prev, n);
}

static inline void
list_del(struct list *n)		/* harmless on an unlinked node */
{
	n->prev->next = n->next;
	n->next->prev = n->prev;
	list_init(n);
}

static inline struct list *
list_pop(struct list *head)		/* first, or NULL */
{
	struct list *n = head->next;

	if (n == head)
		return NULL;
	list_del(n);
	return n;
}

#define LIST_ITEM(n, type, member) \
	((type *)(void *)((char *)(n) - offsetof(type, member)))
#define LIST_EACH(it, head) \
	for (struct list *it = (head)->next; it != (head); it = it->next)
#define LIST_EACH_SAFE(it, tmp, head) \
	for (struct list *it = (head)->next, *tmp = it->next; it != (head); \
	    it = tmp, tmp = it->next)

#endif
