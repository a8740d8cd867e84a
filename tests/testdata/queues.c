/*
 * The other side of message queues, in plain C.
 *
 * queues posix serve REQUESTS ANSWERS   answers each message with its bytes
 *                                       reversed and its priority plus one,
 *                                       until an empty one comes
 * queues posix ask REQUESTS ANSWERS N   the same game as the client, on queues
 *                                       that it makes and that hold N messages
 * queues sysv serve PATH                "pong" of type 11 for each "ping" of
 *                                       type 10, on the key of PATH and 65
 * queues sysv ask PATH N                the client of that; it makes the queue
 *
 * Each prints how many messages it has received.
 */

#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>

enum { PING = 10, PONG = 11, PROJECT = 65, SIZE = 128 };

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void reverse(char *data, ssize_t length)
{
    for (ssize_t i = 0, j = length - 1; i < j; i++, j--) {
        char byte = data[i];
        data[i] = data[j];
        data[j] = byte;
    }
}

static int posix_serve(const char *requests, const char *answers)
{
    mqd_t in = mq_open(requests, O_RDONLY);
    mqd_t out = mq_open(answers, O_WRONLY);
    char data[SIZE];
    unsigned priority;
    ssize_t length;
    int count = 0;

    if (in < 0 || out < 0)
        fail("mq_open");
    while ((length = mq_receive(in, data, SIZE, &priority)) > 0) {
        count++;
        reverse(data, length);
        if (mq_send(out, data, length, priority + 1) < 0)
            fail("mq_send");
    }
    if (length < 0)
        fail("mq_receive");
    return count;
}

static int posix_ask(const char *requests, const char *answers, int rounds)
{
    struct mq_attr attr = { .mq_maxmsg = 4, .mq_msgsize = SIZE };
    mqd_t out = mq_open(requests, O_WRONLY | O_CREAT | O_EXCL, 0600, &attr);
    mqd_t in = mq_open(answers, O_RDONLY | O_CREAT | O_EXCL, 0600, &attr);
    char data[SIZE];
    unsigned priority;
    int count = 0;

    if (in < 0 || out < 0)
        fail("mq_open");
    for (int i = 0; i < rounds; i++) {
        int length = snprintf(data, SIZE, "question %d", i);
        if (mq_send(out, data, length, i % 32000) < 0)
            fail("mq_send");
        char expected[SIZE];
        memcpy(expected, data, length);
        reverse(expected, length);
        if (mq_receive(in, data, SIZE, &priority) != length ||
            memcmp(data, expected, length) != 0 ||
            priority != (unsigned)i % 32000 + 1)
            fail("another answer");
        count++;
    }
    if (mq_send(out, "", 0, 0) < 0)
        fail("mq_send");
    return count;
}

struct message {
    long type;
    char text[SIZE];
};

static int sysv_serve(const char *path)
{
    int queue = msgget(ftok(path, PROJECT), 0);
    struct message message;
    int count = 0;

    if (queue < 0)
        fail("msgget");
    for (;;) {
        ssize_t length = msgrcv(queue, &message, SIZE, PING, 0);
        if (length < 0)
            fail("msgrcv");
        if (length == 3 && memcmp(message.text, "end", 3) == 0)
            return count;
        if (length != 4 || memcmp(message.text, "ping", 4) != 0)
            fail("no ping");
        count++;
        message.type = PONG;
        memcpy(message.text, "pong", 4);
        if (msgsnd(queue, &message, 4, 0) < 0)
            fail("msgsnd");
    }
}

static int sysv_ask(const char *path, int rounds)
{
    int queue = msgget(ftok(path, PROJECT), IPC_CREAT | IPC_EXCL | 0600);
    struct message message;
    int count = 0;

    if (queue < 0)
        fail("msgget");
    for (int i = 0; i < rounds; i++) {
        message.type = PING;
        memcpy(message.text, "ping", 4);
        if (msgsnd(queue, &message, 4, 0) < 0)
            fail("msgsnd");
        if (msgrcv(queue, &message, SIZE, PONG, 0) != 4 ||
            memcmp(message.text, "pong", 4) != 0)
            fail("no pong");
        count++;
    }
    message.type = PING;
    memcpy(message.text, "end", 3);
    if (msgsnd(queue, &message, 3, 0) < 0)
        fail("msgsnd");
    return count;
}

int main(int argc, char **argv)
{
    int posix = argc > 3 && strcmp(argv[1], "posix") == 0;
    int serve = argc > 3 && strcmp(argv[2], "serve") == 0;
    int count;

    if (argc != (posix ? 5 : 4) + !serve)
        return 2;
    if (posix)
        count = serve ? posix_serve(argv[3], argv[4])
                      : posix_ask(argv[3], argv[4], atoi(argv[5]));
    else
        count = serve ? sysv_serve(argv[3]) : sysv_ask(argv[3], atoi(argv[4]));
    printf("%d\n", count);
    return 0;
}
