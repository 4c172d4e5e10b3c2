/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * p:metric(name, options): complete slots of a metric, up to the time of the call.
 *
 * Thread: control, within a call.
 */
#include <lauxlib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "ctl/metric.h"
#include "script/ask.h"

#define COUNT_MAX	1500

struct wish {
	struct metric_query q;		/* its texts are on Lua's stack */
	unsigned	 count;
};

static const char *
text_field(lua_State *L, const char *name)
{
	/* it stays on the stack, as long as the function runs */
	luaL_checkstack(L, 4, NULL);
	if (lua_getfield(L, 3, name) == LUA_TNIL)
		return NULL;
	return luaL_checkstring(L, -1);
}

static void
add_dim(lua_State *L, struct metric_key *k, const char *name, const char *value)
{
	if (k->ndims == METRIC_DIMS)
		luaL_error(L, "a metric has at most %d dimensions", (int)METRIC_DIMS);
	k->dims[k->ndims++] = (struct metric_dim){ name, value };
}

static void
read_server(lua_State *L, struct metric_key *k)
{
	const char *server = text_field(L, "server");
	const char *slash = server != NULL ? strchr(server, '/') : NULL;

	if (server == NULL)
		return;
	if (slash == NULL)
		luaL_error(L, "server: BACKEND/SERVER is expected");
	add_dim(L, k, "Backend", lua_pushlstring(L, server, (size_t)(slash - server)));
	add_dim(L, k, "Server", slash + 1);
}

static void
read_dimensions(lua_State *L, struct metric_key *k)
{
	static const struct {
		const char *word, *dim;
	} scopes[] = { { "balancer", "LoadBalancerName" }, { "group", "AutoScalingGroupName" },
	    { "instance", "InstanceId" }, { "zone", "AvailabilityZone" } };

	for (unsigned i = 0; i < sizeof scopes / sizeof scopes[0]; i++) {
		const char *value = text_field(L, scopes[i].word);

		if (value != NULL)
			add_dim(L, k, scopes[i].dim, value);
	}
	read_server(L, k);
	if (lua_getfield(L, 3, "dimensions") == LUA_TNIL)
		return;
	luaL_checktype(L, -1, LUA_TTABLE);
	for (lua_pushnil(L); lua_next(L, -2) != 0; ) {
		const char *name = luaL_checkstring(L, -2), *value = luaL_checkstring(L, -1);

		add_dim(L, k, name, value);
		lua_pop(L, 1);		/* the table keeps it */
	}
}

static void
read_period(lua_State *L, struct wish *w)
{
	uint64_t us = 60000000;

	if (lua_getfield(L, 3, "period") != LUA_TNIL)
		us = script_duration_us(L, -1, "period");
	w->q.period_s = (uint32_t)(us / 1000000);
	if (us % 1000000 != 0 || us > 86400000000ull || (w->q.period_s % 60 != 0 &&
	    w->q.period_s != 1 && w->q.period_s != 10 && w->q.period_s != 30))
		luaL_error(L, "period: 1s, 10s, 30s or whole minutes up to a day");
	w->count = 1;
	if (lua_getfield(L, 3, "count") != LUA_TNIL) {
		lua_Integer n = luaL_checkinteger(L, -1);

		if (n < 1 || n > COUNT_MAX)
			luaL_error(L, "count: 1 to %d", COUNT_MAX);
		w->count = (unsigned)n;
	}
}

static void
check_words(lua_State *L)
{
	static const char *const words[] = { "stat", "period", "count", "balancer", "group",
	    "instance", "server", "zone", "namespace", "dimensions", "unit", NULL };

	for (lua_pushnil(L); lua_next(L, 3); lua_pop(L, 1)) {
		const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "?";
		unsigned i = 0;

		while (words[i] != NULL && strcmp(words[i], key) != 0)
			i++;
		if (words[i] == NULL)
			luaL_error(L, "metric: unknown option '%s'", key);
	}
}

