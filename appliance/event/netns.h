/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A network of its own for a child: a namespace, a pair of interfaces, one end of it
 * on a bridge. For its warden; by ip(8).
 */
#ifndef WEIR_EVENT_NETNS_H
#define WEIR_EVENT_NETNS_H

#include <stddef.h>
#include <sys/types.h>

struct netns;

/* gateway: the bridge's address, "10.9.0.1/24"; address: the child's, "10.9.0.7".
 * NULL with errno. */
struct netns *netns_new(const char *bridge, const char *gateway, const char *address);
/* In the child: its new network, once the other side has made it. 0, or -1 with errno. */
int	netns_enter(struct netns *n);
/* In the warden meanwhile. */
int	netns_connect(struct netns *n, pid_t child);

/* A tap for a program of this user on the bridge, which is made as well; and its end.
 * -1 with errno: there is none, or one of that name is not from here. */
int	netns_tap(const char *bridge, const char *gateway, const char *name, uid_t user);
void	netns_tap_remove(const char *name);
/* Why there can be none here, added to a text; nothing if there can. */
void	netns_probe(char *missing, size_t size);

#endif
