/*
 * Messages on Unix sockets in C, on descriptor 3: blocking send and recvmsg,
 * ready for descriptors to come with each message, and told who has sent it.
 */

#define _GNU_SOURCE
#include "measure.h"

#include <sys/socket.h>

enum { SOCKET = 3, MOST_FDS = 253 };

static void open_side(int is_a, const char *directory)
{
    int on = 1;

    (void)is_a;
    (void)directory;
#ifdef SO_PASSCRED
    if (setsockopt(SOCKET, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) < 0)
        fail("setsockopt", strerror(errno));
#endif
}

static void send_all(const char *data, size_t size)
{
    while (send(SOCKET, data, size, 0) < 0)
        if (errno != EINTR)
            fail("send", strerror(errno));
}

static void receive_all(char *data, size_t size)
{
    static union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(MOST_FDS * sizeof(int)) + CMSG_SPACE(12)];
    } control;
    struct iovec part = {.iov_base = data, .iov_len = size};
    struct msghdr message = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof control.bytes,
    };
    ssize_t count;

    while ((count = recvmsg(SOCKET, &message, 0)) < 0)
        if (errno != EINTR)
            fail("recvmsg", strerror(errno));
    if ((size_t)count != size)
        fail("recvmsg", "a message of another size");
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c != NULL;
         c = CMSG_NXTHDR(&message, c))
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
            fail("recvmsg", "nobody has sent a descriptor");
}
