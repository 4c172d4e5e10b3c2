/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls of the control side to other machines: HTTP, HTTPS and SMTP by libcurl,
 * driven by the control loop. Notifications, providers and scrapes go through here;
 * traffic of users never does.
 *
 * A call ends once, by `done`, within its timeout. Names are resolved by libcurl on a
 * thread of its own. Redirects are not followed, proxies of the environment not used.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_CTL_TRANSFER_H
#define WEIR_CTL_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct transfer;
typedef void transfer_fn(struct transfer *);

#define TRANSFER_ANSWER_MAX	(4u << 20)

/* The caller's; texts are borrowed until done. Zero what is not needed. */
struct transfer {
	const char	*url;		/* http, https, smtp, smtps */
	const char	*method;	/* NULL: POST with a body, else GET */
	const char	*const *fields;	/* "Name: value", ends with NULL */
	const char	*body;		/* of HTTP; the message of a mail */
	size_t		 body_len;
	const char	*from;		/* of a mail */
	const char	*const *to;	/* ends with NULL */
	const char	*user, *password;
	const char	*ca_file;	/* NULL: the system's */
	const char	*sigv4;		/* "aws:amz:REGION:SERVICE", NULL = none */
	uint64_t	 timeout_us;	/* of all of it, real time */
	size_t		 answer_max;	/* 0: TRANSFER_ANSWER_MAX */
	bool		 wants_fields;	/* of the answer, 32 KiB at most */
	transfer_fn	*done;
	void		*arg;
	/* the answer, valid within done; of HTTP, status 0: there was none */
	int		 status;
	const char	*answer;	/* ends with a 0 that is not counted */
	size_t		 answer_len;
	struct str	 reason;	/* with wants_fields: behind the status */
	struct str	 fields_in;	/* lines `Name: value` */
	char		 error[256];	/* "" = it went well, as far as libcurl is concerned */
	struct transfer_work *work;	/* its own; NULL: not under way */
};

void	transfer_start(struct transfer *t);	/* done comes later, never from here */
void	transfer_cancel(struct transfer *t);	/* done will not come; harmless when idle */
bool	transfer_is_running(const struct transfer *t);

#endif
