/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The PROXY protocol (haproxy.org, proxy-protocol.txt, sections 2.1 and 2.2).
 *
 * v1 is one text line of at most 107 bytes; v2 a 16-byte binary head, an address
 * block and TLVs. Only what is complete and valid is taken; a header longer than
 * PP_MAX_BYTES is refused. A CRC32c TLV is checked when it is there.
 *
 * Thread: any; nothing is shared.
 */
#include "net/pp.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/out.h"
#include "base/xalloc.h"

static const char v2_sig[12] = "\r\n\r\n\0\r\nQUIT\n";

#define V1_MAX	107
#define TLV_ALPN	0x01
#define TLV_AUTHORITY	0x02
#define TLV_CRC32C	0x03
#define TLV_UNIQUE_ID	0x05
#define TLV_SSL		0x20
#define SUB_VERSION	0x21
#define SUB_CN		0x22
#define SUB_CIPHER	0x23
#define SUB_SIG		0x24
#define SUB_KEY		0x25

#define CLIENT_SSL	0x01
#define CLIENT_CERT_CONN 0x02
#define CLIENT_CERT_SESS 0x04

void
pp_info_free(struct pp_info *p)
{
	if (p == NULL)
		return;
	free(p->authority);
	free(p->unique_id);
	free(p->tlvs);
	free(p);
}

/* CRC-32C, polynomial 0x82f63b78 reflected (RFC 3720 appendix B.4). */
static uint32_t
crc32c(uint32_t crc, const uint8_t *p, size_t len)
{
	crc = ~crc;
	while (len-- != 0) {
		crc ^= *p++;
		for (int i = 0; i < 8; i++)
			crc = (crc >> 1) ^ (0x82f63b78u & (0u - (crc & 1)));
	}
	return ~crc;
}

/* ---- reading v1 ---- */

static bool
v1_address(int family, struct str ip, struct str port, struct ip_port *ret)
{
	char text[INET6_ADDRSTRLEN];
	uint64_t n;

	if (ip.len == 0 || ip.len >= sizeof text || !str_to_u64(port, &n) || n > 65535 ||
	    (port.len > 1 && port.p[0] == '0'))
		return false;
	memcpy(text, ip.p, ip.len);
	text[ip.len] = '\0';
	memset(ret, 0, sizeof *ret);
	ret->family = (uint8_t)family;
	ret->port = (uint16_t)n;
	return inet_pton(family, text, &ret->ip) == 1;
}

static bool
next_word(struct str *rest, struct str *ret_word)
{
	const char *blank = rest->len == 0 ? NULL : memchr(rest->p, ' ', rest->len);

	if (rest->len == 0)
		return false;
	ret_word->p = rest->p;
	ret_word->len = blank != NULL ? (size_t)(blank - rest->p) : rest->len;
	rest->p += ret_word->len + (blank != NULL);
	rest->len -= ret_word->len + (blank != NULL);
	return ret_word->len != 0;
}

static enum pp_result
v1_line(struct str line, struct pp_info *info)
{
	struct str proto, src, dst, sport, dport;
	int family;

	line.p += 6;		/* "PROXY " was seen */
	line.len -= 6;
	if (!next_word(&line, &proto))
		return PP_BAD;
	if (str_is(proto, "UNKNOWN")) {
		info->is_local = true;
		return PP_DONE;
	}
	family = str_is(proto, "TCP4") ? AF_INET : str_is(proto, "TCP6") ? AF_INET6 : 0;
	if (family == 0)
		return PP_PROTO;
	return next_word(&line, &src) && next_word(&line, &dst) &&
	    next_word(&line, &sport) && next_word(&line, &dport) && line.len == 0 &&
	    v1_address(family, src, sport, &info->src) &&
	    v1_address(family, dst, dport, &info->dst) ? PP_DONE : PP_BAD;
}

static enum pp_result
parse_v1(const char *buf, size_t len, size_t *ret_used, struct pp_info *info)
{
	const char *lf = memchr(buf, '\n', len < V1_MAX ? len : V1_MAX);

	if (lf == NULL)
		return len >= V1_MAX ? PP_LONG : PP_MORE;
	if (lf == buf || lf[-1] != '\r')
		return PP_BAD;
	*ret_used = (size_t)(lf - buf) + 1;
	return v1_line((struct str){ buf, (size_t)(lf - buf) - 1 }, info);
}

/* ---- reading v2 ---- */

static uint16_t
be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

