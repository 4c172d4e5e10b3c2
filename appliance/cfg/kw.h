/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rows of the configuration language. Everything a user can type is a row with
 * name, arity and help; the driver (cfg/parse.c) finds the row, checks arity
 * and section, and calls its parse function. Three kinds: obeyed; no effect (a
 * closed list, `help` is the reason); refused (`help` is the reason).
 */
#ifndef WEIR_CFG_KW_H
#define WEIR_CFG_KW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct arena;
struct diag;
struct cfg;
struct snapshot;
struct module;
struct kw_row;

/* Where a row may stand: sections, and the words of bind and server lines. */
#define IN_GLOBAL	0x0001u
#define IN_DEFAULTS	0x0002u
#define IN_FRONTEND	0x0004u		/* listen = IN_FRONTEND | IN_BACKEND */
#define IN_BACKEND	0x0008u
#define IN_HTTP_ERRORS	0x0010u
#define IN_USERLIST	0x2000u		/* users, see proxy/userlist.c */
#define IN_RING		0x1000u		/* log rings, see proxy/ring.c */
#define IN_PEERS	0x0020u		/* tables, see proxy/stick_cfg.c */
#define IN_HEALTHCHECK	0x0040u
#define IN_RESOLVERS	0x0080u
/* The control sections (ctl/object.h): durations need a unit there. */
#define IN_PROVIDER	0x00010000u
#define IN_LAUNCH	0x00020000u
#define IN_GROUP	0x00040000u
#define IN_ALARM	0x00080000u
#define IN_NOTIFIER	0x00100000u
#define IN_CONTROL	0x001f0000u
#define IN_BIND		0x0100u		/* an option of `bind` (and `stats socket`) */
#define IN_SERVER	0x0200u		/* an option of `server`, `default-server` */
#define IN_STATS_SOCKET	0x0400u		/* an option of `stats socket` only */
#define IN_PROXY	(IN_DEFAULTS | IN_FRONTEND | IN_BACKEND)

enum kw_kind { KW_OBEYED, KW_NO_EFFECT, KW_REFUSED };

#define KW_F_NO		0x01	/* takes the prefixes `no` and `default` */
#define KW_F_ANY_ARGS	0x02	/* max_args is not checked */
#define KW_F_ADDRESS	0x04	/* the first two args are an address, or a name and one:
				 * ${VAR} expands unquoted as well */
#define KW_F_STRICT	0x08	/* in the other kind of proxy it is an error, not ignored */
#define KW_F_FILE_ONLY	0x10	/* of a server line: not for servers added at run time */

/* args are NUL-terminated, unquoted, expanded, and live as long as the snapshot;
 * args[nargs] is NULL. Returns 0, or -1 after a diag_error (the driver goes on
 * with the next line). */
typedef int kw_parse(struct cfg *c, const struct kw_row *row, char **args, int nargs);

struct kw_row {
	const char	*name;		/* one to three words: "timeout connect";
					 * or one word with a `*`: "tune.quic.*" */
	uint32_t	 in;		/* IN_* */
	uint8_t		 kind;		/* enum kw_kind */
	uint8_t		 min_args;	/* after the name */
	uint8_t		 max_args;
	uint8_t		 flags;
	kw_parse	*parse;		/* NULL unless obeyed */
	intptr_t	 arg;		/* for parse functions that serve several rows */
	const char	*syntax;	/* arguments, for help: "<time>" */
	const char	*help;		/* one sentence; the reason if not obeyed */
};

/* A section keyword (`frontend NAME`). open creates the object under work; without
 * it the section is refused, `help` being the reason. */
struct section_row {
	const char	*name;
	uint32_t	 in;		/* what its lines count as; 0: they are not looked at */
	int		(*open)(struct cfg *c, char **args, int nargs);
	void		(*close)(struct cfg *c);	/* at its end; may be NULL */
	const char	*help;
};

/* Checks over the whole configuration, run in row order when parsing is done. */
struct post_row {
	const char	*name;
	int		(*run)(struct cfg *c);		/* 0, or -1 after diag_error */
};

struct cfg_env;
struct words;

/* One load under work: { .snap, .arena, .diag } are the caller's, the rest is the
 * driver's (zero at first) and for parse functions to read. */
