/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The folder of a generation: its files as `001-weir.cfg`, and `meta`, a JSON object
 * that says what they are called and how they came into service.
 *
 * any thread; these wait for the disk
 */
#ifndef WEIR_CTL_GENERATION_FOLDER_H
#define WEIR_CTL_GENERATION_FOLDER_H

#include <jansson.h>
#include <stdbool.h>

struct config_text;
struct generation;
struct outbuf;

/* Its members, without the braces. */
void	generation_put_row(struct outbuf *b, const struct generation *g);
char	*generation_meta(const struct generation *g, const struct config_text *t);
/* All of it, and the link `current` beside it. False with errno. */
bool	generation_write(const char *folder, const char *meta, const struct config_text *text);
/* NULL with *ret_error, owned by the caller. */
json_t	*generation_read_meta(const char *folder, char **ret_error);
struct config_text *generation_text(const char *folder, char **ret_error);

#endif