/* What is in a namespace of others may be put later, unless it looks misspelt. */
static void
check_known(lua_State *L, const struct metric_key *k)
{
	const char *near;

	if (metric_is_known(k))
		return;
	near = metric_nearest(k->ns, k->name);
	if (near != NULL)
		luaL_error(L, "there is no metric '%s' in %s, did you mean '%s'?", k->name,
		    k->ns, near);
	if (strncmp(k->ns, "AWS/", 4) == 0 || strcmp(k->ns, "Weir") == 0)
		luaL_error(L, "there is no metric '%s' in %s", k->name, k->ns);
}

static void
read_wish(lua_State *L, struct wish *w)
{
	struct metric_key *k = &w->q.key;
	const char *stat;

	k->name = luaL_checkstring(L, 2);
	read_dimensions(L, k);
	read_period(L, w);
	k->unit = text_field(L, "unit");
	k->ns = text_field(L, "namespace");
	if (k->ns == NULL)
		k->ns = metric_default_ns(k);
	stat = text_field(L, "stat");
	w->q.stat = METRIC_AVERAGE;
	if (stat != NULL && !metric_stat_named(stat, &w->q.stat, &w->q.percentile))
		luaL_error(L, "stat: there is no statistic '%s'", stat);
	check_known(L, k);
}

/* The result's fields, into the table at the top. */
static void
push_points(lua_State *L, const struct wish *w, const struct metric_point *p, int64_t from_s)
{
	double samples = 0;
	unsigned missing = 0;
	lua_Integer n = 0;

	lua_createtable(L, (int)w->count, 0);
	for (unsigned i = 0; i < w->count; i++) {
		if (p[i].n == 0) {
			missing++;
			continue;
		}
		samples += p[i].n;
		lua_createtable(L, 0, 2);
		lua_pushinteger(L, from_s + (int64_t)i * w->q.period_s);
		lua_setfield(L, -2, "t");
		lua_pushnumber(L, p[i].v);
		lua_setfield(L, -2, "v");
		lua_rawseti(L, -2, ++n);
	}
	vm_readonly(L);
	lua_setfield(L, -2, "points");
	lua_pushinteger(L, missing);
	lua_setfield(L, -2, "missing");
	lua_pushnumber(L, samples);
	lua_setfield(L, -2, "samples");
	if (p[w->count - 1].n > 0) {
		lua_pushnumber(L, p[w->count - 1].v);
		lua_setfield(L, -2, "value");
	}
}

static void
push_rest(lua_State *L, const struct wish *w)
{
	const char *unit = w->q.key.unit != NULL ? w->q.key.unit :
	    metric_unit(w->q.key.ns, w->q.key.name);

	if (metric_stat_name(w->q.stat) != NULL)
		lua_pushstring(L, metric_stat_name(w->q.stat));
	else
		lua_pushfstring(L, "p%f", w->q.percentile);
	lua_setfield(L, -2, "stat");
	lua_pushstring(L, unit);
	lua_setfield(L, -2, "unit");
	lua_pushinteger(L, w->q.period_s);
	lua_setfield(L, -2, "period");
	lua_createtable(L, 0, 1);
	lua_getfield(L, LUA_REGISTRYINDEX, "weir.metric");
	lua_setfield(L, -2, "__index");
	lua_setmetatable(L, -2);
	vm_readonly(L);
}

int
ask_metric(lua_State *L)
{
	const struct script_ask *a = ask_of(L);
	struct metric_point *points;
	struct wish w = { .count = 0 };
	int64_t from_s;

	lua_settop(L, 3);
	if (lua_isnil(L, 3)) {
		lua_newtable(L);
		lua_replace(L, 3);
	}
	luaL_checktype(L, 3, LUA_TTABLE);
	check_words(L);
	read_wish(L, &w);
	from_s = (int64_t)(a->now_us / 1000000);
	from_s -= from_s % w.q.period_s + (int64_t)w.count * w.q.period_s;
	points = lua_newuserdatauv(L, w.count * sizeof *points, 0);
	metric_read(&w.q, from_s, w.count, points);
	vm_charge(L, w.count * 4 + 200);
	lua_newtable(L);
	push_points(L, &w, points, from_s);
	push_rest(L, &w);
	return 1;
}
