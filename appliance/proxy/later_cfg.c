/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Known words that are refused, each with its reason: built in a later release,
 * or not at all. What is refused is told clearly instead of being an unknown
 * word. When one is built its row moves to the file that obeys it.
 */
#include <stddef.h>

#include "base/module.h"
#include "cfg/kw.h"

#define REFUSED(name, in, why) \
	{ name, in, KW_REFUSED, 0, 0, KW_F_ANY_ARGS | KW_F_NO, NULL, 0, "", why }
#define G(name, why)	REFUSED(name, IN_GLOBAL, why)
#define P(name, why)	REFUSED(name, IN_PROXY, why)

#define LATER	"built in a later release."
#define LUA	"Lua is built in a later release."
#define MASTER	"the master process is built in a later release."
#define CASE	"header names are sent in lower case; adjusting them is built in a later release."
#define COMPRESS "compression is built in a later release."
#define NO_DEVICES "device detection is not supported."

static const struct kw_row rows[] = {
	/* proxies */
	P("persist", "weir does not read RDP."),
	P("stats", "expects 'admin', 'auth', 'enable', 'hide-version', 'realm', 'refresh', "
	    "'scope', 'show-desc', 'show-legends', 'show-modules', 'show-node' or 'uri'."),
	P("stats http-request", "write a http-request rule with 'path_beg' instead."),
	P("compression", COMPRESS),
	P("filter", "filters are built in a later release."),
	P("filter-sequence", "filters are built in a later release."),
	P("email-alert", "e-mail alerts are built in a later release."),
	P("guid", "global identifiers are built in a later release."),
	P("log-steps", "log profiles are built in a later release."),
	P("monitor fail", LATER),
	P("monitor-net", "removed from the language; use a rule on src."),
	P("use-fcgi-app", "FastCGI is not supported."),
	P("http-send-name-header", LATER),
	P("max-keep-alive-queue", LATER),
	P("clitcpka-cnt", "set the kernel's defaults instead (sysctl)."),
	P("clitcpka-idle", "set the kernel's defaults instead (sysctl)."),
	P("clitcpka-intvl", "set the kernel's defaults instead (sysctl)."),
	P("srvtcpka-cnt", "set the kernel's defaults instead (sysctl)."),
	P("srvtcpka-idle", "set the kernel's defaults instead (sysctl)."),
	P("srvtcpka-intvl", "set the kernel's defaults instead (sysctl)."),
	P("dispatch", "use a backend with one server."),
	P("transparent", "transparent proxying is built in a later release."),
	P("grace", "removed from the language."),
	P("bind-process", "there is one process; threads are set by nbthread."),
	P("max-session-srv-conns", LATER),

	/* global */
	G("nbproc", "there is one process; use nbthread."),
	G("lua-load", LUA),
	G("lua-load-per-thread", LUA),
	G("lua-prepend-path", LUA),
	G("tune.lua.*", LUA),
	G("stats-file", "saved statistics are built in a later release; a reload keeps them."),
	G("master-worker", MASTER),
	G("mworker-max-reloads", MASTER),
	G("insecure-setuid-wanted", "programs that weir starts get no privileges."),
	G("h1-case-adjust", CASE),
	G("h1-case-adjust-file", CASE),
	G("close-spread-time", LATER),
	G("default-path", "paths are taken as they are; use absolute ones."),
	G("unix-bind", "write mode, user and group on each bind line."),
	G("set-dumpable", LATER),
	G("sandbox", LATER),
	G("ocsp-update.disable", "fetching OCSP responses is built in a later release."),
	G("jwt.decrypt_alg_list", "JSON web tokens are built in a later release."),
	G("stats bind-process", "there is one process."),
	G("stats", "only 'socket', 'maxconn' and 'timeout' are supported."),
	G("tune.http.logurilen", "the log takes the whole line, up to the target's len."),
	G("tune.notsent-lowat.*", LATER),
	G("tune.comp.*", COMPRESS),
	G("tune.zlib.*", COMPRESS),
	G("tune.vars.*", "variables live in the transaction's memory, which is bounded."),
	G("tune.peers.*", "peers are built in a later release."),
	G("maxcompcpuusage", COMPRESS),
	G("maxcomprate", COMPRESS),
	G("maxzlibmem", COMPRESS),
	G("51degrees-*", NO_DEVICES),
	G("deviceatlas-*", NO_DEVICES),
	G("wurfl-*", NO_DEVICES),
	G("harden.reject-privileged-ports.*", LATER),
	G("http-client.*", "the HTTP client is built in a later release."),
	G("httpclient.*", "the HTTP client is built in a later release."),
	G("pp2-never-send-local", LATER),
	G("anonkey", LATER),
	{ 0 }
};

const struct module mod_later_cfg = { .name = "later_cfg", .cfg = rows };
