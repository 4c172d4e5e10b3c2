/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Conditions: named ACLs (same-named lines are OR-ed), anonymous ones in braces,
 * `if|unless A B || !C`. Pattern sets are compiled when parsed: exact strings to
 * a hash, prefixes and suffixes to sorted arrays, networks to sorted ranges, so
 * the cost of a test hardly depends on the number of patterns.
 */
#ifndef WEIR_PROXY_ACL_H
#define WEIR_PROXY_ACL_H

#include <stdbool.h>
#include <stdint.h>

struct acl;
struct acl_cond;
struct cfg;
struct expr;
struct proxy;
struct sample;
struct sample_ctx;

/* ACL_MISS: not decided, bytes are missing; only while x->is_final is false. */
enum acl_result { ACL_FAIL, ACL_MISS, ACL_PASS };

/* control thread or a job thread */
/* args[0] is `if` or `unless`; all nargs words belong to it. `use`: USE_* of the
 * place. NULL after a diag_error. Names are looked up in px, then the predefined. */
struct acl_cond *acl_cond_parse(struct cfg *c, struct proxy *px, char **args, int nargs,
	    uint32_t use);
/* `acl NAME ...`: 0 or -1 after a diag_error */
int	acl_define(struct cfg *c, struct proxy *px, char **args, int nargs);
/* The bits of USE_* that the condition needs beyond those of the request. */
uint32_t acl_cond_use(const struct acl_cond *cond);

/* data thread */
enum acl_result acl_cond_eval(const struct acl_cond *cond, struct sample_ctx *x);

static inline bool
acl_cond_passes(const struct acl_cond *cond, struct sample_ctx *x)
{
	return cond == (const struct acl_cond *)0 || acl_cond_eval(cond, x) == ACL_PASS;
}

/*
 * Several conditions at once: when each is one test of the same value against
 * texts, a set of all their texts says that none of them holds.
 */
struct acl_guard;
/* control thread or a job thread */
bool	acl_cond_joins(const struct acl_cond *a, const struct acl_cond *b);	/* may share one */
/* Of n conditions, each of which joins the first. */
struct acl_guard *acl_guard_new(struct cfg *c, const struct acl_cond *const *conds, uint32_t n);
/* data thread; false: none of them holds */
bool	acl_guard_passes(const struct acl_guard *g, struct sample_ctx *x);

/* ---- pattern sets, also for maps later ---- */

struct pat_set;
enum pat_match {
	PAT_FOUND, PAT_BOOL, PAT_INT, PAT_STR, PAT_BEG, PAT_END, PAT_SUB, PAT_DIR,
	PAT_DOM, PAT_REG, PAT_LEN, PAT_IP, PAT_BIN, PAT_MATCHES
};
/* control thread or a job thread */
struct pat_set *pat_set_new(struct cfg *c, enum pat_match match, bool ignore_case);
/* -1 after diag_error */
int	pat_set_add(struct cfg *c, struct pat_set *p, const char *pattern);
void	pat_set_compile(struct cfg *c, struct pat_set *p);
/* Texts that are looked up as a whole: equal ones or beginnings, case heeded. */
bool	pat_set_is_plain(const struct pat_set *p);
enum pat_match pat_set_kind(const struct pat_set *p);
void	pat_set_add_all(struct cfg *c, struct pat_set *p, const struct pat_set *from);
/* any thread */
bool	pat_set_match(const struct pat_set *p, const struct sample *s);

#endif