struct cfg {
	struct snapshot	*snap;		/* owned until published; objects go to its arena */
	struct arena	*arena;		/* = snap's */
	struct diag	*diag;		/* borrowed */
	const struct section_row *section;	/* NULL before the first one */
	void		*object;	/* of the section: struct proxy, global, ... */
	void		*option_object;	/* of the line: struct bind_conf, struct server */
	bool		 is_no, is_default;	/* prefix of the statement under work */
	/* Of sections that want one: a hash over their statements, without the file's
	 * layout; set by open, NULL = not wanted. */
	uint64_t	*digest;
	bool		 object_is_bad;	/* open failed: statements are looked up only */
	const char	*file;		/* as given on the command line; lives in the arena */
	int		 line;
	bool		 is_reload;	/* the running process keeps its listeners */
	void		(*tail)(struct cfg *c);	/* behind the last file; may be NULL */
	const char	*section_name;	/* first argument of the section, or NULL */
	const struct kw_row *row;	/* of the statement under work */
	/* How messages of cfg_parse_options name the statement; a parse function
	 * may set it, else it is made of the row ("'server be/s1'"). */
	const char	*context;
	/* the driver's own */
	struct cfg_env	*env;
	const struct words *words;	/* of the line */
	char		**args;		/* of the statement */
	int		 nargs;
};

/* ---- the driver; control thread or a job thread ---- */

/* Parse every path in order (files; folders: non-hidden *.cfg, C order). All
 * errors are reported through diag; 0 when there were none. */
int	cfg_load(struct cfg *c, char *const *paths, int npaths);

/* For rows that hold options (`bind`, `server`): walk args by rows of `in`,
 * giving each its arguments (those over min_args as long as they are no option
 * themselves); reports unknown words. args[nargs] exists and is NULL. 0 or -1. */
int	cfg_parse_options(struct cfg *c, uint32_t in, char **args, int nargs);

/* A variable as the configuration sees it: setenv and friends of this load, the
 * predefined ones, the process's. NULL = none. */
const char *cfg_getenv(struct cfg *c, const char *name);

/* The bare `$VAR` and `${VAR}` of one word of this line expanded, for addresses
 * that KW_F_ADDRESS does not reach; other pointers come back unchanged. */
char	*cfg_expand(struct cfg *c, char *word);

/* Helpers of parse functions; each reports its own error and returns -1. */
int	cfg_duration(struct cfg *c, const char *what, const char *word,
	    uint64_t default_unit_us, uint64_t *ret_us);
/* The control sections' durations: `'cooldown 300': say 300s or 5m` */
int	cfg_duration_unit(struct cfg *c, const char *what, const char *word, uint64_t *ret_us);
int	cfg_size(struct cfg *c, const char *what, const char *word, uint64_t *ret_bytes);
int	cfg_uint(struct cfg *c, const char *what, const char *word, uint64_t min,
	    uint64_t max, uint64_t *ret_v);

/* Bytes before the `)` that ends the arguments beginning at text (behind the
 * `(`), quotes heeded; -1 = there is none. */
long	cfg_args_end(const char *text);
/* Lexing of arguments inside parentheses (`fetch(a,"b c")`), see the manual:
 * splits at commas; text and words live in the arena. -1 on a bad quote, told. */
int	cfg_split_args(struct cfg *c, struct str inside, char ***ret_words, int *ret_n);

/* -cc: 1 true, 0 false, -1 unparsable (*ret_error, malloc'ed). */
int	cfg_condition(const char *text, char **ret_error);
/* What feature() and enabled() say, in a fixed order, for -vv. */
void	cfg_feature_each(void (*fn)(const char *name, bool is_built, void *arg), void *arg);

#define CFG_COMPAT_VERSION	"3.3.0"
#define CFG_COMPAT_BRANCH	"3.3"

/* Rows of the language itself: setenv presetenv unsetenv resetenv. */
extern const struct module mod_cfg_env;

/* All rows, for --dump-rows, help and lints. */
void	kw_each(void (*fn)(const struct module *m, const struct kw_row *row, void *arg), void *arg);
const struct kw_row *kw_find(uint32_t in, char **words, int n, int *ret_used);

#endif
