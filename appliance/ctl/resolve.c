/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Questions and answers; see resolve.h. A question goes to all name servers of the
 * section at once; the first good answer counts, a bad one when all have said no.
 * Nothing within `timeout retry`: it is repeated, with another id. Addresses are
 * asked for in the preferred family, then in the other one. A truncated answer is
 * asked for again by TCP; its time begins anew then, once per name server.
 *
 * What is known stays while name servers are silent; after other failures it goes
 * when the `hold` time of that kind is over since the last good answer.
 *
 * Thread: control.
 */
#include "ctl/resolve.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/magic.h"
#include "base/module.h"
#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "ctl/control.h"
#include "event/loop.h"
#include "proxy/global.h"
#include "proxy/proxy.h"
#include "proxy/resolvers.h"

#define ANSWER_BYTES	8193
#define ANSWERS_A_PASS	64

static struct {
	struct list	 sections;
	uint32_t	 generation;
	uint64_t	 failures;
} state = { .sections = { &state.sections, &state.sections } };

uint64_t
resolve_failures(void)
{
	return state.failures;
}

/* ---- name servers ---- */

static void on_readable(evutil_socket_t fd, short what, void *arg);

static struct dns_server *
server_new(struct dns_section *sec, const struct nameserver *conf)
{
	struct dns_server *ns = xcalloc(1, sizeof *ns);

	ns->section = sec;
	ns->name = xstrdup(conf->name);
	ns->ip = ip_port_of(&conf->addr.u.sa);
	ns->is_tcp = conf->is_tcp;
	ns->fd = -1;
	list_append(&sec->servers, &ns->node);
	sec->nservers++;
	return ns;
}

static void
server_close(struct dns_server *ns)
{
	if (ns->event != NULL)
		event_free(ns->event);
	if (ns->fd != -1)
		close(ns->fd);
	ns->event = NULL;
	ns->fd = -1;
}

static void
server_free(struct dns_server *ns)
{
	server_close(ns);
	resolve_tcp_close(ns);
	list_del(&ns->node);
	ns->section->nservers--;
	free(ns->name);
	free(ns);
}

