/*
 * What one report costs, of many descriptors of which one is ready.
 *
 * Usage: curve COUNT MILLISECONDS, the second for each call. Prints a line of
 * JSON: nanoseconds by call, without those that cannot take so many.
 */

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

static int count, last, ready, queue;
static int *all;
static struct pollfd *entries;
static fd_set wanted;

static void check(int result, const char *what)
{
    if (result >= 0)
        return;
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

static void by_select(void)
{
    fd_set found = wanted;
    struct timeval now = {0, 0};

    check(select(last + 1, &found, NULL, NULL, &now) - 1, "select");
    if (!FD_ISSET(ready, &found))
        exit(1);
}

static void by_poll(void)
{
    check(poll(entries, count, 0) - 1, "poll");
    for (int i = 0; i < count; i++)
        if (entries[i].revents != 0)
            return;
    exit(1);
}

static void by_epoll(void)
{
    struct epoll_event events[256];

    check(epoll_wait(queue, events, 256, 0) - 1, "epoll_wait");
    if (events[0].data.fd != ready)
        exit(1);
}

static void add_and_delete(void)
{
    static int next;
    struct epoll_event event = {.events = EPOLLIN};
    int fd = all[next++ % count];

    event.data.fd = fd;
    check(epoll_ctl(queue, EPOLL_CTL_DEL, fd, NULL), "epoll_ctl");
    check(epoll_ctl(queue, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1e9 + time.tv_nsec;
}

/* Nanoseconds, for as long as it was told, in blocks of some. */
static double measure(void (*call)(void), double nanoseconds)
{
    enum { BLOCK = 8 };
    double begin = now(), end;
    long calls = 0;

    do {
        for (int i = 0; i < BLOCK; i++)
            call();
        calls += BLOCK;
        end = now();
    } while (end - begin < nanoseconds);
    return (end - begin) / calls;
}

int main(int argc, char **argv)
{
    struct rlimit limit;

    if (argc != 3)
        return 2;
    count = atoi(argv[1]);
    double time = atof(argv[2]) * 1e6;

    check(getrlimit(RLIMIT_NOFILE, &limit), "getrlimit");
    limit.rlim_cur = limit.rlim_max;
    check(setrlimit(RLIMIT_NOFILE, &limit), "setrlimit");
    all = calloc(count, sizeof *all);
    entries = calloc(count, sizeof *entries);
    check(queue = epoll_create1(0), "epoll_create1");
    for (int i = 0; i < count; i++) {
        struct epoll_event event = {.events = EPOLLIN};
        check(last = eventfd(0, EFD_NONBLOCK), "eventfd");
        all[i] = event.data.fd = last;
        entries[i] = (struct pollfd){.fd = last, .events = POLLIN};
        if (last < FD_SETSIZE)
            FD_SET(last, &wanted);
        check(epoll_ctl(queue, EPOLL_CTL_ADD, last, &event), "epoll_ctl");
    }
    uint64_t one = 1;
    ready = all[count / 2];
    check(write(ready, &one, sizeof one), "write");

    printf("{");
    if (last < FD_SETSIZE)
        printf("\"select\":%f,", measure(by_select, time));
    printf("\"poll\":%f,", measure(by_poll, time));
    printf("\"epoll\":%f,", measure(by_epoll, time));
    printf("\"add and delete\":%f}\n", measure(add_and_delete, time));
    return 0;
}
