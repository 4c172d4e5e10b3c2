/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TLS on connections: handshakes in pieces, transfers under edge triggering with
 * small socket buffers, ends, floods, resumption.
 *
 * Edges are real: epoll with EPOLLET tells the sides as conn.c would, so a lost
 * wake-up shows as a transfer that stands still.
 */
#include "tls_pki.h"

static struct tls_bind *b1, *b2;
static struct pki ca, leaf;

/* ---- handshakes ---- */

static void
test_pieces(void)
{
	static const size_t pieces[] = { 0, 1, 2, 7, 300 };
	static const uint8_t alpn[] = "\2h2\10http/1.1";

	for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++)
		for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
			SSL_CTX *ctx = raw_ctx();
			struct conn c;
			struct raw r;
			int sv[2];

			make_pair(sv);
			SSL_CTX_set_max_proto_version(ctx, version);
			SSL_CTX_set_alpn_protos(ctx, alpn, sizeof(alpn) - 1);
			side_init(&c, sv[0]);
			raw_init(&r, ctx, sv[1], "www.example.com");
			r.piece = pieces[i];
			is_int(tls_accept(&c, b1), 0);
			is_int(shake(&c, &r), TLS_DONE);
			ok(r.is_done);
			is_str(tls_version(c.tls), version == TLS1_2_VERSION ? "TLSv1.2" :
			    "TLSv1.3");
			ok(str_is(tls_sni(c.tls), "www.example.com"));
			ok(str_is(tls_alpn(c.tls), "http/1.1"));
			ok(!(c.flags & CONN_HANDSHAKE));
			ok(!tls_is_resumed(c.tls));
			side_end(&c);
			raw_fini(&r);
			SSL_CTX_free(ctx);
		}
}

static const char *
fail_text(const char *bytes, size_t len, bool closes)
{
	static char text[256];
	struct conn c;
	int sv[2];
	enum tls_result res;

	make_pair(sv);
	side_init(&c, sv[0]);
	c.flags |= closes ? CONN_RDHUP : 0;
	WEIR_ASSERT(tls_accept(&c, b1) == 0);
	WEIR_ASSERT(len == 0 || send(sv[1], bytes, len, 0) == (ssize_t)len);
	if (closes)
		close(sv[1]);
	res = tls_handshake(&c);
	snprintf(text, sizeof(text), "%s", res == TLS_FAILED ? tls_error_text(c.tls) :
	    res == TLS_AGAIN ? "again" : "done");
	side_end(&c);
	if (!closes)
		close(sv[1]);
	return text;
}

static void
test_hostile(void)
{
	char big[20000];

	ok(strstr(fail_text("GET / HTTP/1.1\r\n\r\n", 18, false), "http request") != NULL);
	ok(strncmp(fail_text("GET / HTTP/1.1\r\n\r\n", 18, false),
	    "SSL handshake failure (error:", 29) == 0);
	is_str(fail_text("", 0, true), "Connection closed during SSL handshake");
	is_str(fail_text("\x16\x03\x01", 3, true), "Connection closed during SSL handshake");
	is_str(fail_text("\x16\x03\x01", 3, false), "again");
	memset(big, 0xff, sizeof(big));
	ok(strncmp(fail_text(big, sizeof(big), false), "SSL handshake failure (", 23) == 0);
	memset(big, 0, sizeof(big));
	ok(strncmp(fail_text(big, sizeof(big), false), "SSL handshake failure (", 23) == 0);
	memcpy(big, "\x16\x03\x01\xff\xff\x01", 6);	/* record beyond the limit */
	ok(strncmp(fail_text(big, sizeof(big), false), "SSL handshake failure (", 23) == 0);
	memcpy(big, "\x16\x03\x01\x00\x04\x01\xff\xff\xff", 9);	/* hello of 16 MiB */
	ok(strncmp(fail_text(big, sizeof(big), false), "SSL handshake failure (", 23) == 0);
	ok(strncmp(fail_text("\x15\x03\x01\x00\x02\x02\x28", 7, false),
	    "SSL handshake failure (", 23) == 0);	/* a fatal alert */
	ok(strncmp(fail_text("SSH-2.0-OpenSSH_9.2\r\n", 21, false),
	    "SSL handshake failure (", 23) == 0);
}

