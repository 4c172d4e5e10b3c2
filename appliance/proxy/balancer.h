/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A load balancer is a backend with every frontend that leads to it under one
 * name; a server stands in a zone.
 *
 * any thread: a published snapshot does not change
 */
#ifndef WEIR_PROXY_BALANCER_H
#define WEIR_PROXY_BALANCER_H

struct global;
struct proxy;
struct server;

/* NULL: a frontend without a default backend that names none. */
const char *balancer_of(const struct proxy *px);
const char *balancer_zone(const struct server *srv);
const char *balancer_default_zone(const struct global *g);

#endif
