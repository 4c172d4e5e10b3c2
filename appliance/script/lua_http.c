/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * core.httpclient for notifiers: `core.httpclient():get{ url = ..., headers = ... }`.
 * The request goes out by ctl/transfer.h; the coroutine waits meanwhile, and wakes with
 * { status, reason, headers, body }. A request that got no answer has status 0 and the
 * reason why. Everything is bounded: REQUESTS of a call, their time, bytes each way.
 *
 * What is under way belongs to the question (struct script_ask), so an error raised
 * half-way frees it as well.
 *
 * Thread: control, within a call.
 */
#include <ctype.h>
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/xalloc.h"
#include "ctl/transfer.h"
#include "script/ask.h"
#include "script/lua_in.h"

#define REQUESTS	10u		/* of one call */
#define BYTES_MAX	(128u << 10)	/* of a body */
#define URL_MAX		2048u
#define FIELDS_MAX	32u
#define FIELD_MAX	1024u
#define TIMEOUT_MS	10000
#define TIMEOUT_MAX_MS	60000

struct script_http {
	struct transfer	 transfer;
	struct script_ask *ask;
	char		*url, *body, *ca_file;	/* owned */
	char		*fields[FIELDS_MAX + 3];	/* owned; ends with NULL */
	unsigned	 nfields, nrequests;
};

static void
clear(struct script_http *h)
{
	transfer_cancel(&h->transfer);
	free(h->url);
	free(h->body);
	free(h->ca_file);
	while (h->nfields > 0)
		free(h->fields[--h->nfields]);
	h->url = h->body = h->ca_file = NULL;
	memset(h->fields, 0, sizeof h->fields);
}

void
ask_http_free(struct script_ask *a)
{
	if (a->http == NULL)
		return;
	clear(a->http);
	free(a->http);
	a->http = NULL;
}

/* ---- the request ---- */

static struct script_http *
http_of(lua_State *L)
{
	struct script_ask *a = ask_of(L);

	if (a == NULL || a->fn == NULL || a->fn->kind != SCRIPT_NOTIFIER)
		luaL_error(L, "core.httpclient is for notifiers: what decides must not wait");
	if (a->http == NULL) {
		a->http = xcalloc(1, sizeof *a->http);
		a->http->ask = a;
	}
	clear(a->http);
	if (++a->http->nrequests > REQUESTS)
		luaL_error(L, "more than %d requests", (int)REQUESTS);
	return a->http;
}

static void
take_url(lua_State *L, struct script_http *h, int idx)
{
	size_t len = 0;
	const char *url = lua_getfield(L, idx, "url") == LUA_TSTRING ?
	    lua_tolstring(L, -1, &len) : NULL;

	if (url == NULL || (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0))
		luaL_error(L, "url: http://... or https://... is expected");
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)url[i] <= ' ' || url[i] == 0x7f || len > URL_MAX)
			luaL_error(L, "url: up to %d characters without blanks are expected",
			    (int)URL_MAX);
	h->url = xstrdup(url);
	lua_pop(L, 1);
}

static void
take_body(lua_State *L, struct script_http *h, int idx)
{
	size_t len = 0;
	const char *body;

	if (lua_getfield(L, idx, "body") != LUA_TNIL) {
		body = luaL_checklstring(L, -1, &len);
		if (len > BYTES_MAX)
			luaL_error(L, "body: more than %d bytes", (int)BYTES_MAX);
		h->body = xmalloc(len + 1);
		memcpy(h->body, body, len + 1);
	}
	h->transfer.body_len = len;
	vm_charge(L, len / 16);
	lua_pop(L, 1);
}

static bool
is_name(const char *name)
{
	size_t n = 0;

	while (isalnum((unsigned char)name[n]) || (name[n] != '\0' &&
	    strchr("!#$%&'*+-.^_`|~", name[n]) != NULL))
		n++;
	return n > 0 && name[n] == '\0';
}

