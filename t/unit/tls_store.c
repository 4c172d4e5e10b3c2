/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The certificate store: files and what is said of bad ones, choice by SNI,
 * client certificates, verification of servers, sharing over reloads.
 */
#include "event/loop.h"
#include "tls_pki.h"

/* Test keys, used nowhere else: RSA 2048 as PKCS#1, RSA 1024 as PKCS#8. */
static const char rsa_2048[] =
	"-----BEGIN RSA PRIVATE KEY-----\n"
	"MIIEpAIBAAKCAQEAvIekp9ycBaoTorNCnvLzdQHYVmI7FRi1AXSXbexgGywLsN6f\n"
	"v0KWifJy2nBfWraewXyZH3Jdcn9WH8StudELRlNJQ6UYt98iw3JZA/3v0lnJFzzk\n"
	"ljwMuFGNOd690a0Tp9d2Fuif1zJd0sm3OJdQHDBTtb+9O2S2WGUm6mKXWgl09YXr\n"
	"0oouxdIxfwJ808jPGvLZ/Km2ugGoBpWxJ6UIjmh8nnMc9rFXuSHN4ykVHJIOe44C\n"
	"Ev1JCqi+TVfULD/osiBhhFYcYhUcnMpAFU7NV4vmxDcumM5C2cZFra9AsU0EKcPi\n"
	"2/kNpFnRdJJMeLkaympb/cE0MknI+GOWIqX5ywIDAQABAoIBADY5Z0zWgVOJvtsJ\n"
	"ZwxzgT1ymegCmc6wDAOOpq05kszN5tDovxaSDt0/S/Ry5KIhK1koPpxSVvlDEaDS\n"
	"f0sWCoGgG87mcc0U0xlWzq58v5kHNPTHkVF6lQgAgLeXzo27k48vQ+pD3xFUjbK+\n"
	"TMHsl2B8L99y9fjaty2GbmJ0l+aPmcAya4c/rUmUTW+ZJUcF9y1AD+ND5ORLCr/M\n"
	"uc+N2XRFKlC1Y5JBf0yDBmCFkaO37XdiOiOBu6ftTuFfUBd08WIur3gcNtS61Sbb\n"
	"YuW9TeGEl9tlmyY0vkYVsXVu4xA57a27+3AifOiBV/fWzRw3f/Uq0EXyY8b5Eutx\n"
	"Gpk4zeECgYEA8sWm+VdnJuO4V2W6EGidcr+Y68Jchvd1f4NLDH/Z30nVLi7V04Ee\n"
	"JZXgDDBxksZo2yAGk+KTnEzMZGPTnH1qZa70vdQCVWcvl5pGsG5FDvVcDLQ8XSAt\n"
	"JZEQHtcAbe9uFkHG3WlcNgdRE9qhrtK6KKZfU6aBngf1BM4Mi5xasmsCgYEAxs1i\n"
	"UNBspAfA+dinxb9BJHQUW9L280C9GsOULWv3SV9SdGd0wbSvqVOmN/8/e4dIkGRJ\n"
	"S7ywSBM9ZhQazNzXD+xOM6Ayb6IIOmRMaTWCcg1u87lvBNaNUenr61nYlfBaUP4t\n"
	"jvFcXVdmS6btPdbTaKROwaBeILdqUHydbqehbiECgYEAqH0cwXgzkv4AdkeXtsOk\n"
	"Ynsu+pDN/q3H0lOgxnAFGb74QTEoHb5C2fsGn+8PI7qoE0xKxGA/6f4y7ImL19QC\n"
	"/8dI/GYjqHoQwbrEzLX7H8KRvA9qxYcLTkM7WOwG1EWTtca46fmxkZ3KW2klRVvi\n"
	"70toZXnuA2uqVUdb1ZkSKTkCgYAWUF9EquBG2Qf0AzlxnLH3IYBXfipxy0Zuhp1P\n"
	"K9spxSVAI4ybYWiGHPl/N4ssllayvk7rzVYMAPzXRFJtxCvvgZqVeNmwZgN+aluZ\n"
	"Q4RMwO0/NgUcCej61MLCO+dvjPbWOHFspfK0F2dH/oiKdF5uVGLyoMlv6qZoOlSB\n"
	"YxdfgQKBgQC3h3Yf5cXJDCIK/Ct3eRcm0VKaZqBP64VefyZwcwD3qJg7sxjKfzn+\n"
	"COC5NvJjnh5fciC9wCS4DDyXmKDG8jT6YstjBZf+5ewS6MkGoVo4aydxgI3Wx1WK\n"
	"dA3ZhU9z2H49crsqwbDjCOKfqMuVCbA0GW34LmnEMLGVKVMnU5GjtQ==\n"
	"-----END RSA PRIVATE KEY-----\n";
