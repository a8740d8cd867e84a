/*
 * Has the machine code of a signal handler and of a collector, each a file,
 * handle signals, and looks at all that it does. Says which line was
 * disappointed, if one was.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>

#include "machine_code.h"

#define ENTRY 16
#define RECORD 32

struct data {
    int32_t pipe;
    uint32_t users;
    uint64_t dropped;
    struct sigaction previous;
    uint64_t own;
};

static int number, calls, value;

static void previous(int signal, siginfo_t *info, void *context)
{
    EXPECT(signal == number && context != NULL);
    calls++;
    value = info->si_value.sival_int;
}

static void mask(int how, int signal)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    EXPECT(sigprocmask(how, &set, NULL) == 0);
}

static int is_blocked(void)
{
    sigset_t set;
    EXPECT(sigprocmask(SIG_BLOCK, NULL, &set) == 0);
    return sigismember(&set, number);
}

/* Sends a signal that is handled before this returns. */
static void send(int number_sent)
{
    mask(SIG_UNBLOCK, number);
    EXPECT(sigqueue(getpid(), number, (union sigval){number_sent}) == 0);
}

int main(int argc, char **argv)
{
    EXPECT(argc == 3);
    char *code = map_code(argv[1]), *collector = map_code(argv[2]);
    struct data *data = (struct data *)(code + DATA);
    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_RESTART};
    siginfo_t info;
    char bytes[RECORD];
    int ends[2];
    pthread_t thread;

    number = SIGRTMIN + 3;
    EXPECT(pipe2(ends, O_NONBLOCK) == 0);
    data->pipe = ends[1];
    data->previous.sa_sigaction = previous;
    data->own = 1ull << (number - 1);
    sigfillset(&action.sa_mask);
    action.sa_sigaction = (void (*)(int, siginfo_t *, void *))(code + ENTRY);
    EXPECT(sigaction(number, &action, NULL) == 0);

    /* The record, the next handler, and the mask of who is no collector. */
    errno = 12345;
    send(42);
    EXPECT(errno == 12345);
    EXPECT(calls == 1 && value == 42 && is_blocked());
    memset(&info, 0, sizeof info);
    EXPECT(read(ends[0], &info, sizeof info) == RECORD);
    EXPECT(info.si_signo == number && info.si_code == SI_QUEUE);
    EXPECT(info.si_pid == getpid() && info.si_uid == getuid());
    EXPECT(info.si_value.sival_int == 42);

    /* The collector, which blocks SIGHUP, stays as it is. */
    mask(SIG_BLOCK, SIGHUP);
    send(43);
    EXPECT(calls == 2 && !is_blocked());
    mask(SIG_UNBLOCK, SIGHUP);
    EXPECT(read(ends[0], &info, sizeof info) == RECORD);

    /* What finds no room is counted. */
    memset(bytes, 0, sizeof bytes);
    while (write(ends[1], bytes, sizeof bytes) > 0)
        ;
    for (int i = 0; i < 5; i++)
        send(i);
    EXPECT(calls == 7 && data->dropped == 5);
    while (read(ends[0], bytes, sizeof bytes) > 0)
        ;

    /* A thread is told what to block, and nobody else hears of it. */
    mask(SIG_UNBLOCK, number);
    memset(&info, 0, sizeof info);
    info.si_code = SI_DETHREAD;
    EXPECT(syscall(SYS_rt_tgsigqueueinfo, getpid(), getpid(), number, &info) ==
           0);
    EXPECT(is_blocked() && calls == 7);
    EXPECT(read(ends[0], bytes, sizeof bytes) < 0);

    /* No next handler: what there is by default is not called. */
    for (intptr_t none = 0; none <= 1; none++) {
        data->previous.sa_handler = (void (*)(int))none;
        send(44);
        EXPECT(calls == 7 && read(ends[0], bytes, sizeof bytes) == RECORD);
    }

    /* No pipe, and no signal that is the collector's. */
    data->pipe = -1;
    data->own = 0;
    send(45);
    EXPECT(read(ends[0], bytes, sizeof bytes) < 0 && !is_blocked());
    EXPECT(data->users == 0 && data->dropped == 5);

    /* The collector handles what others block, as often as it comes. */
    data->pipe = ends[1];
    data->own = 1ull << (number - 1);
    uint64_t *blocked = (uint64_t *)(collector + DATA);
    *blocked = 0x7ffffb37 | 1ull << number;
    EXPECT(pthread_create(&thread, NULL, (void *(*)(void *))collector,
                          blocked) == 0);
    mask(SIG_BLOCK, number);
    for (int i = 0; i < 100; i++) {
        struct pollfd readable = {ends[0], POLLIN, 0};
        EXPECT(sigqueue(getpid(), number, (union sigval){i}) == 0);
        EXPECT(poll(&readable, 1, 10000) == 1);
        EXPECT(read(ends[0], &info, sizeof info) == RECORD);
        EXPECT(info.si_value.sival_int == i);
    }

    /* What it is given to block, it blocks. */
    sigset_t pending;
    mask(SIG_BLOCK, number + 1);
    EXPECT(kill(getpid(), number + 1) == 0 && sigpending(&pending) == 0);
    EXPECT(sigismember(&pending, number + 1));
    puts("sound");
    return 0;
}