/* Each suite alone: allowed or not by the defaults. */
static bool
suite_works(int version, const char *suite, struct tls_bind *b)
{
	SSL_CTX *ctx = raw_ctx();
	enum tls_result res;
	struct conn c;
	struct raw r;
	int sv[2];

	make_pair(sv);
	SSL_CTX_set_security_level(ctx, 0);
	SSL_CTX_set_min_proto_version(ctx, version);
	SSL_CTX_set_max_proto_version(ctx, version);
	if (version < TLS1_3_VERSION && suite != NULL)
		WEIR_ASSERT(SSL_CTX_set_cipher_list(ctx, suite) == 1);
	else if (suite != NULL)
		WEIR_ASSERT(SSL_CTX_set_ciphersuites(ctx, suite) == 1);
	side_init(&c, sv[0]);
	raw_init(&r, ctx, sv[1], NULL);
	WEIR_ASSERT(tls_accept(&c, b) == 0);
	res = shake(&c, &r);
	side_end(&c);
	raw_fini(&r);
	SSL_CTX_free(ctx);
	return res == TLS_DONE;
}

static void
test_suites(void)
{
	SSL_CTX *ctx = raw_ctx();
	STACK_OF(SSL_CIPHER) *all;
	int works = 0;

	ok(!suite_works(TLS1_VERSION, "ALL:@SECLEVEL=0", b1));
	ok(!suite_works(TLS1_1_VERSION, "ALL:@SECLEVEL=0", b1));
	ok(suite_works(TLS1_2_VERSION, NULL, b1));
	ok(suite_works(TLS1_3_VERSION, NULL, b1));
	ok(!suite_works(TLS1_3_VERSION, "TLS_AES_128_CCM_SHA256", b1));
	SSL_CTX_set_cipher_list(ctx, "ALL:COMPLEMENTOFALL:@SECLEVEL=0");
	all = SSL_CTX_get_ciphers(ctx);
	for (int i = 0; i < sk_SSL_CIPHER_num(all); i++) {
		const char *name = SSL_CIPHER_get_name(sk_SSL_CIPHER_value(all, i));

		if (strncmp(name, "TLS_", 4) == 0 || strstr(name, "PSK") || strstr(name, "SRP"))
			continue;
		if (suite_works(TLS1_2_VERSION, name, b1)) {
			works++;
			ok_named(strncmp(name, "ECDHE-ECDSA-", 12) == 0 &&
			    (strstr(name, "GCM") || strstr(name, "CHACHA20")), "%s works", name);
		}
	}
	is_int(works, 3);	/* the certificate is an EC one */
	SSL_CTX_free(ctx);
}

/* ---- transfers ---- */

#define NLINKS	6

/* Our two sides against each other, or one of ours. */
struct link {
	struct conn	 side[2];
	uint64_t	 sent[2], got[2];	/* bytes by and at each side */
	uint32_t	 rx[2];			/* generators' positions */
	bool		 shut[2];
	bool		 ready[2];
};

static uint8_t
byte_at(unsigned salt, uint64_t pos)
{
	return (uint8_t)((pos * 2654435761u >> 7) ^ salt * 41 ^ pos);
}

static unsigned
rnd(unsigned n)
{
	static uint64_t x = 88172645463325252ull;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (unsigned)(x % n);
}

/* Send what can be sent, up to total. */
static bool
link_send(struct link *l, int s, uint64_t total)
{
	static uint8_t buf[3][20000];
	struct iovec iov[3];
	struct conn *c = &l->side[s];
	uint64_t pos = l->sent[s];
	ssize_t n;
	int k = 1 + (int)rnd(3);

	if (!conn_can_write(c) || pos >= total)
		return false;
	for (int i = 0; i < k; i++) {
		size_t len = rnd(4) == 0 ? rnd(20000) : rnd(300);

		if (len > total - pos)
			len = (size_t)(total - pos);
		for (size_t j = 0; j < len; j++)
			buf[i][j] = byte_at((unsigned)s, pos + j);
		iov[i] = (struct iovec){ buf[i], len };
		pos += len;
	}
	n = tls_sendv(c, iov, k);
	if (n < 0) {
		fail("sendv: %s", strerror(errno));
		return false;
	}
	if ((uint64_t)n < pos - l->sent[s] && (c->flags & CONN_OUT))
		fail("a short write leaves CONN_OUT");
	l->sent[s] += (uint64_t)n;
	return true;
}