static const char rsa_1024[] =
	"-----BEGIN PRIVATE KEY-----\n"
	"MIICdwIBADANBgkqhkiG9w0BAQEFAASCAmEwggJdAgEAAoGBALifLBSD0hlK27Ed\n"
	"toD5u0AYZWYfmvEszZmJKMfpOIN0s7J2Pu2cV8ywNjGYvB8+JQGq63CbQNF+5P8I\n"
	"yYbZ7cMD+ZXZSpXyP/s6CKjRJXZ2pYEYorCyT0ZdCWFom+2PrPFkNW8cZBsbBnC7\n"
	"MQjBR31JvJ+eplRJP4eQz8TsRVoFAgMBAAECgYADZ+RPSJNCpi/hV5P7UyASMaEF\n"
	"PkYEdvggAfi/n1zMiAWcoDPO/FheTU3ioleuF95k5ntLa4HJm5ar4cSd+T06mLxH\n"
	"FgBC9ZjfTnwtopZwdbhrGGWnJyZyq8tyS7cgL500UBw2N4Ll+MWFYKUDEQVa4g2F\n"
	"tZ8p7uRyGhD35kwJDQJBAOHOxDHg17zjYy+WMomAdvglicrPVLb+Nu0fEx5nczVc\n"
	"Pgo/LNXXWeEI5yew0YkuXRwgb6ZlFpmRrAr2sPLATQcCQQDRTqRIDdqcuqER95/U\n"
	"3OOCjH9+ysXlYTDXbw0JvsS7AAqGGwiHG5SeQNdAagsrTd7f0FO5ZLJYklT0yaC6\n"
	"pSmTAkEAw80DGy0YZVXXH+BhmhGnF62VOiNmFfeBsUOM1IRnxhFiSohVXGgMK7II\n"
	"nsYYK5fkbQtDRUnKuwcx45/d9+D/6QJAcVeVrJMb+90wVctzGNDYvpwYem+RxInh\n"
	"6fdv5wQQAneeO0quToOH8j6IkZAbJkMP2sE0ZWN7FG2BZeE9kXTY0wJBAKnMOUSJ\n"
	"YYvc4bOPrmN+LkkDeDyIWJmGE79OjOLS+84d6Mhu1sc4ADtXLhVU6BL2v2hIPJ0q\n"
	"2Lu5uI+0G3bcrSE=\n"
	"-----END PRIVATE KEY-----\n";

static struct pki ca, other_ca, leaf, rsa;

/* SEC1 or PKCS#1, encrypted when pass is given; appended to path. */
static void
append_traditional(const char *path, const EVP_PKEY *key, const char *pass)
{
	BIO *b = BIO_new_file(path, "a");

	PEM_write_bio_PrivateKey_traditional(b, key, pass != NULL ? EVP_aes_128_cbc() : NULL,
	    (const unsigned char *)pass, pass != NULL ? (int)strlen(pass) : 0, NULL, NULL);
	BIO_free(b);
}

static char said[4096];

static EVP_PKEY *
key_of(const char *pem)
{
	BIO *b = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *k = PEM_read_bio_PrivateKey(b, NULL, NULL, NULL);

	BIO_free(b);
	WEIR_ASSERT(k != NULL);
	return k;
}

