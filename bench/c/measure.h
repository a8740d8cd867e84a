/*
 * What every C program of the bench has in common: it reads orders and carries
 * them out. The program itself sends and receives, after it has opened what it
 * needs to do so.
 *
 * Usage: PROGRAM ROLE ORDERS, where ROLE is a or b and ORDERS the path of a
 * FIFO with lines "MEASURE SIZE COUNT". Role a prints a line of JSON for each.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Opens one side; the files of both are in the directory. */
static void open_side(int is_a, const char *directory);
/* Sends all of it. */
static void send_all(const char *data, size_t size);
/* Fills all of it. */
static void receive_all(char *data, size_t size);

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void round_trips(char *data, size_t size, size_t count)
{
    double *times = malloc(count * sizeof *times);
    double begin, last;

    if (times == NULL)
        fail("malloc", strerror(errno));
    begin = last = now();
    for (size_t i = 0; i < count; i++) {
        send_all(data, size);
        receive_all(data, size);
        double moment = now();
        times[i] = (moment - last) * 1e6;
        last = moment;
    }
    qsort(times, count, sizeof *times, by_value);
    printf("{\"seconds\":%.9f,\"p50\":%.3f,\"p99\":%.3f}\n", last - begin,
           times[(count - 1) / 2], times[(count - 1) * 99 / 100]);
    free(times);
}

static void echo(char *data, size_t size, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        receive_all(data, size);
        send_all(data, size);
    }
}

static void source(const char *data, size_t size, size_t count)
{
    char receipt;
    double begin = now();

    for (size_t i = 0; i < count; i++)
        send_all(data, size);
    receive_all(&receipt, 1);
    printf("{\"seconds\":%.9f}\n", now() - begin);
}

static void sink(char *data, size_t size, size_t count)
{
    for (size_t i = 0; i < count; i++)
        receive_all(data, size);
    send_all(data, 1);
}

int main(int argc, char **argv)
{
    char measure[32];
    size_t size, count;

    if (argc != 3)
        return 2;
    int is_a = strcmp(argv[1], "a") == 0;
    FILE *orders = fopen(argv[2], "r");
    if (orders == NULL)
        fail(argv[2], strerror(errno));
    *strrchr(argv[2], '/') = '\0';
    open_side(is_a, argv[2]);

    while (fscanf(orders, "%31s %zu %zu", measure, &size, &count) == 3) {
        int is_round_trip = strcmp(measure, "round-trip") == 0;
        char *data = calloc(size > 0 ? size : 1, 1);
        if (data == NULL)
            fail("calloc", strerror(errno));
        if (is_round_trip)
            (is_a ? round_trips : echo)(data, size, count);
        else if (is_a)
            source(data, size, count);
        else
            sink(data, size, count);
        fflush(stdout);
        free(data);
    }
    return 0;
}
