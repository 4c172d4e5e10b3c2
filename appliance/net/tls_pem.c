/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PEM files: see tls_pem.h.
 *
 * A pair is read in two steps, so that the store can compare the bytes with what
 * it has before anything is parsed: a reload of ten thousand unchanged
 * certificates costs reading and hashing only.
 *
 * Control thread or a job thread.
 */
#include "net/tls_pem.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/file.h"
#include "base/xalloc.h"

#define FILE_MAX_BYTES	(64 * 1024 * 1024)
#define RSA_MIN_BITS	2048
#define EC_MIN_BITS	224

const char *
tls_last_reason(char *buf, size_t size)
{
	unsigned long e = ERR_peek_last_error();
	const char *reason = e != 0 ? ERR_reason_error_string(e) : NULL;

	snprintf(buf, size, "%s", reason != NULL ? reason : "unknown reason");
	ERR_clear_error();
	return buf;
}

int64_t
tls_time_s(const ASN1_TIME *t)
{
	struct tm tm;

	return ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

/* ---- files ---- */

static int
read_regular(int fd, size_t guess, struct tls_file *f)
{
	size_t cap = guess + 2, len = 0;
	char *bigger;
	ssize_t n;

	f->data = xmalloc(cap);
	while ((n = read(fd, f->data + len, cap - len - 1)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		len += (size_t)n;
		if (len > FILE_MAX_BYTES) {
			errno = EFBIG;
			return -1;
		}
		if (cap - len < 2) {	/* no realloc: it would leave a copy of a key */
			bigger = xmalloc(cap * 2);
			memcpy(bigger, f->data, len);
			OPENSSL_cleanse(f->data, len);
			free(f->data);
			f->data = bigger;
			cap *= 2;
		}
	}
	f->data[len] = '\0';
	f->len = len;
	return 0;
}

int
tls_file_read(const char *path, struct tls_file *ret_file)
{
	struct tls_file f = { 0 };
	struct stat st;
	int fd, rc = 0, saved;

	fd = file_open(path, O_RDONLY, 0);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) != 0)
		rc = -1;
	else if (S_ISDIR(st.st_mode))
		f.is_dir = true;
	else
		rc = read_regular(fd, st.st_size > 0 && st.st_size < FILE_MAX_BYTES ?
		    (size_t)st.st_size : 4096, &f);
	saved = errno;
	close(fd);
	if (rc != 0) {
		free(f.data);
		errno = saved;
		return -1;
	}
	f.mode = st.st_mode;
	*ret_file = f;
	return 0;
}

void
tls_file_fini(struct tls_file *f)
{
	if (f->data != NULL) {
		OPENSSL_cleanse(f->data, f->len);
		free(f->data);
	}
	memset(f, 0, sizeof(*f));
}

/* ---- PEM ---- */

static bool
is_key_name(const char *name)
{
	return strcmp(name, "PRIVATE KEY") == 0 || strcmp(name, "RSA PRIVATE KEY") == 0 ||
	    strcmp(name, "EC PRIVATE KEY") == 0;
}

static bool
is_cert_name(const char *name)
{
	return strcmp(name, PEM_STRING_X509) == 0 || strcmp(name, PEM_STRING_X509_OLD) == 0 ||
	    strcmp(name, PEM_STRING_X509_TRUSTED) == 0;
}

static int
take_cert(struct tls_pem *p, const char *name, const unsigned char *data, long len)
{
	X509 *x = strcmp(name, PEM_STRING_X509_TRUSTED) == 0 ? d2i_X509_AUX(NULL, &data, len) :
	    d2i_X509(NULL, &data, len);

	if (x == NULL)
		return -1;
	if (p->certs == NULL)
		p->certs = sk_X509_new_null();
	if (p->certs == NULL || sk_X509_push(p->certs, x) == 0) {
		X509_free(x);
		return -1;
	}
	return 0;
}

static int
take_crl(struct tls_pem *p, const unsigned char *data, long len)
{
	X509_CRL *crl = d2i_X509_CRL(NULL, &data, len);

	if (crl == NULL)
		return -1;
	if (p->crls == NULL)
		p->crls = sk_X509_CRL_new_null();
	if (p->crls == NULL || sk_X509_CRL_push(p->crls, crl) == 0) {
		X509_CRL_free(crl);
		return -1;
	}
	return 0;
}

static int
take_key(struct tls_pem *p, const char *header, const unsigned char *data, long len)
{
	if (strstr(header, "ENCRYPTED") != NULL) {
		p->has_encrypted_key = true;
		return 0;
	}
	if (p->key == NULL)
		p->key = d2i_AutoPrivateKey(NULL, &data, len);
	return p->key != NULL ? 0 : -1;
}