/* A listener of one line, its messages in `said`. */
static struct tls_bind *
try_bind(const struct tls_bind_conf *conf)
{
	struct tls_bind *b;
	struct diag d;
	char *text;

	diag_init(&d, false);
	b = bind_of(conf, &d);
	text = diag_text(&d);
	snprintf(said, sizeof(said), "%s", text);
	free(text);
	ok_named((b == NULL) == (d.nerrors > 0), "refused with an error, or neither");
	diag_fini(&d);
	return b;
}

static struct tls_bind *
try_crt(const char *path)
{
	struct tls_source s = { .path = path };
	struct tls_bind_conf conf = { .sources = &s, .where = "fe/1" };

	return try_bind(&conf);
}

static void
refused(const char *path, const char *text)
{
	struct tls_bind *b = try_crt(path);

	ok_named(b == NULL, "%s is refused", path);
	if (!ok_named(strstr(said, text) != NULL && strstr(said, path) != NULL,
	    "says: %s", text))
		tap_diag("said: %s", said);
	if (b != NULL)
		tls_bind_unref(b);
}

static void
taken(const char *path)
{
	struct tls_bind *b = try_crt(path);

	if (!ok_named(b != NULL && said[0] == '\0', "%s is taken", path))
		tap_diag("said: %s", said);
	if (b != NULL)
		tls_bind_unref(b);
}

/* ---- files ---- */

static void
test_good_files(void)
{
	FILE *f;

	taken(pki_write("ec8.pem", leaf.crt, ca.crt, leaf.key));
	pki_write("split.pem", leaf.crt, NULL, NULL);
	pki_write("split.pem.key", NULL, NULL, leaf.key);
	taken(pki_path("split.pem"));
	pki_write("rsa.pem", rsa.crt, NULL, NULL);
	f = fopen(pki_path("rsa.pem"), "a");
	fputs(rsa_2048, f);
	fclose(f);
	taken(pki_path("rsa.pem"));		/* PKCS#1 */
	append_traditional(pki_write("sec1.pem", leaf.crt, NULL, NULL), leaf.key, NULL);
	taken(pki_path("sec1.pem"));
	append_traditional(pki_text("params.pem", "-----BEGIN EC PARAMETERS-----\n"
	    "BggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"), leaf.key, NULL);
	f = fopen(pki_path("params.pem"), "a");
	PEM_write_X509(f, leaf.crt);
	fclose(f);
	taken(pki_path("params.pem"));		/* parameters, SEC1 key, then certificate */
}

static void
test_bad_files(void)
{
	struct pki weak = pki_make_key(key_of(rsa_1024), "weak", "DNS:weak", NULL, 30);
	struct pki old = pki_make("old", "DNS:old", NULL, -1);
	struct tls_bind *b;
	char *path;
	FILE *f;

	refused(pki_path("nothing.pem"), "No such file or directory");
	refused(pki_text("empty.pem", ""), "holds no certificate");
	refused(pki_text("text.pem", "hello\n"), "holds no certificate");
	refused(pki_text("der.pem", "0\x82\x03\x02zzz"), "is it DER?");
	refused(pki_write("nokey.pem", leaf.crt, NULL, NULL), "no private key for");
	refused(pki_write("keyonly.pem", NULL, NULL, leaf.key), "holds no certificate");
	refused(pki_write("wrong.pem", leaf.crt, NULL, ca.key),
	    "does not belong to the certificate");
	refused(pki_write("order.pem", ca.crt, leaf.crt, leaf.key),
	    "belongs to certificate 2 of");
	refused(pki_write("weak.pem", weak.crt, NULL, weak.key), "has 1024 bits; at least 2048");
	refused(pki_text("bad64.pem", "-----BEGIN CERTIFICATE-----\n@@@@\n"
	    "-----END CERTIFICATE-----\n"), "damaged");
	refused(pki_text("badder.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n"
	    "-----END CERTIFICATE-----\n"), "block 1 (CERTIFICATE) is damaged");
	f = fopen(pki_write("locked.pem", leaf.crt, NULL, NULL), "a");
	PEM_write_PKCS8PrivateKey(f, leaf.key, EVP_aes_128_cbc(), "secret", 6, NULL, NULL);
	fclose(f);
	refused(pki_path("locked.pem"), "is encrypted with a passphrase");
	append_traditional(pki_write("locked1.pem", leaf.crt, NULL, NULL), leaf.key, "secret");
	refused(pki_path("locked1.pem"), "is encrypted with a passphrase");
	pki_write("nk.pem", leaf.crt, NULL, NULL);
	pki_text("nk.pem.key", "nothing here\n");
	refused(pki_path("nk.pem"), "holds no private key");

	path = strdup(pki_write("open.pem", leaf.crt, NULL, leaf.key));
	chmod(path, 0666);
	refused(path, "writable by everybody (mode 0666)");
	chmod(path, 0644);
	b = try_crt(path);
	ok(b != NULL);
	ok(strstr(said, "readable by everybody (mode 0644). Run: chmod 0600") != NULL);
	tls_bind_unref(b);
	chmod(path, 0640);
	taken(path);
	free(path);
	b = try_crt(pki_write("old.pem", old.crt, NULL, old.key));
	ok(b != NULL && strstr(said, "has expired") != NULL);
	tls_bind_unref(b);
	pki_free(&weak);
	pki_free(&old);
}

