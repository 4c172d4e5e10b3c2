/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DNS messages (RFC 1035, 2782, 3596, 6891); see dns_msg.h. An answer is read in
 * one go: first the question is compared, then records are taken whose owner is the
 * name that was asked for or the end of the chain of its CNAMEs so far.
 *
 * Thread: any.
 */
#include "net/dns_msg.h"

#include <ctype.h>
#include <string.h>

#include "base/str.h"

#define HEADER		12
#define MAX_JUMPS	16
#define FLAG_QR		0x8000u
#define FLAG_TC		0x0200u
#define CLASS_IN	1

static unsigned
get16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static uint8_t *
put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
	return p + 2;
}

/* ---- questions ---- */

static bool
is_name_char(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_';
}

bool
dns_name_ok(const char *name)
{
	size_t label = 0, len = strlen(name);

	if (len == 0 || len > DNS_NAME_BYTES - 3)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (name[i] == '.') {
			if (label == 0)
				return false;
			label = 0;
		} else if (!is_name_char(name[i]) || ++label > 63)
			return false;
	}
	return true;
}

static uint8_t *
put_name(uint8_t *p, const char *name)
{
	while (*name != '\0') {
		size_t n = strcspn(name, ".");

		*p++ = (uint8_t)n;
		memcpy(p, name, n);
		p += n;
		name += n + (name[n] == '.');
	}
	*p++ = 0;
	return p;
}

/* How large an answer may be: an OPT record. */
static uint8_t *
put_opt(uint8_t *p, uint16_t payload)
{
	*p++ = 0;
	p = put16(p, DNS_OPT);
	p = put16(p, payload);
	memset(p, 0, 6);
	return p + 6;
}

size_t
dns_query(uint16_t id, const char *name, enum dns_type type, uint16_t payload,
    uint8_t buf[DNS_QUERY_BYTES])
{
	uint8_t *p = buf;

	if (!dns_name_ok(name))
		return 0;
	p = put16(p, id);
	p = put16(p, 0x0100);		/* recursion desired */
	p = put16(p, 1);
	p = put16(p, 0);
	p = put16(p, 0);
	p = put16(p, payload > 512);
	p = put_name(p, name);
	p = put16(p, type);
	p = put16(p, CLASS_IN);
	if (payload > 512)
		p = put_opt(p, payload);
	return (size_t)(p - buf);
}

/* ---- answers ---- */

struct reader {
	const uint8_t	*msg;
	size_t		 len, at;
};

int
dns_id(const uint8_t *msg, size_t len)
{
	return len < HEADER || !(get16(msg + 2) & FLAG_QR) ? -1 : (int)get16(msg);
}

/* One label to the text; false: too long. */
static bool
add_label(char *text, size_t *len, const uint8_t *label, size_t n)
{
	if (*len + n + 2 > DNS_NAME_BYTES)
		return false;
	if (*len > 0)
		text[(*len)++] = '.';
	for (size_t i = 0; i < n; i++) {
		if (label[i] <= ' ' || label[i] >= 0x7f || label[i] == '.')
			return false;
		text[(*len)++] = (char)tolower(label[i]);
	}
	return true;
}

/* The name at r->at, which moves behind it. */
static bool
read_name(struct reader *r, char text[DNS_NAME_BYTES])
{
	size_t at = r->at, len = 0, limit = r->at;
	int jumps = 0;

	for (;;) {
		if (at >= r->len)
			return false;
		if ((r->msg[at] & 0xc0) == 0xc0) {
			if (at + 1 >= r->len || ++jumps > MAX_JUMPS)
				return false;
			if (jumps == 1)
				r->at = at + 2;
			at = get16(r->msg + at) & 0x3fff;
			if (at >= limit)	/* backwards only: no loops */
				return false;
			limit = at;
		} else if (r->msg[at] & 0xc0)
			return false;
		else if (r->msg[at] == 0)
			break;
		else {
			size_t n = r->msg[at];

			if (at + 1 + n >= r->len || !add_label(text, &len, r->msg + at + 1, n))
				return false;
			at += 1 + n;
		}
	}
	text[len] = '\0';
	if (jumps == 0)
		r->at = at + 1;
	return true;
}

