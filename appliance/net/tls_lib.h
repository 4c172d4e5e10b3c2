/* SPDX-License-Identifier: BSD-2-Clause */
/* Which TLS library is linked, for rooms that must not include its headers. */
#ifndef WEIR_NET_TLS_LIB_H
#define WEIR_NET_TLS_LIB_H

/* any thread */
const char	*tls_lib_name(void);	/* "OpenSSL 3.0.17 1 Jul 2025" */
unsigned long	 tls_lib_version(void);	/* 0xMNN00PP0: 0x30000110 is 3.0.17 */

#endif