/* ---- choice by SNI ---- */

/* The CN of the certificate for a name, "alert N" when refused. */
static const char *
chosen_with(struct tls_bind *b, const char *sni, const char *sigalgs)
{
	static char name[64];
	SSL_CTX *ctx = raw_ctx();
	struct conn c;
	struct raw r;
	int sv[2];

	make_pair(sv);
	if (sigalgs != NULL)
		SSL_CTX_set1_sigalgs_list(ctx, sigalgs);
	side_init(&c, sv[0]);
	raw_init(&r, ctx, sv[1], sni);
	WEIR_ASSERT(tls_accept(&c, b) == 0);
	snprintf(name, sizeof(name), "refused");
	if (shake(&c, &r) == TLS_DONE) {
		X509 *x = SSL_get1_peer_certificate(r.ssl);

		X509_NAME_get_text_by_NID(X509_get_subject_name(x), NID_commonName, name,
		    sizeof(name));
		X509_free(x);
	} else if (strstr(tls_error_text(c.tls), "callback failed") != NULL)
		snprintf(name, sizeof(name), "refused by name");
	side_end(&c);
	raw_fini(&r);
	SSL_CTX_free(ctx);
	return name;
}

static const char *
chosen(struct tls_bind *b, const char *sni)
{
	return chosen_with(b, sni, NULL);
}

static void
make_site(const char *file, const char *cn, const char *san)
{
	struct pki p = pki_make(cn, san, NULL, 30);

	pki_write(file, p.crt, NULL, p.key);
	pki_free(&p);
}

static void
test_sni(void)
{
	struct tls_source s = { 0 };
	struct tls_bind_conf conf = { .sources = &s, .where = "fe/1" };
	struct tls_bind *b;

	mkdir(pki_path("sites"), 0700);
	make_site("sites/a.pem", "a.example", "DNS:a.example,DNS:alias.example");
	make_site("sites/b.pem", "b.example", "DNS:b.example,DNS:*.b.example");
	make_site("sites/c.pem", "x.b.example", "DNS:x.b.example");
	pki_text("sites/.hidden", "not a certificate");
	pki_text("sites/c.pem.ocsp", "");
	s.path = pki_path("sites");
	b = try_bind(&conf);
	WEIR_ASSERT(b != NULL);
	is_str(chosen(b, NULL), "a.example");
	is_str(chosen(b, "unknown.example"), "a.example");
	is_str(chosen(b, "alias.example"), "a.example");
	is_str(chosen(b, "B.Example"), "b.example");
	is_str(chosen(b, "b.example."), "b.example");
	is_str(chosen(b, "y.b.example"), "b.example");
	is_str(chosen(b, "x.b.example"), "x.b.example");	/* exact before wildcard */
	is_str(chosen(b, "z.y.b.example"), "a.example");	/* one label only */
	tls_bind_unref(b);
	conf.is_strict = true;
	b = try_bind(&conf);
	is_str(chosen(b, "b.example"), "b.example");
	is_str(chosen(b, "unknown.example"), "refused by name");
	is_str(chosen(b, NULL), "refused by name");
	tls_bind_unref(b);
}