static int
take_dh(struct tls_pem *p, const unsigned char *data, long len)
{
	size_t left = (size_t)len;
	OSSL_DECODER_CTX *c;

	if (p->dh != NULL)
		return 0;
	c = OSSL_DECODER_CTX_new_for_pkey(&p->dh, "DER", NULL, "DH",
	    OSSL_KEYMGMT_SELECT_ALL_PARAMETERS, NULL, NULL);
	if (c == NULL)
		return -1;
	(void)OSSL_DECODER_from_data(c, &data, &left);
	OSSL_DECODER_CTX_free(c);
	return p->dh != NULL ? 0 : -1;
}

static int
take_block(struct tls_pem *p, const char *name, const char *header,
    const unsigned char *data, long len)
{
	if (is_cert_name(name))
		return take_cert(p, name, data, len);
	if (is_key_name(name))
		return take_key(p, header, data, len);
	if (strcmp(name, "ENCRYPTED PRIVATE KEY") == 0) {
		p->has_encrypted_key = true;
		return 0;
	}
	if (strcmp(name, PEM_STRING_X509_CRL) == 0)
		return take_crl(p, data, len);
	if (strcmp(name, PEM_STRING_DHPARAMS) == 0)
		return take_dh(p, data, len);
	return 0;	/* EC PARAMETERS and the like: not needed */
}

int
tls_pem_parse(const char *data, size_t len, struct tls_pem *ret_pem, char *err, size_t err_size)
{
	struct tls_pem p = { 0 };
	char *name, *header, reason[128];
	unsigned char *block;
	long block_len;
	int rc = 0;
	BIO *b = BIO_new_mem_buf(data, (int)len);

	if (b == NULL)
		return -1;
	for (int n = 1; rc == 0 && PEM_read_bio(b, &name, &header, &block, &block_len); n++) {
		rc = take_block(&p, name, header, block, block_len);
		if (rc != 0)
			snprintf(err, err_size, "block %d (%s) is damaged: %s", n, name,
			    tls_last_reason(reason, sizeof(reason)));
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_clear_free(block, (size_t)block_len);
	}
	if (rc == 0 && ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
		snprintf(err, err_size, "damaged PEM: %s", tls_last_reason(reason, sizeof(reason)));
		rc = -1;
	}
	ERR_clear_error();
	BIO_free(b);
	if (rc != 0)
		tls_pem_fini(&p);
	else
		*ret_pem = p;
	return rc;
}

void
tls_pem_fini(struct tls_pem *p)
{
	sk_X509_pop_free(p->certs, X509_free);
	sk_X509_CRL_pop_free(p->crls, X509_CRL_free);
	EVP_PKEY_free(p->key);
	EVP_PKEY_free(p->dh);
	memset(p, 0, sizeof(*p));
}

/* ---- pairs ---- */

/* Who may read and write a file with a key in it. */
static int
check_mode(const char *word, const char *path, mode_t mode, struct diag *d)
{
	if (mode & S_IWOTH) {
		diag_error(d, "'%s' : '%s' holds a private key and is writable by everybody "
		    "(mode %04o); refused. Run: chmod 0600 '%s'", word, path,
		    (unsigned)mode & 07777, path);
		return -1;
	}
	if (mode & S_IROTH)
		diag_warn(d, "'%s' : '%s' holds a private key and is readable by everybody "
		    "(mode %04o). Run: chmod 0600 '%s'", word, path, (unsigned)mode & 07777, path);
	return 0;
}

/* `path`.key, when it is there. */
static int
read_key_file(const char *word, const char *path, struct tls_file *ret_file, struct diag *d)
{
	char *key_path = xasprintf("%s.key", path);
	int rc = 0;

	if (tls_file_read(key_path, ret_file) == 0)
		rc = check_mode(word, key_path, ret_file->mode, d);
	else if (errno != ENOENT) {
		diag_error(d, "'%s' : cannot read '%s': %s.", word, key_path, strerror(errno));
		rc = -1;
	}
	free(key_path);
	return rc;
}

int
tls_pair_read(const char *word, const char *path, struct tls_pair *ret_pair, struct diag *d)
{
	struct tls_pair p = { 0 };
	int rc;

	if (tls_file_read(path, &p.files[0]) != 0) {
		diag_error(d, "'%s' : cannot read '%s': %s.", word, path, strerror(errno));
		return -1;
	}
	if (p.files[0].is_dir) {
		diag_error(d, "'%s' : '%s' is a folder, a file is expected here.", word, path);
		return -1;
	}
	if (strstr(p.files[0].data, "PRIVATE KEY-----") != NULL)
		rc = check_mode(word, path, p.files[0].mode, d);
	else
		rc = read_key_file(word, path, &p.files[1], d);
	if (rc != 0) {
		tls_pair_fini(&p);
		return -1;
	}
	*ret_pair = p;
	return 0;
}

