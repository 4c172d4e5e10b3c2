/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stats socket: rows of commands, and the connection that runs them. Every
 * command is a row in the api/cli_*.c of its noun, listed in its module's `cli`.
 *
 * A connection reads a line, runs its commands one after the other and ends each
 * answer with one empty line (and the prompt, if that is on). A command writes
 * to c->out and is done when it returns, unless it sets `more` (called again and
 * again, a small piece each, until it returns true: the driver watches the clock
 * and the reader's pace) or cli_wait (somebody calls cli_done later).
 *
 * Everything here: control thread.
 */
#ifndef WEIR_API_CLI_H
#define WEIR_API_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "api/cli_input.h"
#include "base/list.h"
#include "base/log.h"
#include "base/out.h"
#include "event/loop.h"
#include "net/conn.h"

struct cli;
struct listener;
struct snapshot;

enum cli_level { CLI_USER = 1, CLI_OPERATOR = 2, CLI_ADMIN = 3 };

#define CLI_F_PAYLOAD		0x01	/* takes one (others drop it) */
#define CLI_F_CHANGE		0x02	/* changes something: one audit line */
#define CLI_F_EXPERT		0x04	/* after `expert-mode on` only */
#define CLI_F_EXPERIMENTAL	0x08	/* after `experimental-mode on` only */
#define CLI_F_LAST		0x10	/* last in help, and in each hint */
#define CLI_F_SECRET		0x20	/* only its first argument is written down */

typedef void cli_run_fn(struct cli *c);
typedef bool cli_more_fn(struct cli *c);	/* true: that was all */

struct cli_row {
	const char	*name;		/* whole words: "show servers state" */
	uint8_t		 level;		/* enum cli_level: the lowest that may */
	uint8_t		 flags;		/* CLI_F_* */
	cli_run_fn	*run;
	const char	*syntax;	/* behind the name, for help; "" = none */
	const char	*help;		/* one line, lower case, no full stop */
};

enum cli_severity_form { CLI_SEV_NONE, CLI_SEV_NUMBER, CLI_SEV_STRING };

struct cli {
	struct conn	 conn;		/* first */
	struct list	 node;		/* of all connections */
	struct loop_task task;		/* to go on, or deferred for its free */
	unsigned	 refs;		/* 1 for the socket, 1 for a pending answer */
	/* who */
	uid_t		 uid;
	gid_t		 gid;
	pid_t		 pid;		/* 0: not known (TCP) */
	uint8_t		 level;		/* enum cli_level, now */
	/* how it wants to be spoken to */
	bool		 is_interactive, has_prompt, is_timed, is_expert, is_experimental;
	uint8_t		 severity;	/* enum cli_severity_form */
	uint64_t	 timeout_us;
	/* bytes */
	struct cli_input in;
	struct outbuf	 out;
	size_t		 out_sent;	/* of out, gone already */
	/* the line under work: what is left of it, and the command taken from it */
	char		*rest;		/* in in.line; NULL = none left */
	bool		 had_line, is_running, is_waiting, is_closing, is_dead;
	struct cli_words words;
	char		**args;		/* behind the row's words */
	int		 nargs;
	struct str	 payload;	/* STR_NONE = none */
	/* a long answer */
	cli_more_fn	*more;
	void		*state;		/* owned by state_free */
	void		(*state_free)(void *state);
	struct snapshot	*held;		/* for a long answer: see cli_hold */
	bool		 is_stream, any_key;	/* see cli_stream */
	uint64_t	 lost;		/* lines that a stream could not take */
	/* of a command that changes something */
	uint64_t	 audit_id;	/* 0 = none */
	uint64_t	 nputs;		/* of the store, when it began */
	bool		 was_kept;	/* it was waited for already */
	bool		 is_keeping;	/* the store has it in hand: nothing is told yet */
	char		*problem;	/* owned: its first error; NULL = none */
};

/* ---- for commands ---- */

/* A message, as the connection wants its severity shown; one sentence. */
void	cli_msg(struct cli *c, enum log_level level, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));
#define cli_err(c, ...)	cli_msg((c), LOG_L_ERR, __VA_ARGS__)
/* The error `TEXT, did you mean 'NEAR'?`; near NULL: `TEXT` and `end`. */
void	cli_err_near(struct cli *c, const char *near, const char *end, const char *fmt, ...)
	    __attribute__((format(printf, 4, 5)));
/* Text as it is, lines that would be empty get a blank; ends with a newline. */
void	cli_text(struct cli *c, const char *text);
/* Argument i, or "" */
const char *cli_arg(const struct cli *c, int i);
/* Arguments from i on with blanks between them; owned by the caller. */
char	*cli_rest(const struct cli *c, int i);
/* `word` among the arguments */
bool	cli_has_arg(const struct cli *c, const char *word);

/* The answer comes in pieces. state (may be NULL) is freed after the last one. */
void	cli_more(struct cli *c, cli_more_fn *more, void *state, void (*state_free)(void *));
/* The configuration in service, kept until this command's answer is complete. */
struct snapshot *cli_hold(struct cli *c);
/* The answer comes later: cli_done, exactly once, even if the client has gone
 * (then cli_is_gone, and what is written is dropped). */
void	cli_wait(struct cli *c);
void	cli_done(struct cli *c);
bool	cli_is_gone(const struct cli *c);
/* From here on the answer is lines as they come (cli_push), until the client goes
 * or says `quit` (any_key: anything at all), or cli_stream_end. Then state is
 * freed. There is no timeout. */
void	cli_stream(struct cli *c, bool any_key, void *state, void (*state_free)(void *state));
/* False: the reader is slow, the line was dropped and counted; the next one that
 * fits is told `#lost N` before it. */
bool	cli_push(struct cli *c, const char *line, size_t len);
void	cli_stream_end(struct cli *c);

/* ---- for the socket itself ---- */

void	cli_accepted(struct listener *l, int fd, const struct sockaddr *sa);
bool	cli_admit(struct listener *l);
void	cli_close_all(void);
const char *cli_level_name(unsigned level);
uint64_t cli_uptime_us(void);
uint32_t cli_hard_maxconn(void);	/* as the process started: cli_frontend.c */

/* Rows: cli_match.c */
void	cli_rows_init(void);		/* sorts all modules' rows; start-up */
void	cli_rows_fini(void);
/* The row whose name is the longest that the words begin with; NULL = none.
 * *ret_used: how many words are its name. */
const struct cli_row *cli_find(char *const *words, int n, int *ret_used);
/* Help for all rows that begin with these words (0 = all), or what is nearest. */
void	cli_help(struct outbuf *b, unsigned level, unsigned hidden_flags, char *const *words,
	    int n);
void	cli_unknown(struct outbuf *b, unsigned level, unsigned hidden_flags,
	    char *const *words, int n);

#endif