static void
test_ec_and_rsa(void)
{
	struct tls_source ec = { .path = strdup(pki_path("sites/ec.pem")) };
	struct tls_source two = { .path = strdup(pki_path("rsa.pem")), .next = &ec };
	struct tls_bind_conf conf = { .sources = &two, .where = "fe/1" };
	struct tls_bind *b;

	make_site("sites/ec.pem", "ec", "DNS:both.example");
	b = try_bind(&conf);
	WEIR_ASSERT(b != NULL);
	is_str(chosen(b, "both.example"), "ec");
	is_str(chosen_with(b, "both.example", "RSA-PSS+SHA256:RSA+SHA256"), "rsa");
	tls_bind_unref(b);
	unlink(ec.path);
	free((char *)(uintptr_t)ec.path);
	free((char *)(uintptr_t)two.path);
}

static void
test_crt_list(void)
{
	struct tls_source s = { .is_list = true };
	struct tls_bind_conf conf = { .sources = &s, .where = "fe/1" };
	struct tls_bind *b;
	char text[2048];

	snprintf(text, sizeof(text), "# comment\n\n%s/sites/a.pem\n"
	    "%s/sites/b.pem [ssl-max-ver TLSv1.2 alpn http/1.1] *.w.example !no.w.example # x\n"
	    "%s/sites/c.pem [] one.example two.example\n", pki_dir, pki_dir, pki_dir);
	s.path = pki_text("list", text);
	b = try_bind(&conf);
	if (!ok(b != NULL))
		tap_diag("%s", said);
	is_str(chosen(b, NULL), "a.example");
	is_str(chosen(b, "yes.w.example"), "b.example");
	is_str(chosen(b, "no.w.example"), "a.example");
	is_str(chosen(b, "b.example"), "a.example");	/* names of the line, not its own */
	is_str(chosen(b, "two.example"), "x.b.example");
	tls_bind_unref(b);

	snprintf(text, sizeof(text), "%s/sites/a.pem\n%s/sites/b.pem *\n", pki_dir, pki_dir);
	s.path = pki_text("list", text);
	b = try_bind(&conf);
	is_str(chosen(b, "b.example"), "b.example");
	is_str(chosen(b, "else.example"), "b.example");
	tls_bind_unref(b);

	snprintf(text, sizeof(text), "%s/sites/a.pem [bogus 1]\n%s/none.pem\n"
	    "%s/sites/a.pem [alpn\n%s/sites/a.pem [verify]\n", pki_dir, pki_dir, pki_dir, pki_dir);
	s.path = pki_text("list", text);
	ok(try_bind(&conf) == NULL);
	ok(strstr(said, "list:1] : 'crt-list' : unknown option 'bogus'") != NULL);
	ok(strstr(said, "list:2] : 'crt' : cannot read") != NULL);
	ok(strstr(said, "list:3]") != NULL);
	ok(strstr(said, "list:4] : 'crt-list' : 'verify' expects an argument") != NULL);
}

/* ---- client certificates ---- */