/* Address block by family byte; its size, or 0 for an unknown or short one. */
static size_t
v2_addresses(uint8_t family, const uint8_t *p, size_t len, struct pp_info *info)
{
	memset(&info->src, 0, sizeof info->src);
	memset(&info->dst, 0, sizeof info->dst);
	switch (family >> 4) {
	case 1:
		if (len < 12)
			return 0;
		info->src.family = info->dst.family = AF_INET;
		memcpy(&info->src.ip.v4, p, 4);
		memcpy(&info->dst.ip.v4, p + 4, 4);
		info->src.port = be16(p + 8);
		info->dst.port = be16(p + 10);
		return 12;
	case 2:
		if (len < 36)
			return 0;
		info->src.family = info->dst.family = AF_INET6;
		memcpy(&info->src.ip.v6, p, 16);
		memcpy(&info->dst.ip.v6, p + 16, 16);
		info->src.port = be16(p + 32);
		info->dst.port = be16(p + 34);
		return 36;
	case 3:
		if (len < 216)
			return 0;
		info->src.family = info->dst.family = AF_UNIX;
		return 216;
	default:
		return 0;
	}
}

static void
keep_text(const uint8_t *p, size_t len, char **ret_text, size_t *ret_len)
{
	free(*ret_text);
	*ret_text = xstrndup((const char *)p, len);
	*ret_len = len;
}

/* all = the whole header, for the checksum; tlvs lie inside it */
static bool
v2_tlvs(const uint8_t *all, size_t all_len, const uint8_t *p, size_t len, struct pp_info *info)
{
	info->tlvs_len = len;
	if (len != 0)
		info->tlvs = xmalloc(len), memcpy(info->tlvs, p, len);
	while (len != 0) {
		size_t n;

		if (len < 3 || (n = be16(p + 1)) > len - 3)
			return false;
		if (p[0] == TLV_AUTHORITY)
			keep_text(p + 3, n, &info->authority, &info->authority_len);
		else if (p[0] == TLV_UNIQUE_ID)
			keep_text(p + 3, n, &info->unique_id, &info->unique_id_len);
		else if (p[0] == TLV_SSL && n >= 5) {
			info->ssl_flags = p[3];
			info->has_ssl = (p[3] & CLIENT_SSL) != 0;
		} else if (p[0] == TLV_CRC32C) {
			static const uint8_t zero[4];
			uint32_t crc;

			if (n != 4)
				return false;
			crc = crc32c(0, all, (size_t)(p + 3 - all));
			crc = crc32c(crc, zero, 4);
			crc = crc32c(crc, p + 7, all_len - (size_t)(p + 7 - all));
			if (crc != ((uint32_t)be16(p + 3) << 16 | be16(p + 5)))
				return false;
		}
		p += 3 + n;
		len -= 3 + n;
	}
	return true;
}

static enum pp_result
parse_v2(const uint8_t *p, size_t len, size_t *ret_used, struct pp_info *info)
{
	size_t body, addr;

	if (len < 16)
		return PP_MORE;
	body = be16(p + 14);
	if ((p[12] & 0xf0) != 0x20)
		return PP_FOREIGN;
	if ((p[12] & 0x0f) > 1 || body + 16 > PP_MAX_BYTES)
		return PP_BAD;
	if (len < 16 + body)
		return PP_MORE;
	*ret_used = 16 + body;
	if ((p[12] & 0x0f) == 0 || p[13] == 0) {
		info->is_local = true;
		return PP_DONE;
	}
	if ((p[13] & 0x0f) != 1)
		return PP_PROTO;	/* not a stream */
	addr = v2_addresses(p[13], p + 16, body, info);
	if (addr == 0)
		return PP_BAD;
	if (info->src.family == AF_UNIX)
		info->is_local = true;
	return v2_tlvs(p, 16 + body, p + 16 + addr, body - addr, info) ? PP_DONE : PP_BAD;
}

enum pp_result
pp_parse(const char *buf, size_t len, size_t *ret_used, struct pp_info **ret_info)
{
	struct pp_info *info;
	enum pp_result r;
	size_t n;

	n = len < sizeof v2_sig ? len : sizeof v2_sig;
	if (memcmp(buf, v2_sig, n) == 0) {
		if (n < sizeof v2_sig)
			return PP_MORE;
		info = xcalloc(1, sizeof *info);
		r = parse_v2((const uint8_t *)buf, len, ret_used, info);
	} else {
		n = len < 6 ? len : 6;
		if (memcmp(buf, "PROXY ", n) != 0)
			return PP_FOREIGN;
		if (n < 6)
			return PP_MORE;
		info = xcalloc(1, sizeof *info);
		r = parse_v1(buf, len, ret_used, info);
	}
	if (r == PP_DONE)
		*ret_info = info;
	else
		pp_info_free(info);
	return r;
}

/* ---- writing ---- */

static bool
both_are(const struct pp_out *o, int family)
{
	return o->src.family == family && o->dst.family == family;
}

