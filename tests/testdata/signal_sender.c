/*
 * Sends signals as fast as it can: COUNT of them, with the values from 0 on.
 *
 *   signal_sender PID SIGNAL COUNT EVERY
 *
 * After each EVERY it waits for a byte on its standard input; what is refused
 * it sends again. If EVERY is 0 it waits for nothing and gives up what is
 * refused. Prints how many it has sent and how many were refused.
 */

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

int main(int argc, char **argv)
{
    if (argc != 5)
        return 2;
    pid_t pid = atoi(argv[1]);
    int number = atoi(argv[2]);
    long count = atol(argv[3]), every = atol(argv[4]);
    long sent = 0, refused = 0;
    char receipt;

    for (long i = 0; i < count;) {
        union sigval value = {.sival_int = (int)i};
        if (sigqueue(pid, number, value) == 0) {
            sent++;
            i++;
            if (every > 0 && i % every == 0 && read(0, &receipt, 1) != 1)
                fail("read");
        } else if (errno != EAGAIN) {
            fail("sigqueue");
        } else {
            refused++;
            if (every > 0)
                sched_yield();
            else
                i++;
        }
    }
    printf("%ld %ld\n", sent, refused);
    return 0;
}