static const char *
client_result(struct tls_bind *b, const struct pki *who, int version)
{
	static char text[256];
	SSL_CTX *ctx = raw_ctx();
	enum tls_result res;
	struct conn c;
	struct raw r;
	int sv[2];

	make_pair(sv);
	SSL_CTX_set_max_proto_version(ctx, version);
	if (who != NULL) {
		SSL_CTX_use_certificate(ctx, who->crt);
		SSL_CTX_use_PrivateKey(ctx, who->key);
	}
	side_init(&c, sv[0]);
	raw_init(&r, ctx, sv[1], NULL);
	WEIR_ASSERT(tls_accept(&c, b) == 0);
	res = shake(&c, &r);
	if (res == TLS_DONE)
		snprintf(text, sizeof(text), "%s %ld", tls_has_client_cert(c.tls) ? "cert" :
		    "none", tls_verify_result(c.tls));
	else
		snprintf(text, sizeof(text), "%s", strstr(tls_error_text(c.tls), "not trusted") ?
		    "not trusted" : strstr(tls_error_text(c.tls), "did not return") ?
		    "no certificate" : tls_error_text(c.tls));
	side_end(&c);
	raw_fini(&r);
	SSL_CTX_free(ctx);
	return text;
}

static void
write_crl(const char *name, const struct pki *issuer, const X509 *revoked)
{
	X509_CRL *crl = X509_CRL_new();
	X509_REVOKED *e = X509_REVOKED_new();
	ASN1_TIME *t = X509_gmtime_adj(NULL, 0);
	FILE *f;

	X509_CRL_set_version(crl, 1);
	X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer->crt));
	X509_CRL_set1_lastUpdate(crl, t);
	X509_gmtime_adj(t, 86400);
	X509_CRL_set1_nextUpdate(crl, t);
	X509_gmtime_adj(t, 0);
	X509_REVOKED_set_serialNumber(e, (ASN1_INTEGER *)(uintptr_t)
	    X509_get0_serialNumber(revoked));
	X509_REVOKED_set_revocationDate(e, t);
	X509_CRL_add0_revoked(crl, e);
	X509_CRL_sign(crl, issuer->key, EVP_sha256());
	f = fopen(pki_path(name), "w");
	PEM_write_X509_CRL(f, crl);
	fclose(f);
	X509_CRL_free(crl);
	ASN1_TIME_free(t);
}

static void
test_client_certs(void)
{
	struct pki good = pki_make("good", "DNS:good", &ca, 30);
	struct pki bad = pki_make("bad", "DNS:bad", &other_ca, 30);
	struct pki old = pki_make("old", "DNS:old", &ca, -1);
	char *crt = strdup(pki_path("ec8.pem")), *ca_file = strdup(pki_path("ca.pem"));
	char *crl_file = strdup(pki_path("crl.pem"));
	struct tls_source s = { .path = crt };
	struct tls_bind_conf conf = { .sources = &s, .where = "fe/1" };
	struct tls_bind *b;

	conf.opts.verify = TLS_VERIFY_REQUIRED;
	ok(try_bind(&conf) == NULL);
	ok(strstr(said, "'verify' : 'required' needs a 'ca-file'") != NULL);
	conf.opts.ca_file = ca_file;
	for (int v = TLS1_2_VERSION; v <= TLS1_3_VERSION; v++) {
		conf.opts.verify = TLS_VERIFY_REQUIRED;
		b = try_bind(&conf);
		is_str(client_result(b, &good, v), "cert 0");
		is_str(client_result(b, NULL, v), "no certificate");
		is_str(client_result(b, &bad, v), "not trusted");
		is_str(client_result(b, &old, v), "not trusted");
		tls_bind_unref(b);
		conf.opts.verify = TLS_VERIFY_OPTIONAL;
		b = try_bind(&conf);
		is_str(client_result(b, &good, v), "cert 0");
		is_str(client_result(b, NULL, v), "none 0");
		is_str(client_result(b, &bad, v), "not trusted");
		tls_bind_unref(b);
	}
	conf.opts.crt_ignore.bits[0] = 1ull << X509_V_ERR_CERT_HAS_EXPIRED;
	b = try_bind(&conf);
	is_str(client_result(b, &old, TLS1_3_VERSION), "cert 10");
	is_str(client_result(b, &bad, TLS1_3_VERSION), "not trusted");
	tls_bind_unref(b);
	conf.opts.crt_ignore.bits[0] = 0;
	write_crl("crl.pem", &ca, bad.crt);
	conf.opts.crl_file = crl_file;
	b = try_bind(&conf);
	is_str(client_result(b, &good, TLS1_3_VERSION), "cert 0");
	tls_bind_unref(b);
	write_crl("crl.pem", &ca, good.crt);
	b = try_bind(&conf);
	is_str(client_result(b, &good, TLS1_3_VERSION), "not trusted");
	tls_bind_unref(b);
	free(crt);
	free(ca_file);
	free(crl_file);
	pki_free(&good);
	pki_free(&bad);
	pki_free(&old);
}