static void
write_ip(struct out *o, const struct ip_port *p)
{
	char text[64];

	out_mem(o, text, ip_text(p, text, sizeof text));
}

size_t
pp_write_v1(const struct pp_out *p, char *buf, size_t size)
{
	struct out o;

	out_init(&o, buf, size);
	if (p->is_local || !(both_are(p, AF_INET) || both_are(p, AF_INET6))) {
		out_lit(&o, "PROXY UNKNOWN\r\n");
		return o.overflow ? 0 : out_len(&o);
	}
	out_z(&o, p->src.family == AF_INET ? "PROXY TCP4 " : "PROXY TCP6 ");
	write_ip(&o, &p->src);
	out_char(&o, ' ');
	write_ip(&o, &p->dst);
	out_char(&o, ' ');
	out_u64(&o, p->src.port);
	out_char(&o, ' ');
	out_u64(&o, p->dst.port);
	out_lit(&o, "\r\n");
	return o.overflow ? 0 : out_len(&o);
}

static void
put16(struct out *o, unsigned v)
{
	out_char(o, (char)(v >> 8));
	out_char(o, (char)v);
}

static void
put_tlv(struct out *o, uint8_t type, struct str v)
{
	if (v.len == 0 || v.len > 1024)
		return;
	out_char(o, (char)type);
	put16(o, (unsigned)v.len);
	out_str(o, v);
}

static void
put_ssl_tlv(struct out *o, const struct pp_out *p)
{
	char *len_at;
	uint32_t verify = htonl((uint32_t)p->verify_result);
	unsigned flags = p->has_ssl ? CLIENT_SSL : 0;

	if (p->client_cert)
		flags |= CLIENT_CERT_CONN | CLIENT_CERT_SESS;
	out_char(o, TLV_SSL);
	len_at = o->p;
	put16(o, 0);
	out_char(o, (char)flags);
	out_mem(o, &verify, 4);
	if (p->has_ssl && p->ssl_version != NULL)
		put_tlv(o, SUB_VERSION, str_of(p->ssl_version));
	if ((p->options & PP2_OPT_CERT_CN) && p->cn.len != 0)
		put_tlv(o, SUB_CN, p->cn);
	if ((p->options & PP2_OPT_SSL_CIPHER) && p->ssl_cipher != NULL)
		put_tlv(o, SUB_CIPHER, str_of(p->ssl_cipher));
	if ((p->options & PP2_OPT_CERT_SIG) && p->sig_alg.len != 0)
		put_tlv(o, SUB_SIG, p->sig_alg);
	if ((p->options & PP2_OPT_CERT_KEY) && p->key_alg.len != 0)
		put_tlv(o, SUB_KEY, p->key_alg);
	if (!o->overflow) {
		size_t n = (size_t)(o->p - len_at) - 2;

		len_at[0] = (char)(n >> 8);
		len_at[1] = (char)n;
	}
}

static void
put_addresses(struct out *o, const struct pp_out *p)
{
	size_t n = p->src.family == AF_INET ? 4 : 16;

	out_mem(o, &p->src.ip, n);
	out_mem(o, &p->dst.ip, n);
	put16(o, p->src.port);
	put16(o, p->dst.port);
}

size_t
pp_write_v2(const struct pp_out *p, char *buf, size_t size)
{
	bool known = !p->is_local && (both_are(p, AF_INET) || both_are(p, AF_INET6));
	char *crc_at = NULL;
	struct out o;
	size_t body;

	out_init(&o, buf, size);
	out_mem(&o, v2_sig, sizeof v2_sig);
	out_char(&o, p->is_local ? 0x20 : 0x21);
	out_char(&o, !known ? 0 : p->src.family == AF_INET ? 0x11 : 0x21);
	put16(&o, 0);
	if (known)
		put_addresses(&o, p);
	if (p->options & PP2_OPT_CRC32C) {
		out_char(&o, TLV_CRC32C);
		put16(&o, 4);
		crc_at = o.p;
		out_mem(&o, "\0\0\0", 4);
	}
	if (p->options & PP2_OPT_AUTHORITY)
		put_tlv(&o, TLV_AUTHORITY, p->authority);
	if (p->options & PP2_OPT_UNIQUE_ID)
		put_tlv(&o, TLV_UNIQUE_ID, p->unique_id);
	if (p->options & PP2_OPT_SSL)
		put_ssl_tlv(&o, p);
	if (o.overflow)
		return 0;
	body = out_len(&o) - 16;
	buf[14] = (char)(body >> 8);
	buf[15] = (char)body;
	if (crc_at != NULL) {
		uint32_t crc = htonl(crc32c(0, (const uint8_t *)buf, out_len(&o)));

		memcpy(crc_at, &crc, 4);
	}
	return out_len(&o);
}
