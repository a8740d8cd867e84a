/*
 * Event counters in C: blocking reads and writes of eventfds that are open
 * already, 3 to wait for and 4 to signal. They carry no data.
 */

#include <stdint.h>

#include "measure.h"

enum { IN = 3, OUT = 4 };

static void open_side(int is_a, const char *directory)
{
    (void)is_a;
    (void)directory;
}

static void send_all(const char *data, size_t size)
{
    uint64_t one = 1;

    (void)data;
    (void)size;
    while (write(OUT, &one, sizeof one) < 0)
        if (errno != EINTR)
            fail("write", strerror(errno));
}

static void receive_all(char *data, size_t size)
{
    uint64_t count;

    (void)data;
    (void)size;
    while (read(IN, &count, sizeof count) < 0)
        if (errno != EINTR)
            fail("read", strerror(errno));
}