/* ---- towards servers ---- */

static struct tls_server *
make_server(const char *ca_file, const char *verifyhost, int verify)
{
	struct tls_server_conf conf = { .opts = { .ca_file = ca_file, .verify = (uint8_t)verify },
	    .verifyhost = verifyhost, .where = "be/s" };
	struct tls_defaults g;
	struct tls_server *s;
	struct diag d;

	tls_defaults_init(&g);
	diag_init(&d, false);
	s = tls_server_new(&conf, &g, &d);
	diag_fini(&d);
	return s;
}

/* 1 verified, 0 refused, -1 the name cannot be used */
static int
reaches(struct tls_server *s, struct str sni, const struct pki *peer)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	struct conn c;
	struct raw r;
	int sv[2], rc;

	make_pair(sv);
	SSL_CTX_use_certificate(ctx, peer->crt);
	SSL_CTX_use_PrivateKey(ctx, peer->key);
	side_init(&c, sv[0]);
	raw_init(&r, ctx, sv[1], NULL);
	SSL_set_accept_state(r.ssl);
	rc = tls_connect(&c, s, sni);
	if (rc == 0)
		rc = shake(&c, &r) == TLS_DONE;
	side_end(&c);
	raw_fini(&r);
	SSL_CTX_free(ctx);
	tls_server_unref(s);
	return rc;
}

static void
test_servers(void)
{
	struct pki ip = pki_make("ip", "IP:127.0.0.1", &ca, 30);
	struct pki stranger = pki_make("www.example.com", "DNS:www.example.com", &other_ca, 30);
	char *file = strdup(pki_path("ca.pem"));

	is_int(reaches(make_server(file, NULL, 0), STR("www.example.com"), &leaf), 1);
	is_int(reaches(make_server(file, NULL, 0), STR("www.other.com"), &leaf), 0);
	is_int(reaches(make_server(file, NULL, 0), STR("www.example.com"), &stranger), 0);
	is_int(reaches(make_server(file, NULL, TLS_VERIFY_NONE), STR("x"), &stranger), 1);
	is_int(reaches(make_server(file, "example.com", 0), STR("www.other.com"), &leaf), 1);
	is_int(reaches(make_server(file, "other.com", 0), STR("www.example.com"), &leaf), 0);
	is_int(reaches(make_server(file, NULL, 0), STR("127.0.0.1"), &ip), 1);
	is_int(reaches(make_server(file, NULL, 0), STR("127.0.0.2"), &ip), 0);
	is_int(reaches(make_server(file, NULL, 0), STR("www.example.com\0.evil"), &leaf), -1);
	is_int(reaches(make_server(file, NULL, 0), STR_NONE, &leaf), 1);
	ok(make_server("/proc/none/ca.pem", NULL, 0) == NULL);
	free(file);
	pki_free(&ip);
	pki_free(&stranger);
}

/* ---- options ---- */

