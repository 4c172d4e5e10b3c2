/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * recv(2) and send(2) without the C library's cancellation points: where there are
 * threads these cost two locked instructions a call, and no thread of ours is ever
 * cancelled. Under a sanitizer the library's are used, for it looks into them.
 *
 * Any thread.
 */
#ifndef WEIR_NET_SYSIO_H
#define WEIR_NET_SYSIO_H

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__has_feature)
#define SYSIO_WATCHED \
	(__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SYSIO_WATCHED	1
#else
#define SYSIO_WATCHED	0
#endif
#if SYSIO_WATCHED || !defined(SYS_recvfrom) || !defined(SYS_sendto)
#define SYSIO_PLAIN	0
#else
#define SYSIO_PLAIN	1
#endif

static inline ssize_t
sys_recv(int fd, void *buf, size_t len, int flags)
{
#if SYSIO_PLAIN
	return syscall(SYS_recvfrom, fd, buf, len, flags, NULL, NULL);
#else
	return recv(fd, buf, len, flags);
#endif
}

static inline ssize_t
sys_send(int fd, const void *buf, size_t len, int flags)
{
#if SYSIO_PLAIN
	return syscall(SYS_sendto, fd, buf, len, flags, NULL, 0);
#else
	return send(fd, buf, len, flags);
#endif
}

#endif