static bool
link_recv(struct link *l, int s)
{
	static uint8_t buf[20000];
	struct conn *c = &l->side[s];
	ssize_t n;

	if (!conn_can_read(c))
		return false;
	n = tls_recv(c, buf, 1 + (rnd(3) == 0 ? rnd(sizeof(buf) - 1) : rnd(1000)));
	for (ssize_t i = 0; i < n; i++)
		if (buf[i] != byte_at((unsigned)!s, l->got[s] + (uint64_t)i)) {
			fail("byte %llu differs", (unsigned long long)(l->got[s] + (uint64_t)i));
			c->flags |= CONN_ERROR;
			return false;
		}
	if (n > 0)
		l->got[s] += (uint64_t)n;
	return n > 0;
}

static void
link_run(struct link *l, int s, uint64_t total)
{
	struct conn *c = &l->side[s];

	if (c->flags & CONN_HANDSHAKE) {
		if (tls_handshake(c) != TLS_DONE)
			return;
	}
	/* now and then look away: edges must be remembered */
	if (rnd(4) != 0)
		link_send(l, s, total);
	if (rnd(4) != 0)
		link_recv(l, s);
	if (l->sent[s] >= total && !l->shut[s]) {
		l->shut[s] = true;
		tls_shut_write(c);
		c->flags |= CONN_SHUT_WR;
	}
}

static bool
has_work(const struct link *l, int s, uint64_t total)
{
	const struct conn *c = &l->side[s];

	if (c->flags & CONN_HANDSHAKE)
		return false;
	return conn_can_read(c) || (conn_can_write(c) && l->sent[s] < total) ||
	    (l->sent[s] >= total && !l->shut[s]);
}

static void
link_make(struct link *l, int ep, struct tls_server *server, int small)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET };
	int sv[2], bytes = 4096;

	memset(l, 0, sizeof(*l));
	make_pair(sv);
	for (int s = 0; s < 2; s++) {
		if (small)
			setsockopt(sv[s], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
		side_init(&l->side[s], sv[s]);
		l->side[s].flags = 0;
		ev.data.ptr = &l->side[s];
		WEIR_ASSERT(epoll_ctl(ep, EPOLL_CTL_ADD, sv[s], &ev) == 0);
	}
	WEIR_ASSERT(tls_accept(&l->side[0], b1) == 0);
	WEIR_ASSERT(tls_connect(&l->side[1], server, STR("www.example.com")) == 0);
}

static bool
all_over(const struct link *links, uint64_t total)
{
	for (int i = 0; i < NLINKS; i++)
		for (int s = 0; s < 2; s++)
			if (links[i].got[s] < total || !(links[i].side[s].flags & CONN_EOF))
				return false;
	return true;
}

static struct tls_server *
server_of(const char *ca_file, const char *verifyhost, const char *where)
{
	struct tls_server_conf conf = { .opts = { .ca_file = ca_file },
	    .verifyhost = verifyhost, .where = where };
	struct tls_defaults g;
	struct tls_server *s;
	struct diag d;

	tls_defaults_init(&g);
	diag_init(&d, true);
	s = tls_server_new(&conf, &g, &d);
	diag_fini(&d);
	WEIR_ASSERT(s != NULL);
	return s;
}

/* Transfers both ways on several connections of one thread. */
static void
test_stress(uint64_t total, int small)
{
	struct tls_server *server = server_of(pki_path("ca.pem"), NULL, "be/s");
	static struct link links[NLINKS];
	struct epoll_event evs[32];
	int ep = epoll_create1(EPOLL_CLOEXEC), n, idle = 0;

	for (int i = 0; i < NLINKS; i++)
		link_make(&links[i], ep, server, small);
	while (!all_over(links, total) && idle < 2) {
		bool busy = false;

		for (int i = 0; i < NLINKS && !busy; i++)
			busy = has_work(&links[i], 0, total) || has_work(&links[i], 1, total);
		n = epoll_wait(ep, evs, 32, busy ? 0 : 1000);
		idle = n == 0 && !busy ? idle + 1 : 0;
		for (int i = 0; i < n; i++)
			side_event(evs[i].data.ptr, evs[i].events);
		for (int i = 0; i < NLINKS; i++)
			for (int s = 0; s < 2; s++)
				link_run(&links[i], s, total);
	}
	ok_named(idle < 2, "no wake-up was lost (%s buffers)", small ? "small" : "large");
	for (int i = 0; i < NLINKS; i++)
		for (int s = 0; s < 2; s++) {
			ok_named(links[i].got[s] == total && !tls_was_cut(links[i].side[s].tls),
			    "link %d side %d got all of it and a clean end", i, s);
			if (links[i].got[s] != total)
				tap_diag("got %llu sent by peer %llu flags %x",
				    (unsigned long long)links[i].got[s],
				    (unsigned long long)links[i].sent[!s], links[i].side[s].flags);
		}
	for (int i = 0; i < NLINKS; i++) {
		side_end(&links[i].side[0]);
		side_end(&links[i].side[1]);
	}
	close(ep);
	tls_server_unref(server);
}

