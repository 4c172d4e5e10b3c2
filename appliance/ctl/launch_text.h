/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A launch configuration as JSON: what one was stays known when its file says
 * something else. What it watches for `sync-file` is not in it: files are the same for
 * instances of all versions.
 *
 * any thread
 */
#ifndef WEIR_CTL_LAUNCH_TEXT_H
#define WEIR_CTL_LAUNCH_TEXT_H

struct arena;
struct launch_conf;

/* The caller's to free. */
char	*launch_user_data(const struct launch_conf *l);	/* in base64; NULL: it has none */
char	*launch_text(const struct launch_conf *l);
/* In `a`, its provider not looked up; NULL: that is no such text. */
struct launch_conf *launch_text_read(const char *name, const char *text, struct arena *a);

#endif