/* Those that say how long the message is are not the script's. */
static void
check_field(lua_State *L, const char *name, const char *value, size_t len)
{
	static const char *const ours[] = { "content-length", "transfer-encoding", "connection",
	    "expect", "te", "upgrade", NULL };

	for (const char *const *o = ours; *o != NULL; o++)
		if (strcasecmp(*o, name) == 0)
			luaL_error(L, "headers: '%s' cannot be set", name);
	if (!is_name(name) || strlen(name) + len > FIELD_MAX)
		luaL_error(L, "headers: '%s' is no name, or too long", name);
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)value[i] < ' ' || value[i] == 0x7f)
			luaL_error(L, "headers: the value of '%s' has a control character", name);
}

/* The value on top of the stack. */
static void
add_field(lua_State *L, struct script_http *h, const char *name)
{
	size_t len = 0;
	const char *value = lua_isstring(L, -1) ? lua_tolstring(L, -1, &len) : NULL;

	if (value == NULL)
		luaL_error(L, "headers: a text or a list of texts is expected for '%s'", name);
	check_field(L, name, value, len);
	if (h->nfields == FIELDS_MAX)
		luaL_error(L, "headers: more than %d", (int)FIELDS_MAX);
	/* to libcurl `Name:` without a value is none at all */
	h->fields[h->nfields++] = len > 0 ? xasprintf("%s: %s", name, value) :
	    xasprintf("%s;", name);
}

static void
take_headers(lua_State *L, struct script_http *h, int idx)
{
	if (lua_getfield(L, idx, "headers") == LUA_TNIL) {
		lua_pop(L, 1);
		return;
	}
	luaL_checktype(L, -1, LUA_TTABLE);
	for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
		const char *name = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "";

		if (!lua_istable(L, -1)) {
			add_field(L, h, name);
			continue;
		}
		for (lua_Integer i = 1; lua_rawgeti(L, -1, i) != LUA_TNIL; i++) {
			add_field(L, h, name);
			lua_pop(L, 1);
		}
		lua_pop(L, 1);
	}
	lua_pop(L, 1);
}

static uint64_t
take_timeout(lua_State *L, int idx)
{
	lua_Integer ms = TIMEOUT_MS;

	if (lua_getfield(L, idx, "timeout") != LUA_TNIL)
		ms = luaL_checkinteger(L, -1);
	if (ms < 1 || ms > TIMEOUT_MAX_MS)
		luaL_error(L, "timeout: 1 to %d milliseconds are expected", TIMEOUT_MAX_MS);
	lua_pop(L, 1);
	return (uint64_t)ms * 1000;
}

static void
check_words(lua_State *L, int idx)
{
	static const char *const words[] = { "url", "body", "headers", "timeout", NULL };
	const char *const *w;

	luaL_checktype(L, idx, LUA_TTABLE);
	for (lua_pushnil(L); lua_next(L, idx); lua_pop(L, 1)) {
		const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "?";

		for (w = words; *w != NULL && strcmp(*w, key) != 0; w++)
			;
		if (*w == NULL)
			luaL_error(L, "unknown word '%s': url, body, headers and timeout are known",
			    key);
	}
}

/* ---- the answer ---- */

/* "Name: value" lines, into the table on top: lists by names in lower case. */
static void
push_fields(lua_State *L, struct str rest)
{
	struct str line;

	while (str_next_elem(&rest, '\n', &line)) {
		const char *colon = memchr(line.p, ':', line.len);
		char name[FIELD_MAX];
		struct str value;
		size_t len;

		if (colon == NULL || (len = (size_t)(colon - line.p)) >= sizeof name)
			continue;
		for (size_t i = 0; i < len; i++)
			name[i] = (char)tolower((unsigned char)line.p[i]);
		name[len] = '\0';
		if (lua_getfield(L, -1, name) == LUA_TNIL) {
			lua_pop(L, 1);
			lua_newtable(L);
			lua_pushvalue(L, -1);
			lua_setfield(L, -3, name);
		}
		value = str_trim((struct str){ colon + 1, line.len - len - 1 });
		lua_pushlstring(L, value.p, value.len);
		lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
		lua_pop(L, 1);
	}
}