/* A handshake that is done, with a raw client. */
static void
open_done(struct conn *c, struct raw *r, SSL_CTX *ctx, struct tls_bind *b, const char *sni)
{
	int sv[2];

	make_pair(sv);
	side_init(c, sv[0]);
	raw_init(r, ctx, sv[1], sni);
	WEIR_ASSERT(tls_accept(c, b) == 0);
	WEIR_ASSERT(shake(c, r) == TLS_DONE);
}

/* Head and body leave in one record. */
static void
test_one_record(void)
{
	SSL_CTX *ctx = raw_ctx();
	struct iovec iov[3] = { { (char[]){ "head" }, 4 }, { NULL, 0 }, { (char[]){ "body" }, 4 } };
	char buf[100];
	struct conn c;
	struct raw r;

	open_done(&c, &r, ctx, b1, NULL);
	is_int(tls_sendv(&c, iov, 3), 8);
	ok(c.flags & CONN_OUT);
	ok(!tls_has_pending(c.tls));
	raw_move(&r);
	is_int(SSL_read(r.ssl, buf, sizeof(buf)), 8);	/* SSL_read gives one record */
	is_mem(buf, 8, "headbody", 8);
	is_int(tls_sendv(&c, iov, 0), 0);
	side_end(&c);
	raw_fini(&r);
	SSL_CTX_free(ctx);
}

/* ---- ends ---- */

static void
test_ends(void)
{
	SSL_CTX *ctx = raw_ctx();
	char buf[100];
	struct conn c;
	struct raw r;

	/* close_notify: an end; data before it first */
	open_done(&c, &r, ctx, b1, NULL);
	SSL_write(r.ssl, "last", 4);
	SSL_shutdown(r.ssl);
	raw_move(&r);
	c.flags |= CONN_IN;
	is_int(tls_recv(&c, buf, sizeof(buf)), 4);
	ok(c.flags & CONN_IN);
	is_int(tls_recv(&c, buf, sizeof(buf)), 0);
	ok(c.flags & CONN_EOF);
	ok(!tls_was_cut(c.tls));
	side_end(&c);
	raw_fini(&r);

	/* a client's FIN alone: an end, known to be a cut one */
	open_done(&c, &r, ctx, b1, NULL);
	SSL_write(r.ssl, "last", 4);
	raw_move(&r);
	close(r.fd);
	r.fd = -1;
	c.flags |= CONN_IN | CONN_RDHUP;
	is_int(tls_recv(&c, buf, sizeof(buf)), 4);
	ok(c.flags & CONN_IN);
	is_int(tls_recv(&c, buf, sizeof(buf)), 0);
	ok((c.flags & (CONN_EOF | CONN_ERROR)) == CONN_EOF);
	ok(tls_was_cut(c.tls));
	side_end(&c);
	raw_fini(&r);

	/* broken record */
	open_done(&c, &r, ctx, b1, NULL);
	memset(buf, '.', sizeof(buf));
	memcpy(buf, "\x17\x03\x03\x00\x20", 5);
	WEIR_ASSERT(send(r.fd, buf, 37, 0) == 37);
	c.flags |= CONN_IN;
	is_int(tls_recv(&c, buf, sizeof(buf)), -1);
	is_int(errno, EPROTO);
	ok(c.flags & CONN_ERROR);
	side_end(&c);
	raw_fini(&r);
	SSL_CTX_free(ctx);
}

