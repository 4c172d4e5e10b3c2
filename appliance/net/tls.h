/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TLS on a connection, by OpenSSL over an own BIO.
 *
 * The BIO reads once into a per-thread 32 KiB buffer and feeds OpenSSL from it;
 * after a short recv it answers "no more" without a system call; leftovers of
 * an unfinished record are stashed with the connection. No read_ahead (it loses
 * wake-ups under edge triggering). Head and body of an answer leave in one
 * SSL_write per 16 KiB. SSL_MODE_RELEASE_BUFFERS, ENABLE_PARTIAL_WRITE,
 * MOVING_WRITE_BUFFER; no renegotiation, no 0-RTT, one session ticket.
 *
 * Contexts come from the certificate store (net/tls_store.h).
 */
#ifndef WEIR_NET_TLS_H
#define WEIR_NET_TLS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "base/str.h"
#include "net/conn_err.h"

struct conn;
struct tls;
struct tls_bind;	/* net/tls_store.h: one TLS listener's certificates and options */
struct tls_server;	/* net/tls_store.h: one server's client-side settings */

enum tls_result { TLS_DONE, TLS_AGAIN, TLS_FAILED };

/* owner's thread of the connection */
/* Attach; 0, or -1 when memory is refused. Sets CONN_HANDSHAKE. */
int	tls_accept(struct conn *c, struct tls_bind *b);
/* sni may be STR_NONE. A saved session of this server (and thread) is offered. */
int	tls_connect(struct conn *c, struct tls_server *s, struct str sni);
/* Before the handshake: offer these protocols (wire form) instead of the server's. */
void	tls_set_alpn(struct conn *c, struct str alpn);
/* Drive; DONE clears CONN_HANDSHAKE. AGAIN with CONN_IN still set: this pass has
 * signed enough, come back through loop_ready. */
enum tls_result tls_handshake(struct conn *c);
/* Called by conn.c with the contracts of conn.h. CONN_IN stays set while OpenSSL
 * or the buffers hold something; encrypted bytes that wait for the kernel clear
 * CONN_OUT, though all plain bytes were taken. A server's FIN without
 * close_notify is an error (ECONNRESET), a client's is an end. */
ssize_t	tls_recv(struct conn *c, void *buf, size_t len);
ssize_t	tls_sendv(struct conn *c, const struct iovec *iov, int n);
void	tls_on_writable(struct conn *c);	/* EV_WRITE: waiting bytes first */
bool	tls_has_pending(const struct tls *t);	/* encrypted bytes wait for the kernel */
void	tls_shut_write(struct conn *c);	/* close_notify, then FIN when all is sent */
void	tls_free(struct tls *t);	/* says close_notify if that is possible at once */

/* Facts, valid after the handshake (sni also before the certificate is chosen). */
const char *tls_version(const struct tls *t);		/* "TLSv1.3" */
const char *tls_cipher(const struct tls *t);
struct str tls_sni(const struct tls *t);
struct str tls_alpn(const struct tls *t);
bool	tls_is_resumed(const struct tls *t);
bool	tls_has_client_cert(const struct tls *t);
long	tls_verify_result(const struct tls *t);		/* X509_V_* of the peer */
/* The first X509_V_* that verification met in the peer's certificate, or in those
 * above it (of_ca), ignored ones too; a resumed session knows the former only. */
long	tls_verify_error(const struct tls *t, bool of_ca);
/* Of certificates, for PROXY headers: the client's name; ours. buf: 64 bytes do for
 * the last; empty when there is none. */
struct str tls_peer_cn(const struct tls *t, char *buf, size_t size);
struct str tls_own_sig_alg(const struct tls *t);		/* "RSA-SHA256" */
struct str tls_own_key_alg(const struct tls *t, char *buf, size_t size);	/* "RSA2048" */
bool	tls_was_cut(const struct tls *t);	/* the peer's FIN came without close_notify */
/* OpenSSL's, the last failure of the connection's life; 0 = none */
unsigned long tls_error_code(const struct tls *t);
enum conn_err tls_error_kind(const struct tls *t);	/* why the handshake failed */
/* The same for logs: "SSL handshake failure (error:...)"; static per thread. */
const char *tls_error_text(const struct tls *t);

#endif