static int
no_key(const char *word, const char *path, const struct tls_pair *p, bool is_encrypted,
    struct diag *d)
{
	if (is_encrypted)
		diag_error(d, "'%s' : the private key for '%s' is encrypted with a passphrase; "
		    "nobody can type it here. Decrypt it: openssl pkey -in KEY -out NEWKEY",
		    word, path);
	else if (p->files[1].data != NULL)
		diag_error(d, "'%s' : '%s.key' holds no private key (-----BEGIN PRIVATE KEY----- "
		    "expected).", word, path);
	else
		diag_error(d, "'%s' : no private key for '%s': neither in it nor in '%s.key'.",
		    word, path, path);
	return -1;
}

static int
check_match(const char *word, const char *path, const struct tls_pair *p, struct diag *d)
{
	const char *of = p->files[1].data != NULL ? ".key" : "";

	if (X509_check_private_key(sk_X509_value(p->pem.certs, 0), p->pem.key) == 1)
		return 0;
	for (int i = 1; i < sk_X509_num(p->pem.certs); i++)
		if (X509_check_private_key(sk_X509_value(p->pem.certs, i), p->pem.key) == 1) {
			ERR_clear_error();
			diag_error(d, "'%s' : the private key in '%s%s' belongs to certificate %d "
			    "of '%s', not to the first: put that one first.", word, path, of,
			    i + 1, path);
			return -1;
		}
	ERR_clear_error();
	diag_error(d, "'%s' : the private key in '%s%s' does not belong to the certificate in "
	    "'%s'.", word, path, of, path);
	return -1;
}

static int
check_strength(const char *word, const char *path, const EVP_PKEY *key, struct diag *d)
{
	int bits = EVP_PKEY_get_bits(key), min = 0;

	if (EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_is_a(key, "RSA-PSS"))
		min = RSA_MIN_BITS;
	else if (EVP_PKEY_is_a(key, "EC"))
		min = EC_MIN_BITS;
	if (bits >= min)
		return 0;
	diag_error(d, "'%s' : the key of '%s' has %d bits; at least %d are needed.", word, path,
	    bits, min);
	return -1;
}

static void
check_dates(const char *word, const char *path, const X509 *leaf, struct diag *d)
{
	if (X509_cmp_current_time(X509_get0_notAfter(leaf)) < 0)
		diag_warn(d, "'%s' : the certificate in '%s' has expired.", word, path);
	else if (X509_cmp_current_time(X509_get0_notBefore(leaf)) > 0)
		diag_warn(d, "'%s' : the certificate in '%s' is not yet valid.", word, path);
}

static int
parse_file(const char *word, const char *path, const char *suffix, const struct tls_file *f,
    struct tls_pem *ret_pem, struct diag *d)
{
	char err[256] = "no memory";

	if (tls_pem_parse(f->data, f->len, ret_pem, err, sizeof(err)) == 0)
		return 0;
	diag_error(d, "'%s' : '%s%s': %s.", word, path, suffix, err);
	return -1;
}

/* The key comes from the second file. */
static int
parse_key_file(const char *word, const char *path, struct tls_pair *p, bool *ret_encrypted,
    struct diag *d)
{
	struct tls_pem pem;

	if (parse_file(word, path, ".key", &p->files[1], &pem, d) != 0)
		return -1;
	p->pem.key = pem.key;
	pem.key = NULL;
	*ret_encrypted = pem.has_encrypted_key;
	tls_pem_fini(&pem);
	return 0;
}

int
tls_pair_parse(const char *word, const char *path, struct tls_pair *p, struct diag *d)
{
	bool is_split = p->files[1].data != NULL, is_encrypted;

	if (parse_file(word, path, "", &p->files[0], &p->pem, d) != 0)
		return -1;
	if (sk_X509_num(p->pem.certs) <= 0) {
		diag_error(d, "'%s' : '%s' holds no certificate (-----BEGIN CERTIFICATE----- "
		    "expected%s).", word, path,
		    p->files[0].len > 2 && p->files[0].data[0] == 0x30 ? "; is it DER?" : "");
		return -1;
	}
	is_encrypted = p->pem.has_encrypted_key;
	if (is_split && parse_key_file(word, path, p, &is_encrypted, d) != 0)
		return -1;
	if (p->pem.key == NULL)
		return no_key(word, path, p, is_encrypted, d);
	if (check_match(word, path, p, d) != 0 ||
	    check_strength(word, path, p->pem.key, d) != 0)
		return -1;
	check_dates(word, path, sk_X509_value(p->pem.certs, 0), d);
	return 0;
}

void
tls_pair_fini(struct tls_pair *p)
{
	tls_pem_fini(&p->pem);
	tls_file_fini(&p->files[0]);
	tls_file_fini(&p->files[1]);
}