/* A server that closes without close_notify is an error for us. */
static void
test_server_cut(void)
{
	struct tls_server *server = server_of(pki_path("ca.pem"), NULL, "be/s");
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	char buf[100];

	SSL_CTX_use_certificate(ctx, leaf.crt);
	SSL_CTX_use_PrivateKey(ctx, leaf.key);
	for (int says = 0; says < 2; says++) {
		struct conn c;
		struct raw r;
		int sv[2];

		make_pair(sv);
		side_init(&c, sv[0]);
		WEIR_ASSERT(tls_connect(&c, server, STR("www.example.com")) == 0);
		raw_init(&r, ctx, sv[1], NULL);
		SSL_set_accept_state(r.ssl);
		is_int(shake(&c, &r), TLS_DONE);
		is_int(tls_verify_result(c.tls), X509_V_OK);
		SSL_write(r.ssl, "body", 4);
		if (says)
			SSL_shutdown(r.ssl);
		raw_move(&r);
		close(r.fd);
		r.fd = -1;
		c.flags |= CONN_IN | CONN_RDHUP;
		is_int(tls_recv(&c, buf, sizeof(buf)), 4);
		is_int(tls_recv(&c, buf, sizeof(buf)), says ? 0 : -1);
		is_int(tls_was_cut(c.tls), !says);
		ok(says || (c.flags & CONN_ERROR));
		side_end(&c);
		raw_fini(&r);
	}
	SSL_CTX_free(ctx);
	tls_server_unref(server);
}

/* ---- what a peer may not do ---- */

static void
test_floods(void)
{
	SSL_CTX *ctx = raw_ctx();
	char buf[100];
	struct conn c;
	struct raw r;
	ssize_t n = 0;
	int i;

	open_done(&c, &r, ctx, b1, NULL);
	for (i = 0; i < 1000; i++) {
		SSL_key_update(r.ssl, SSL_KEY_UPDATE_REQUESTED);
		SSL_do_handshake(r.ssl);
		raw_move(&r);
		c.flags |= CONN_IN;
		n = tls_recv(&c, buf, sizeof(buf));
		if (n < 0 && errno != EAGAIN)
			break;
		raw_move(&r);
		(void)SSL_peek(r.ssl, buf, 1);
	}
	ok_named(i >= 4 && i < 64, "key updates stop it: after %d", i);
	ok(c.flags & CONN_ERROR);
	side_end(&c);
	raw_fini(&r);

	/* a few are fine */
	open_done(&c, &r, ctx, b1, NULL);
	SSL_key_update(r.ssl, SSL_KEY_UPDATE_REQUESTED);
	SSL_write(r.ssl, "x", 1);
	raw_move(&r);
	c.flags |= CONN_IN;
	is_int(tls_recv(&c, buf, sizeof(buf)), 1);
	is_int(tls_sendv(&c, &(struct iovec){ buf, 1 }, 1), 1);
	raw_move(&r);
	is_int(SSL_read(r.ssl, buf, 1), 1);
	side_end(&c);
	raw_fini(&r);

	/* renegotiation */
	SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_clear_options(ctx, SSL_OP_NO_RENEGOTIATION);
	open_done(&c, &r, ctx, b1, NULL);
	SSL_renegotiate(r.ssl);
	SSL_do_handshake(r.ssl);
	raw_move(&r);
	c.flags |= CONN_IN;
	is_int(tls_recv(&c, buf, sizeof(buf)), -1);
	is_int(errno, EPROTO);
	ok(strstr(tls_error_text(c.tls), "renegotiation") != NULL);
	side_end(&c);
	raw_fini(&r);
	SSL_CTX_free(ctx);
}

/* ---- resumption ---- */

static SSL_SESSION *kept;

static int
keep_session(SSL *ssl, SSL_SESSION *s)
{
	(void)ssl;
	SSL_SESSION_free(kept);
	kept = s;
	return 1;
}

static bool
resumes(SSL_CTX *ctx, struct tls_bind *b)
{
	struct conn c;
	struct raw r;
	int sv[2];
	bool is_resumed;

	make_pair(sv);
	side_init(&c, sv[0]);
	raw_init(&r, ctx, sv[1], "www.example.com");
	if (kept != NULL)
		SSL_set_session(r.ssl, kept);
	WEIR_ASSERT(tls_accept(&c, b) == 0);
	WEIR_ASSERT(shake(&c, &r) == TLS_DONE);
	is_resumed = tls_is_resumed(c.tls);
	is_int(is_resumed, SSL_session_reused(r.ssl));
	side_end(&c);
	SSL_shutdown(r.ssl);
	raw_fini(&r);
	return is_resumed;
}