static int
push_answer(lua_State *L)
{
	const struct script_http *h = lua_touserdata(L, 1);
	const struct transfer *t = &h->transfer;
	bool is_there = t->error[0] == '\0' && t->status != 0;

	lua_createtable(L, 0, 4);
	set_int(L, "status", is_there ? t->status : 0);
	if (is_there)
		lua_pushlstring(L, t->reason.p, t->reason.len);
	else
		lua_pushstring(L, t->error[0] != '\0' ? t->error : "no answer");
	lua_setfield(L, -2, "reason");
	lua_newtable(L);
	if (is_there)
		push_fields(L, t->fields_in);
	lua_setfield(L, -2, "headers");
	lua_pushlstring(L, t->answer, is_there ? t->answer_len : 0);
	lua_setfield(L, -2, "body");
	return 1;
}

static void
on_answer(struct transfer *t)
{
	struct script_http *h = t->arg;

	script_ask_wake(h->ask, push_answer, h);
}

static int
answered(lua_State *L, int status, lua_KContext ctx)
{
	(void)status, (void)ctx;
	vm_check_over(L);
	return 1;
}

/* ---- core.httpclient ---- */

static bool
has_field(const struct script_http *h, const char *name)
{
	size_t len = strlen(name);

	for (unsigned i = 0; i < h->nfields; i++)
		if (strncasecmp(h->fields[i], name, len) == 0 &&
		    strchr(":;", h->fields[i][len]) != NULL)
			return true;
	return false;
}

/* self, request; the method is the closure's. */
static int
request(lua_State *L)
{
	const char *method = lua_tostring(L, lua_upvalueindex(1));
	struct script_http *h = http_of(L);
	const struct script_notice *n = h->ask->subject;

	check_words(L, 2);
	h->transfer = (struct transfer){ .method = method, .answer_max = BYTES_MAX,
		.wants_fields = true, .done = on_answer, .arg = h };
	take_url(L, h, 2);
	take_body(L, h, 2);
	take_headers(L, h, 2);
	h->transfer.timeout_us = take_timeout(L, 2);
	if (h->body == NULL && method[0] == 'P')	/* POST and PUT have one, be it empty */
		h->body = xstrdup("");
	if (!lua_isyieldable(L) || vm_call_of(L)->co != L)
		return luaL_error(L, "core.httpclient cannot wait in a coroutine of the "
		    "script's own");
	/* libcurl would wait for a 100, and call the body a form */
	h->fields[h->nfields++] = xstrdup("Expect:");
	if (h->body != NULL && !has_field(h, "content-type"))
		h->fields[h->nfields++] = xstrdup("Content-Type:");
	if (n->ca_file != NULL)
		h->ca_file = xstrdup(n->ca_file);
	h->transfer.url = h->url;
	h->transfer.body = h->body;
	h->transfer.ca_file = h->ca_file;
	h->transfer.fields = (const char *const *)h->fields;
	transfer_start(&h->transfer);
	return vm_call_wait(L, answered);
}

static int
client(lua_State *L)
{
	static const char *const methods[][2] = { { "get", "GET" }, { "head", "HEAD" },
	    { "put", "PUT" }, { "post", "POST" }, { "delete", "DELETE" } };

	lua_createtable(L, 0, 5);
	for (unsigned i = 0; i < sizeof methods / sizeof methods[0]; i++) {
		lua_pushstring(L, methods[i][1]);
		lua_pushcclosure(L, request, 1);
		lua_setfield(L, -2, methods[i][0]);
	}
	vm_readonly(L);
	return 1;
}

/* The table `core`, on top of the stack. */
void
script_push_core(lua_State *L)
{
	lua_createtable(L, 0, 1);
	set_function(L, "httpclient", client);
	vm_readonly(L);
}
