/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values by statsd, on the address of `statsd-bind`: counters (c), gauges (g), times
 * in milliseconds (ms) and distributions (h, d), in the namespace Weir, tags as
 * dimensions. A gauge is what was sent; relative ones (+1) and sets (s) would need a
 * memory of their own and are not taken.
 *
 * Anybody can send: the names that come this way are limited, and what is wrong is
 * told once a minute at most.
 *
 * Thread: control.
 */
#include "ctl/statsd.h"

#include <errno.h>
#include <event2/event.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/diag.h"
#include "base/log.h"
#include "base/module.h"
#include "base/str.h"
#include "base/xalloc.h"
#include "cfg/kw.h"
#include "cfg/snapshot.h"
#include "ctl/control.h"
#include "event/loop.h"
#include "net/addr.h"
#include "proxy/global.h"

#define DATAGRAM_BYTES	65536u
#define DATAGRAMS	64		/* in one event */
#define NAMES_MAX	4096u
#define TELL_EVERY_US	60000000u

static struct {
	int		 fd;		/* -1: closed */
	struct event	*event;		/* owned */
	struct addr	 addr;
	unsigned	 names;		/* series that were made for it */
	uint64_t	 told_us;
	uint64_t	 bad;		/* lines since it was told */
} statsd = { .fd = -1 };

/* ---- a line ---- */

/* The text up to sep, cut off; NULL: there is none. */
static char *
cut(char **rest, char sep)
{
	char *start = *rest, *end = start != NULL ? strchr(start, sep) : NULL;

	*rest = end != NULL ? end + 1 : NULL;
	if (end != NULL)
		*end = '\0';
	return start;
}

static bool
number(const char *text, double *ret)
{
	char *end;

	*ret = strtod(text, &end);
	return end != text && *end == '\0' && isfinite(*ret);
}

static bool
add_tags(char *tags, struct metric_key *k)
{
	char *tag, *value;

	while ((tag = cut(&tags, ',')) != NULL) {
		value = tag;
		(void)cut(&value, ':');
		if (tag[0] == '\0' || k->ndims == METRIC_DIMS)
			return false;
		k->dims[k->ndims++] = (struct metric_dim){ tag, value != NULL && *value != '\0' ?
		    value : "true" };
	}
	return true;
}

/* c, g, ms, h, d; NULL: another kind. */
static const char *
unit_of(const char *kind)
{
	if (strcmp(kind, "c") == 0)
		return "Count";
	if (strcmp(kind, "ms") == 0)
		return "Milliseconds";
	return strcmp(kind, "g") == 0 || strcmp(kind, "h") == 0 || strcmp(kind, "d") == 0 ?
	    "None" : NULL;
}

bool
statsd_parse(char *line, struct statsd_value *ret)
{
	char *rest = line, *word, *value, *kind;
	double v, rate = 1;

	memset(ret, 0, sizeof *ret);
	ret->key.ns = metric_ns_name(NS_WEIR);
	ret->key.name = cut(&rest, ':');
	value = cut(&rest, '|');
	kind = cut(&rest, '|');
	if (ret->key.name[0] == '\0' || value == NULL || kind == NULL || !number(value, &v) ||
	    (ret->key.unit = unit_of(kind)) == NULL ||
	    (kind[0] == 'g' && (value[0] == '+' || value[0] == '-')))
		return false;
	while ((word = cut(&rest, '|')) != NULL)
		if (word[0] == '@' ? !number(word + 1, &rate) || rate <= 0 || rate > 1 :
		    word[0] == '#' ? !add_tags(word + 1, &ret->key) : true)
			return false;
	ret->v = (struct metric_value){ 1 / rate, v / rate, v, v };
	return true;
}

/* ---- datagrams ---- */

static bool
take(char *line)
{
	struct statsd_value s;
	bool is_new;

	if (!statsd_parse(line, &s))
		return false;
	is_new = metric_find(&s.key) == NULL;
	if (is_new && statsd.names >= NAMES_MAX)
		return false;
	if (metric_put(&s.key, 0, &s.v) != NULL)
		return false;
	statsd.names += is_new;
	return true;
}

static void
tell_bad(void)
{
	uint64_t now = clock_mono_us();

	if (statsd.bad == 0 || (statsd.told_us != 0 && now < statsd.told_us + TELL_EVERY_US))
		return;
	log_warnx("statsd: %llu lines were not understood, or had one name too many (%u)",
	    (unsigned long long)statsd.bad, NAMES_MAX);
	statsd.told_us = now;
	statsd.bad = 0;
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	static char text[DATAGRAM_BYTES + 1];
	ssize_t n;

	(void)what, (void)arg;
	for (int i = 0; i < DATAGRAMS && (n = recv(fd, text, DATAGRAM_BYTES, 0)) >= 0; i++) {
		char *rest = text, *line;

		text[n] = '\0';
		while ((line = cut(&rest, '\n')) != NULL)
			if (line[0] != '\0' && !take(line))
				statsd.bad++;
	}
	tell_bad();
}

/* ---- the socket ---- */

static void
close_socket(void)
{
	if (statsd.event != NULL)
		event_free(statsd.event);
	if (statsd.fd != -1)
		close(statsd.fd);
	statsd.event = NULL;
	statsd.fd = -1;
}

static void
open_socket(const struct addr *a)
{
	char text[128];
	int fd = socket(a->u.sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	(void)addr_text(a, text, sizeof text);
	if (fd == -1 || bind(fd, &a->u.sa, a->len) != 0) {
		log_warn("statsd-bind: cannot bind %s", text);
		if (fd != -1)
			close(fd);
		return;
	}
	statsd.fd = fd;
	statsd.addr = *a;
	statsd.event = event_new(control_loop->base, fd, EV_READ | EV_PERSIST, on_readable, NULL);
	event_add(statsd.event, NULL);
}

static void
on_publish(struct snapshot *s)
{
	const struct addr *a = s->global->statsd_bind;

	if (a != NULL && statsd.fd != -1 && addr_eq(a, &statsd.addr))
		return;
	close_socket();
	if (a != NULL)
		open_socket(a);
}

static int
parse_bind(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct addr *a = arena_alloc(c->arena, sizeof *a);
	char err[256];

	(void)nargs;
	if (addr_parse(args[0], ADDR_NEED_PORT, a, err, sizeof err) != 0) {
		diag_error(c->diag, "'%s' : %s", row->name, err);
		return -1;
	}
	if (a->kind != ADDR_INET && a->kind != ADDR_INET6) {
		diag_error(c->diag, "'%s' expects an address and a port, but got '%s'.", row->name,
		    args[0]);
		return -1;
	}
	global_of(c)->statsd_bind = a;
	return 0;
}

static int
module_start(void)
{
	control_on_publish(on_publish);
	return 0;
}

static const struct kw_row rows[] = {
	{ "statsd-bind", IN_GLOBAL, KW_OBEYED, 1, 1, KW_F_ADDRESS, parse_bind, 0,
	    "<address>:<port>", "Where values of metrics are taken by statsd, over UDP." },
	{ 0 }
};

const struct module mod_statsd = {
	.name = "statsd", .cfg = rows, .start = module_start, .stop = close_socket
};