static void
test_options(void)
{
	struct tls_opts o = { .min_version = TLS1_2_VERSION };
	struct tls_source s = { .path = strdup(pki_path("ec8.pem")) };
	struct tls_bind_conf conf = { .sources = &s, .where = "fe/1" };

	is_u64(tls_opts_versions(&(struct tls_opts){ 0 }), 0xc);
	o.no_versions = 8;
	is_u64(tls_opts_versions(&o), 0x4);
	o.min_version = TLS1_VERSION;
	o.no_versions = 2;
	is_u64(tls_opts_versions(&o), 0xd);
	conf.opts.max_version = TLS1_1_VERSION;
	ok(try_bind(&conf) == NULL && strstr(said, "no TLS version is left") != NULL);
	conf.opts.max_version = 0;
	conf.opts.ciphers = "NO-SUCH-CIPHER";
	ok(try_bind(&conf) == NULL && strstr(said, "'ciphers' : unable to use") != NULL);
	conf.opts.ciphers = NULL;
	conf.opts.curves = "no-such-curve";
	ok(try_bind(&conf) == NULL && strstr(said, "'curves' : unable to use") != NULL);
	conf.opts.curves = NULL;
	conf.sources = NULL;
	ok(try_bind(&conf) == NULL && strstr(said, "no certificate is given") != NULL);
	free((char *)(uintptr_t)s.path);
}

/* ---- reloads ---- */

static void
test_sharing(void)
{
	char *path = strdup(pki_path("share.pem"));
	struct pki next = pki_make("next", "DNS:next", NULL, 30);
	struct tls_bind *a, *b;

	pki_write("share.pem", leaf.crt, NULL, leaf.key);
	a = try_crt(path);
	b = try_crt(path);
	ok(tls_bind_ctx(a) == tls_bind_ctx(b));
	is_u64(tls_store_contexts(), 1);
	tls_bind_unref(a);
	is_u64(tls_store_contexts(), 1);
	pki_write("share.pem", next.crt, NULL, next.key);
	a = try_crt(path);
	ok(tls_bind_ctx(a) != tls_bind_ctx(b));
	is_u64(tls_store_contexts(), 2);
	tls_bind_unref(a);
	tls_bind_unref(b);
	is_u64(tls_store_contexts(), 0);
	pki_free(&next);
	free(path);
}

/* Four RSA signatures a pass; who comes later waits with its edge. */
static void
test_budget(void)
{
	static struct loop loop;
	char *path = strdup(pki_path("rsa.pem"));
	struct tls_bind *b = try_crt(path);
	SSL_CTX *ctx = raw_ctx();
	struct conn c[6];
	struct raw r[6];
	int sv[2];

	loop_self = &loop;
	atomic_store(&loop.passes, 7);
	for (int i = 0; i < 6; i++) {
		make_pair(sv);
		side_init(&c[i], sv[0]);
		raw_init(&r[i], ctx, sv[1], NULL);
		WEIR_ASSERT(tls_accept(&c[i], b) == 0);
		SSL_do_handshake(r[i].ssl);
		raw_move(&r[i]);
		is_int(tls_handshake(&c[i]), TLS_AGAIN);
		ok(!!(c[i].flags & CONN_IN) == (i >= 4));
	}
	atomic_store(&loop.passes, 8);
	for (int i = 4; i < 6; i++) {
		is_int(tls_handshake(&c[i]), TLS_AGAIN);
		ok(!(c[i].flags & CONN_IN));
		is_int(shake(&c[i], &r[i]), TLS_DONE);
	}
	for (int i = 0; i < 6; i++) {
		side_end(&c[i]);
		raw_fini(&r[i]);
	}
	loop_self = NULL;
	SSL_CTX_free(ctx);
	tls_bind_unref(b);
	free(path);
}

int
main(void)
{
	pki_start();
	ca = pki_make("weir test CA", NULL, NULL, 365);
	other_ca = pki_make("other CA", NULL, NULL, 365);
	leaf = pki_make("example.com", "DNS:example.com,DNS:*.example.com", &ca, 30);
	rsa = pki_make_key(key_of(rsa_2048), "rsa", "DNS:both.example", &ca, 30);
	pki_write("ca.pem", ca.crt, NULL, NULL);
	test_good_files();
	test_bad_files();
	test_sni();
	test_crt_list();
	test_ec_and_rsa();
	test_client_certs();
	test_servers();
	test_options();
	test_budget();
	test_sharing();
	pki_free(&ca);
	pki_free(&other_ca);
	pki_free(&leaf);
	pki_free(&rsa);
	pki_end();
	return tap_done();
}