/* Connected: the kernel drops what comes from elsewhere. */
static bool
server_open(struct dns_server *ns)
{
	struct sockaddr_storage ss;
	socklen_t len = ip_port_sockaddr(&ns->ip, &ss);

	if (ns->fd != -1)
		return true;
	ns->fd = socket(ns->ip.family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (ns->fd == -1)
		return false;
	if (connect(ns->fd, (struct sockaddr *)&ss, len) == 0)
		ns->event = event_new(control_loop->base, ns->fd, EV_READ | EV_PERSIST, on_readable,
		    ns);
	if (ns->event != NULL && event_add(ns->event, NULL) == 0)
		return true;
	server_close(ns);
	return false;
}

/* ---- questions ---- */

static uint16_t
new_id(void)
{
	uint16_t id = 0;

	while (getrandom(&id, sizeof id, 0) != (ssize_t)sizeof id)
		;
	return id;
}

static bool
send_by_udp(struct dns_server *ns, const uint8_t *query, size_t len)
{
	return server_open(ns) && send(ns->fd, query, len, 0) == (ssize_t)len;
}

static bool
send_to(const struct resolution *r, struct dns_server *ns, bool is_tcp)
{
	uint8_t buf[DNS_QUERY_BYTES];
	uint16_t payload = (uint16_t)r->section->conf->payload;
	size_t len = dns_query(r->id, r->name, r->type, payload, buf);
	bool ok = len > 0 &&
	    (is_tcp ? resolve_tcp_send(ns, buf, len) : send_by_udp(ns, buf, len));

	ns->count.sent += ok;
	ns->count.snd_error += !ok;
	return ok;
}

static void
send_all(struct resolution *r)
{
	r->id = new_id();
	r->negatives = r->by_tcp = 0;
	LIST_EACH(n, &r->section->servers) {
		struct dns_server *ns = LIST_ITEM(n, struct dns_server, node);

		(void)send_to(r, ns, ns->is_tcp);
	}
	timer_set(&control_loop->wheel, &r->timer, clock_now_us + r->section->conf->retry_us);
}

static enum dns_type
preferred(const struct resolution *r)
{
	return r->is_srv ? DNS_SRV : r->prefer == AF_INET ? DNS_A : DNS_AAAA;
}

static void
ask(struct resolution *r)
{
	r->is_running = true;
	r->tried_other = r->is_srv;
	r->tries = 1;
	r->type = preferred(r);
	send_all(r);
}

/* ---- ends ---- */

static void
end(struct resolution *r, uint64_t pause_us)
{
	r->is_running = false;
	timer_set(&control_loop->wheel, &r->timer, clock_now_us + pause_us);
}

static uint64_t
hold_of(const struct resolvers *conf, enum dns_result result)
{
	switch (result) {
	case DNS_NX: return conf->nx_us;
	case DNS_REFUSED: return conf->refused_us;
	default: return conf->other_us;
	}
}

static void
failed(struct resolution *r, bool is_silent, enum dns_result result)
{
	const struct resolvers *conf = r->section->conf;
	uint64_t hold = is_silent ? conf->timeout_us : hold_of(conf, result);

	state.failures++;
	end(r, conf->resolve_us);
	if ((is_silent && !conf->has_timeout) || clock_now_us - r->valid_us < hold)
		return;
	r->n = 0;
	r->is_known = true;
	(void)resolve_apply(r, NULL);
}

static void
timed_out(struct resolution *r)
{
	LIST_EACH(n, &r->section->servers) {
		struct dns_server *ns = LIST_ITEM(n, struct dns_server, node);

		ns->count.timeout++;
		resolve_tcp_silent(ns);
	}
	if (r->tries++ < r->section->conf->retries)
		send_all(r);
	else
		failed(r, true, DNS_OTHER);
}

static void
on_timer(struct timer *t)
{
	struct resolution *r = CONTAINER_OF(t, struct resolution, timer);

	if (r->is_running)
		timed_out(r);
	else
		ask(r);
}

/* ---- answers ---- */

static bool
is_same(const struct resolution *r, const struct dns_record *a, const struct dns_record *b)
{
	if (r->is_srv)
		return a->port == b->port && strcmp(a->target, b->target) == 0;
	return a->ip.family == b->ip.family && memcmp(&a->ip.ip, &b->ip.ip, sizeof a->ip.ip) == 0;
}

static void
note(struct resolution *r, const struct dns_record *rec)
{
	unsigned i = 0;

	while (i < r->n && !is_same(r, &r->found[i].rec, rec))
		i++;
	if (i == r->n) {
		if (r->n == DNS_RECORDS)
			return;
		r->found = xrealloc(r->found, (r->n + 1) * sizeof *r->found);
		r->n++;
	}
	r->found[i].rec = *rec;
	r->found[i].seen_us = clock_now_us;
}

/* What answers do not have any more stays for `hold obsolete`. */
static void
forget_old(struct resolution *r)
{
	uint64_t hold = r->section->conf->obsolete_us;
	unsigned k = 0;

	for (unsigned i = 0; i < r->n; i++)
		if (r->found[i].seen_us == clock_now_us ||
		    clock_now_us - r->found[i].seen_us < hold)
			r->found[k++] = r->found[i];
	r->n = k;
}

static void
good(struct resolution *r, struct dns_server *ns, const struct dns_answer *a)
{
	ns->count.valid++;
	ns->count.cname += a->has_cname;
	for (unsigned i = 0; i < a->n; i++)
		note(r, &a->records[i]);
	forget_old(r);
	r->is_known = true;
	r->valid_us = clock_now_us;
	end(r, r->section->conf->valid_us);
	if (resolve_apply(r, ns))
		ns->count.update++;
}

static void
count_bad(struct dns_server *ns, enum dns_result result)
{
	switch (result) {
	case DNS_NX: ns->count.nx++; break;
	case DNS_REFUSED: ns->count.refused++; break;
	case DNS_EMPTY: ns->count.any_err++; break;
	case DNS_CNAME_ERROR: ns->count.cname_error++; break;
	case DNS_TRUNCATED: ns->count.truncated++; break;
	default: ns->count.other++; break;
	}
}

static void
bad(struct resolution *r, struct dns_server *ns, enum dns_result result)
{
	count_bad(ns, result);
	if (++r->negatives < r->section->nservers)
		return;			/* another one may know more */
	if (r->tried_other) {
		failed(r, false, result);
		return;
	}
	r->tried_other = true;
	r->type = r->type == DNS_A ? DNS_AAAA : DNS_A;
	r->tries = 1;
	send_all(r);
}

/* The whole answer by TCP; false: that has no use. */
static bool
ask_by_tcp(struct resolution *r, struct dns_server *ns)
{
	if (r->by_tcp == r->section->nservers || !send_to(r, ns, true))
		return false;
	r->by_tcp++;
	ns->count.truncated++;
	timer_set(&control_loop->wheel, &r->timer, clock_now_us + r->section->conf->retry_us);
	return true;
}

static struct resolution *
asked_with(const struct dns_section *sec, int id)
{
	LIST_EACH(n, &sec->resolutions) {
		struct resolution *r = LIST_ITEM(n, struct resolution, node);

		if (r->is_running && r->id == id)
			return r;
	}
	return NULL;
}

void
resolve_take(struct dns_server *ns, const uint8_t *msg, size_t len, bool is_tcp)
{
	static struct dns_answer a;	/* large; control thread only */
	struct resolution *r;
	int id = dns_id(msg, len);

	if (id < 0) {
		ns->count.invalid++;
		return;
	}
	r = asked_with(ns->section, id);
	if (r == NULL)
		ns->count.outdated++;
	else if (!is_tcp && len > ns->section->conf->payload)
		ns->count.too_big++;
	else {
		dns_parse(msg, len, r->name, r->type, &a);
		if (a.result == DNS_INVALID)
			ns->count.invalid++;	/* the true answer may still come */
		else if (a.result == DNS_VALID)
			good(r, ns, &a);
		else if (a.result != DNS_TRUNCATED || is_tcp || !ask_by_tcp(r, ns))
			bad(r, ns, a.result);
	}
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	static uint8_t buf[ANSWER_BYTES];
	struct dns_server *ns = arg;
	ssize_t n;

	(void)what;
	for (int i = 0; i < ANSWERS_A_PASS; i++) {
		n = recv(fd, buf, sizeof buf, 0);
		if (n >= 0)
			resolve_take(ns, buf, (size_t)n, false);
		else if (errno != ECONNREFUSED)	/* nobody listens: as silent */
			return;
	}
}

/* ---- names ---- */

struct resolution *
resolution_get(struct dns_section *sec, const char *name, bool is_srv, uint8_t prefer)
{
	struct resolution *r;

	LIST_EACH(n, &sec->resolutions) {
		r = LIST_ITEM(n, struct resolution, node);
		if (r->is_srv == is_srv && r->prefer == prefer && strcmp(r->name, name) == 0) {
			r->refs++;
			return r;
		}
	}
	r = xcalloc(1, sizeof *r);
	r->section = sec;
	memcpy(r->name, name, strnlen(name, sizeof r->name - 1));
	r->is_srv = is_srv;
	r->prefer = prefer;
	r->refs = 1;
	r->valid_us = clock_now_us;
	timer_init(&r->timer, on_timer);
	timer_set(&control_loop->wheel, &r->timer, clock_now_us);
	list_append(&sec->resolutions, &r->node);
	return r;
}

void
resolution_put(struct resolution *r)
{
	if (r == NULL || --r->refs > 0)
		return;
	timer_unlink(&control_loop->wheel, &r->timer);
	list_del(&r->node);
	free(r->found);
	free(r);
}

/* ---- sections ---- */

struct dns_section *
dns_section_find(const char *name)
{
	LIST_EACH(n, &state.sections) {
		struct dns_section *s = LIST_ITEM(n, struct dns_section, node);

		if (strcmp(s->name, name) == 0)
			return s;
	}
	return NULL;
}

struct dns_section *
dns_section_next(struct dns_section *s)
{
	struct list *n = s != NULL ? s->node.next : state.sections.next;

	return n != &state.sections ? LIST_ITEM(n, struct dns_section, node) : NULL;
}

static struct dns_section *
section_new(const char *name)
{
	struct dns_section *s = xcalloc(1, sizeof *s);

	s->name = xstrdup(name);
	list_init(&s->servers);
	list_init(&s->resolutions);
	list_append(&state.sections, &s->node);
	return s;
}

static void
section_free(struct dns_section *s)
{
	WEIR_ASSERT(list_is_empty(&s->resolutions));
	LIST_EACH_SAFE(n, tmp, &s->servers)
		server_free(LIST_ITEM(n, struct dns_server, node));
	list_del(&s->node);
	free(s->name);
	free(s);
}

static struct dns_server *
server_like(struct dns_section *sec, const struct nameserver *conf)
{
	struct ip_port ip = ip_port_of(&conf->addr.u.sa);

	LIST_EACH(n, &sec->servers) {
		struct dns_server *ns = LIST_ITEM(n, struct dns_server, node);

		if (strcmp(ns->name, conf->name) == 0 && ns->is_tcp == conf->is_tcp &&
		    memcmp(&ns->ip, &ip, sizeof ip) == 0)
			return ns;
	}
	return server_new(sec, conf);
}

static void
adopt(const struct resolvers *conf)
{
	struct dns_section *sec = dns_section_find(conf->name);

	if (sec == NULL)
		sec = section_new(conf->name);
	sec->generation = state.generation;
	sec->conf = conf;
	for (const struct nameserver *ns = conf->nameservers; ns != NULL; ns = ns->next)
		server_like(sec, ns)->generation = state.generation;
	LIST_EACH_SAFE(n, tmp, &sec->servers) {
		struct dns_server *ns = LIST_ITEM(n, struct dns_server, node);

		if (ns->generation != state.generation)
			server_free(ns);
	}
}

static void
on_publish(struct snapshot *s)
{
	state.generation++;
	for (const struct resolvers *r = s->global->resolvers; r != NULL; r = r->next)
		adopt(r);
	resolve_servers_publish(s);
	LIST_EACH_SAFE(n, tmp, &state.sections) {
		struct dns_section *sec = LIST_ITEM(n, struct dns_section, node);

		if (sec->generation != state.generation)
			section_free(sec);
	}
}

static int
module_start(void)
{
	control_on_publish(on_publish);
	return 0;
}

static void
module_stop(void)
{
	resolve_servers_fini();
	LIST_EACH_SAFE(n, tmp, &state.sections)
		section_free(LIST_ITEM(n, struct dns_section, node));
}

const struct module mod_resolve = { .name = "resolve", .start = module_start, .stop = module_stop };
