/* SPDX-License-Identifier: BSD-2-Clause */
/* What `show info` knows, for other answers. control thread */
#ifndef WEIR_API_INFO_H
#define WEIR_API_INFO_H

struct outbuf;

/* Two lines: `#` and kind and the names, kind and the values. */
void	info_put_csv(struct outbuf *b, const char *kind);

#endif
