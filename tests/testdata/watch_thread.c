/*
 * Has a thread run the machine code that watches an epoll, which is a file, and
 * looks at all that it does. Says which line was disappointed, if one was.
 */

#define _GNU_SOURCE
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/syscall.h>

#include "machine_code.h"

#define ROOM 2

enum { OPEN, CALLING, SHUT, ENDED, GONE };

static struct shared {
    int32_t epoll;
    _Atomic int32_t gate;
    _Atomic int32_t held;
    int32_t room;
    void (*callback)(int32_t);
    int64_t patience[2];
    struct epoll_event events[ROOM];
} *shared;

static sem_t called;
static int calls, count, handled;
static uint64_t data[ROOM];

/* What the event loop does: takes the events, and shuts the gate. */
static void callback(int32_t number)
{
    EXPECT(shared->gate == CALLING);
    calls++;
    count = number;
    for (int i = 0; i < number; i++)
        data[i] = shared->events[i].data.u64;
    shared->gate = SHUT;
    sem_post(&called);
}

static void handle(int signal)
{
    (void)signal;
    handled++;
}

/* Waits until it sleeps because of the gate. */
static void await_held(void)
{
    while (!shared->held)
        sched_yield();
}

static void set_gate(int32_t state)
{
    shared->gate = state;
    if (shared->held)
        syscall(SYS_futex, &shared->gate, FUTEX_WAKE, 1, NULL, NULL, 0);
}

int main(int argc, char **argv)
{
    EXPECT(argc == 2);
    char *code = map_code(argv[1]);
    int first[2], second[2];
    sigset_t usr1, pending;
    pthread_t thread;

    alarm(30);
    shared = (struct shared *)(code + DATA);
    shared->epoll = epoll_create1(0);
    shared->gate = SHUT;
    shared->room = ROOM;
    shared->callback = callback;
    shared->patience[0] = 1000;
    EXPECT(pipe(first) == 0 && pipe(second) == 0 && !sem_init(&called, 0, 0));
    struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT};
    event.data.u64 = 0x123456789;
    EXPECT(!epoll_ctl(shared->epoll, EPOLL_CTL_ADD, first[0], &event));
    event.data.u64 = 42;
    EXPECT(!epoll_ctl(shared->epoll, EPOLL_CTL_ADD, second[0], &event));
    void *(*entry)(void *) = (void *(*)(void *))code;
    EXPECT(pthread_create(&thread, NULL, entry, shared) == 0);

    /* It looks at nothing while the gate is shut. */
    await_held();
    EXPECT(write(first[1], "x", 1) == 1 && write(second[1], "x", 1) == 1);
    EXPECT(calls == 0);
    set_gate(OPEN);
    sem_wait(&called);
    EXPECT(calls == 1 && count == 2);
    EXPECT(data[0] + data[1] == 0x123456789 + 42);
    await_held();
    EXPECT(shared->gate == SHUT);

    /* What comes while the gate is being shut is told when it is open again. */
    EXPECT(read(second[0], data, 1) == 1);
    EXPECT(!epoll_ctl(shared->epoll, EPOLL_CTL_MOD, second[0], &event));
    set_gate(OPEN);
    while (shared->held)
        sched_yield();
    shared->gate = SHUT;
    EXPECT(write(second[1], "x", 1) == 1);
    await_held();
    EXPECT(calls == 1);
    set_gate(OPEN);
    sem_wait(&called);
    EXPECT(calls == 2 && count == 1 && data[0] == 42);
    await_held();

    /* Signals that are sent to the program are not for it. */
    EXPECT(signal(SIGUSR1, handle) != SIG_ERR);
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    EXPECT(pthread_sigmask(SIG_BLOCK, &usr1, NULL) == 0);
    EXPECT(kill(getpid(), SIGUSR1) == 0 && sigpending(&pending) == 0);
    EXPECT(sigismember(&pending, SIGUSR1) && handled == 0);

    /* The C library's own are: this waits until all threads have handled it. */
    EXPECT(setegid(getegid()) == 0);

    set_gate(ENDED);
    EXPECT(pthread_join(thread, NULL) == 0);
    EXPECT(calls == 2 && shared->gate == GONE);

    /* With nothing to tell it goes by itself, after a while. */
    shared->patience[0] = 0;
    shared->patience[1] = 1000000;
    shared->gate = SHUT;
    EXPECT(pthread_create(&thread, NULL, entry, shared) == 0);
    EXPECT(pthread_join(thread, NULL) == 0);
    EXPECT(shared->gate == GONE);
    puts("sound");
    return 0;
}
