/*
 * System V message queues in C: blocking msgsnd and msgrcv on two queues whose
 * keys are made of the directory.
 */

#include <sys/ipc.h>
#include <sys/msg.h>

#include "measure.h"

static struct { long type; char text[8192]; } message = { .type = 1 };
static int in, out;

static void open_side(int is_a, const char *directory)
{
    int there = msgget(ftok(directory, 1), 0);
    int back = msgget(ftok(directory, 2), 0);

    if (there < 0 || back < 0)
        fail("msgget", strerror(errno));
    in = is_a ? back : there;
    out = is_a ? there : back;
}

static void send_all(const char *data, size_t size)
{
    memcpy(message.text, data, size);
    while (msgsnd(out, &message, size, 0) < 0)
        if (errno != EINTR)
            fail("msgsnd", strerror(errno));
}

static void receive_all(char *data, size_t size)
{
    ssize_t count;

    while ((count = msgrcv(in, &message, sizeof message.text, 0, 0)) < 0)
        if (errno != EINTR)
            fail("msgrcv", strerror(errno));
    if ((size_t)count != size)
        fail("msgrcv", "a message of another size");
    memcpy(data, message.text, size);
    message.type = 1;
}