static void
test_resumption(struct tls_bind *b, int version, bool has_tickets)
{
	SSL_CTX *ctx = raw_ctx();

	SSL_CTX_set_max_proto_version(ctx, version);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(ctx, keep_session);
	kept = NULL;
	ok(!resumes(ctx, b));
	ok(kept != NULL);
	ok(resumes(ctx, b));
	ok(!resumes(ctx, b2));		/* another listener, the same certificate */
	SSL_SESSION_free(kept);
	kept = NULL;
	ok(!resumes(ctx, b));
	if (has_tickets) {
		SSL_SESSION *first = kept;

		tls_tickets_rotate();
		tls_tickets_rotate();
		SSL_SESSION_up_ref(first);
		ok(resumes(ctx, b));
		SSL_SESSION_free(kept);
		kept = first;
		tls_tickets_rotate();
		ok(!resumes(ctx, b));	/* its key is gone */
	}
	SSL_SESSION_free(kept);
	kept = NULL;
	SSL_CTX_free(ctx);
}

/* Sessions with servers: kept per thread and name, over a reload. */
static void
test_server_sessions(void)
{
	struct tls_server *s = server_of(pki_path("ca.pem"), NULL, "be/r"), *again;
	struct { const char *sni; bool is_resumed; } steps[] = {
		{ "www.example.com", false }, { "www.example.com", true },
		{ "a.example.com", false }, { "a.example.com", true },
		{ "www.example.com", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		struct conn a, c;
		int sv[2], rounds = 0;
		char byte;

		make_pair(sv);
		side_init(&a, sv[0]);
		side_init(&c, sv[1]);
		WEIR_ASSERT(tls_accept(&a, b1) == 0);
		WEIR_ASSERT(tls_connect(&c, s, str_of(steps[i].sni)) == 0);
		while (((a.flags | c.flags) & CONN_HANDSHAKE) && rounds++ < 20) {
			a.flags |= CONN_IN;
			c.flags |= CONN_IN;
			if (c.flags & CONN_HANDSHAKE)
				tls_handshake(&c);
			if (a.flags & CONN_HANDSHAKE)
				tls_handshake(&a);
		}
		c.flags |= CONN_IN;
		is_int(tls_recv(&c, &byte, 1), -1);	/* takes the ticket */
		is_int(errno, EAGAIN);
		ok(tls_is_resumed(c.tls) == steps[i].is_resumed);
		side_end(&a);
		side_end(&c);
		if (i == 2) {
			again = server_of(pki_path("ca.pem"), NULL, "be/r");
			ok(again == s);
			tls_server_unref(s);
		}
	}
	tls_server_unref(s);
}

int
main(void)
{
	struct tls_source src = { 0 };
	struct tls_bind_conf conf = { .sources = &src, .where = "fe/3" };
	struct tls_bind *b3;
	struct diag d;

	pki_start();
	ca = pki_make("weir test CA", NULL, NULL, 365);
	leaf = pki_make("example.com", "DNS:example.com,DNS:*.example.com", &ca, 30);
	pki_write("ca.pem", ca.crt, NULL, NULL);
	b1 = bind_of_file(pki_write("leaf.pem", leaf.crt, NULL, leaf.key), "fe/1");
	b2 = bind_of_file(pki_path("leaf.pem"), "fe/2");
	test_pieces();
	test_hostile();
	test_suites();
	test_one_record();
	test_ends();
	test_server_cut();
	test_floods();
	test_resumption(b1, TLS1_3_VERSION, true);
	test_resumption(b1, TLS1_2_VERSION, true);
	src.path = pki_path("leaf.pem");
	conf.opts.tickets = TLS_OFF;
	diag_init(&d, true);
	b3 = bind_of(&conf, &d);
	test_resumption(b3, TLS1_3_VERSION, false);
	test_resumption(b3, TLS1_2_VERSION, false);
	test_server_sessions();
	test_stress(300000, 1);
	test_stress(300000, 0);
	diag_fini(&d);
	tls_bind_unref(b1);
	tls_bind_unref(b2);
	tls_bind_unref(b3);
	is_u64(tls_store_contexts(), 0);
	pki_free(&ca);
	pki_free(&leaf);
	pki_end();
	return tap_done();
}
