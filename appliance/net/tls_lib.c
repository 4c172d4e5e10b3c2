/* SPDX-License-Identifier: BSD-2-Clause */
/* The linked TLS library's name and number, as it tells them at run time. */
#include <openssl/crypto.h>

#include "net/tls_lib.h"

const char *
tls_lib_name(void)
{
	return OpenSSL_version(OPENSSL_VERSION);
}

unsigned long
tls_lib_version(void)
{
	return OpenSSL_version_num();
}
