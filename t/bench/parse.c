/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * parse.c: how many instructions the HTTP/1 parser and writer need for the
 * messages of benchmark row S1. Run it under callgrind with --toggle-collect=
 * one of the bench_* functions; it does a fixed number of rounds and prints
 * what it did. Built with the release flags and no -march.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/h1.h"
#include "http/h1_out.h"

#define ROUNDS	10000

static const char request_text[] =
	"GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: bench/1.0\r\nAccept: */*\r\n\r\n";
static const char response_text[] =
	"HTTP/1.1 200 OK\r\nDate: Mon, 05 Oct 2026 10:00:00 GMT\r\nContent-Length: 128\r\n"
	"Content-Type: text/plain\r\nServer: backend\r\n\r\n"
	"12345678901234567890123456789012345678901234567890123456789012345678901234567890"
	"123456789012345678901234567890123456789012345678";

static const struct h1_limits limits = { .head_bytes = 16384, .fields = 101 };
static char text[2][4096];
static struct http_field fields[2][101];
static struct http_msg request, response;

void bench_request(void);
void bench_response(void);
void bench_out_request(void);
void bench_out_response(void);

/* not static: callgrind finds them by name */
__attribute__((noinline)) void
bench_request(void)
{
	struct h1_parser p;
	size_t used;

	http_msg_init(&request, text[0], sizeof(text[0]), fields[0], 101);
	h1_parser_init(&p, false);
	if (h1_parse(&p, &request, NULL, &limits, request_text, sizeof(request_text) - 1,
	    &used) != H1_DONE)
		abort();
}

__attribute__((noinline)) void
bench_response(void)
{
	struct h1_parser p;
	size_t used;

	http_msg_init(&response, text[1], sizeof(text[1]), fields[1], 101);
	h1_parser_init(&p, true);
	if (h1_parse(&p, &response, &request, &limits, response_text,
	    sizeof(response_text) - 1, &used) != H1_DONE)
		abort();
}

__attribute__((noinline)) void
bench_out_request(void)
{
	struct h1_out_opts o = { .version = 11 };
	struct iovec iov[H1_OUT_IOV];
	char scratch[512];

	if (h1_out_request(&request, &o, iov, scratch, sizeof(scratch)) == 0)
		abort();
}

__attribute__((noinline)) void
bench_out_response(void)
{
	struct h1_out_opts o = { .version = 11, .body = HTTP_BODY_LENGTH, .send_length = true,
	    .content_length = response.content_length };
	struct iovec iov[H1_OUT_IOV];
	char scratch[512];

	if (h1_out_response(&response, &o, iov, scratch, sizeof(scratch)) == 0)
		abort();
}

int
main(void)
{
	int i;

	h1_scan_init();
	for (i = 0; i < ROUNDS; i++) {
		bench_request();
		bench_response();
		bench_out_request();
		bench_out_response();
	}
	printf("%d rounds, scanner %s\n", ROUNDS, h1_scan_name());
	return 0;
}
