/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses of names, by the system's resolver. The last good answer is kept for
 * the life of the process and stands in when a later question fails: a reload
 * asks from inside the chroot, where /etc/hosts and /etc/resolv.conf are not, and
 * a name server that is gone must not make a good configuration bad.
 *
 * Thread: any but data threads; a mutex guards the list.
 */
#include "net/host.h"

#include <netdb.h>
#include <pthread.h>
#include <string.h>

#include "base/file_keep.h"
#include "base/xalloc.h"

struct host {
	struct host		*next;
	char			*name;		/* owned */
	int			 family;
	struct sockaddr_storage	 ss;
	socklen_t		 len;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct host *known;			/* under the lock */

static bool
ask_system(const char *name, int family, struct sockaddr_storage *ss, socklen_t *len)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_family = family };
	struct addrinfo *res = NULL;

	if (getaddrinfo(name, NULL, &hints, &res) != 0 || res == NULL)
		return false;
	memset(ss, 0, sizeof(*ss));
	memcpy(ss, res->ai_addr, res->ai_addrlen);
	*len = res->ai_addrlen;
	freeaddrinfo(res);
	return true;
}

static struct host *
find(const char *name, int family)
{
	struct host *h = known;

	while (h != NULL && (h->family != family || strcmp(h->name, name) != 0))
		h = h->next;
	return h;
}

static bool
recall(const char *name, int family, struct sockaddr_storage *ret_ss, socklen_t *ret_len)
{
	const struct host *h;

	pthread_mutex_lock(&lock);
	h = find(name, family);
	if (h != NULL) {
		*ret_ss = h->ss;
		*ret_len = h->len;
	}
	pthread_mutex_unlock(&lock);
	return h != NULL;
}

bool
host_resolve(const char *name, int family, struct sockaddr_storage *ret_ss,
    socklen_t *ret_len)
{
	struct sockaddr_storage ss;
	socklen_t len = 0;
	struct host *h;
	bool fresh;

	/* the same configuration once more: with the same addresses */
	if (file_keep_mode() == FILE_KEEP_REPLAY && recall(name, family, ret_ss, ret_len))
		return true;
	fresh = ask_system(name, family, &ss, &len);
	pthread_mutex_lock(&lock);
	h = find(name, family);
	if (h == NULL && fresh) {
		h = xcalloc(1, sizeof(*h));
		h->next = known;
		h->name = xstrdup(name);
		h->family = family;
		known = h;
	}
	if (fresh) {
		h->ss = ss;
		h->len = len;
	}
	if (h != NULL) {
		*ret_ss = h->ss;
		*ret_len = h->len;
	}
	pthread_mutex_unlock(&lock);
	return h != NULL;
}
