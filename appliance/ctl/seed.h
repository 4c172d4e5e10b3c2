/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A seed: a small disk with a few files, by which a virtual machine is told who it is
 * and what its user data are (NoCloud: label `cidata`, files `meta-data`, `user-data`,
 * perhaps `network-config`). ISO 9660 with Joliet names, as cloud-init, Linux, the BSDs
 * and Windows read it.
 */
#ifndef WEIR_CTL_SEED_H
#define WEIR_CTL_SEED_H

#include <stddef.h>

#define SEED_FILES_MAX	8u

struct seed_file {
	const char	*name;		/* [a-z-], at most 30 */
	const void	*data;
	size_t		 len;
};

/* any thread */
/* The image, released with free; files in the order of their names. */
char	*seed_make(const char *label, const struct seed_file *files, unsigned n,
	    size_t *ret_len);

#endif
