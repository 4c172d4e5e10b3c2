/* SPDX-License-Identifier: BSD-2-Clause */
/* Identifiers of objects and activities (RFC 9562). */
#ifndef WEIR_CTL_UUID_H
#define WEIR_CTL_UUID_H

#define UUID_TEXT	37	/* bytes, the 0 too */

/* any thread */
void	uuid_random(char *ret_text);
/* Version 5 of a kind and a name: the same ones for ever. */
void	uuid_named(const char *kind, const char *name, char *ret_text);

#endif