static bool
is_same_name(const char *text, const char *name)
{
	size_t n = strlen(name);

	if (n > 0 && name[n - 1] == '.')
		n--;
	return strlen(text) == n && strncasecmp(text, name, n) == 0;
}

static bool
check_question(struct reader *r, const char *name, enum dns_type type)
{
	char text[DNS_NAME_BYTES];

	if (get16(r->msg + 4) != 1 || !read_name(r, text) || r->at + 4 > r->len)
		return false;
	if (!is_same_name(text, name) || get16(r->msg + r->at) != type ||
	    get16(r->msg + r->at + 2) != CLASS_IN)
		return false;
	r->at += 4;
	return true;
}

static bool
take_ip(const uint8_t *data, size_t len, enum dns_type type, struct dns_record *rec)
{
	if (len != (type == DNS_A ? 4u : 16u))
		return false;
	rec->ip.family = type == DNS_A ? AF_INET : AF_INET6;
	memcpy(&rec->ip.ip, data, len);
	return true;
}

static bool
take_srv(const struct reader *r, size_t at, size_t len, struct dns_record *rec)
{
	struct reader name = { r->msg, at + len, at + 6 };

	if (len < 7)
		return false;
	rec->priority = (uint16_t)get16(r->msg + at);
	rec->weight = (uint16_t)get16(r->msg + at + 2);
	rec->port = (uint16_t)get16(r->msg + at + 4);
	return read_name(&name, rec->target) && name.at == at + len;
}

/* One record at r->at; false: not well formed. owner: whose records are wanted. */
static bool
take_record(struct reader *r, enum dns_type type, char owner[DNS_NAME_BYTES],
    struct dns_answer *ret)
{
	char text[DNS_NAME_BYTES];
	struct dns_record rec = { 0 };
	unsigned rtype, rclass;
	size_t at, len;

	if (!read_name(r, text) || r->at + 10 > r->len)
		return false;
	rtype = get16(r->msg + r->at);
	rclass = get16(r->msg + r->at + 2);
	len = get16(r->msg + r->at + 8);
	at = r->at + 10;
	if (len > r->len - at)
		return false;
	r->at = at + len;
	if (rclass != CLASS_IN || strcmp(text, owner) != 0)
		return true;
	if (rtype == DNS_CNAME) {
		struct reader name = { r->msg, at + len, at };

		ret->has_cname = true;
		return read_name(&name, owner) && name.at == at + len;
	}
	if (rtype != type)
		return true;
	if (type == DNS_SRV ? !take_srv(r, at, len, &rec) :
	    !take_ip(r->msg + at, len, type, &rec))
		return false;
	if (ret->n < DNS_RECORDS)
		ret->records[ret->n++] = rec;
	return true;
}

static enum dns_result
result_of(const uint8_t *msg)
{
	switch (get16(msg + 2) & 0xf) {
	case 0: return DNS_VALID;
	case 3: return DNS_NX;
	case 5: return DNS_REFUSED;
	default: return DNS_OTHER;
	}
}

void
dns_parse(const uint8_t *msg, size_t len, const char *name, enum dns_type type,
    struct dns_answer *ret)
{
	struct reader r = { msg, len, HEADER };
	char owner[DNS_NAME_BYTES];
	unsigned n;

	ret->n = 0;
	ret->has_cname = false;
	ret->result = DNS_INVALID;
	if (len < HEADER || !(get16(msg + 2) & FLAG_QR) || !check_question(&r, name, type))
		return;
	ret->result = result_of(msg);
	if (ret->result != DNS_VALID)
		return;
	if (get16(msg + 2) & FLAG_TC) {
		ret->result = DNS_TRUNCATED;
		return;
	}
	r.at = HEADER;
	(void)read_name(&r, owner);
	r.at += 4;
	for (n = get16(msg + 6); n > 0; n--)
		if (!take_record(&r, type, owner, ret)) {
			ret->result = DNS_INVALID;
			ret->n = 0;
			return;
		}
	if (ret->n == 0)
		ret->result = ret->has_cname ? DNS_CNAME_ERROR : DNS_EMPTY;
}
