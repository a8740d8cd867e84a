/*
 * A ring and a broadcast as docs/ring-format.md describes them, in C: written
 * from that text and not from the TypeScript.
 *
 * Usage: ring ROLE NAME COUNT [LONGEST]
 *   make      makes a ring of COUNT bytes of capacity
 *   produce   sends COUNT messages of up to LONGEST bytes, and closes
 *   consume   receives until the end, and prints how many were right
 *   echo      sends back through NAME.back what comes through NAME
 *   publish   sends COUNT messages through a broadcast, and closes
 *   read      reads a broadcast until the end, from the oldest on
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { HEADER = 256, AWAKE = 0, ASLEEP = 1, CLOSED = 2 };

struct header {
    char magic[4];
    uint32_t version, size, capacity;
    _Alignas(64) _Atomic uint64_t first; /* tail, or newest */
    _Alignas(64) _Atomic uint64_t second; /* head, or oldest */
    uint64_t count;
    _Alignas(64) _Atomic uint32_t producer;
    _Atomic uint32_t consumer;
    _Atomic uint64_t producer_owner, consumer_owner;
    _Alignas(64) unsigned char data[];
};

_Static_assert(offsetof(struct header, consumer_owner) == 208, "layout");
_Static_assert(sizeof(struct header) == HEADER, "layout");

static void fail(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t identity(void)
{
    char text[1024];
    unsigned long long start = 0;
    struct stat namespace;
    FILE *file = fopen("/proc/self/stat", "r");
    if (file == NULL || fgets(text, sizeof text, file) == NULL)
        fail("/proc/self/stat");
    fclose(file);
    sscanf(strrchr(text, ')') + 2,
           "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d "
           "%*d %*d %*d %llu",
           &start);
    if (stat("/proc/self/ns/pid", &namespace) < 0)
        fail("/proc/self/ns/pid");
    return (uint64_t)getpid() | (start & 0xffffffff) << 22 |
           (uint64_t)(namespace.st_ino % 1023 + 1) << 54;
}

static struct header *map(const char *name, size_t make)
{
    int fd = shm_open(name, make ? O_RDWR | O_CREAT | O_EXCL : O_RDWR, 0600);
    struct stat stat;
    if (fd < 0 || (make && ftruncate(fd, make) < 0) || fstat(fd, &stat) < 0)
        fail(name);
    void *memory =
        mmap(NULL, stat.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED)
        fail("mmap");
    return memory;
}

static void futex(_Atomic uint32_t *word, int operation, uint32_t value)
{
    struct timespec second = {1, 0};
    syscall(SYS_futex, word, operation, value,
            operation == FUTEX_WAIT ? &second : NULL, NULL, 0);
}

static void wake(_Atomic uint32_t *state)
{
    uint32_t asleep = ASLEEP;
    if (atomic_load(state) != AWAKE &&
        atomic_compare_exchange_strong(state, &asleep, AWAKE))
        futex(state, FUTEX_WAKE, INT32_MAX);
}

static void claim(_Atomic uint64_t *owner, _Atomic uint32_t *state)
{
    uint64_t nobody = 0;
    if (!atomic_compare_exchange_strong(owner, &nobody, identity())) {
        fprintf(stderr, "taken\n");
        exit(1);
    }
    atomic_store(state, AWAKE);
}

static _Atomic uint32_t *position(_Atomic uint64_t *line)
{
    return (_Atomic uint32_t *)line;
}

static uint32_t record(uint32_t length, uint32_t unit)
{
    return (length + 2 * unit - 1) & ~(unit - 1);
}

/* Copies to or from the records, going round their end. */
static void copy_in(struct header *ring, uint64_t at, const void *from,
                    uint32_t length)
{
    uint32_t begin = at % ring->size, first = ring->size - begin;
    if (first > length)
        first = length;
    memcpy(ring->data + begin, from, first);
    memcpy(ring->data, (const char *)from + first, length - first);
}

static void copy_out(struct header *ring, uint64_t at, void *to,
                     uint32_t length)
{
    uint32_t begin = at % ring->size, first = ring->size - begin;
    if (first > length)
        first = length;
    memcpy(to, ring->data + begin, first);
    memcpy((char *)to + first, ring->data, length - first);
}

static uint32_t used(struct header *ring, uint32_t tail, uint32_t head)
{
    return tail >= head ? tail - head : tail + 2 * ring->size - head;
}

static void send_message(struct header *ring, const void *data,
                         uint32_t length)
{
    uint32_t tail = atomic_load(position(&ring->first));
    uint32_t needed = record(length, 8);
    uint32_t header[2] = {length, 0};

    for (;;) {
        uint32_t head = atomic_load(position(&ring->second));
        if (ring->size - used(ring, tail, head) >= needed)
            break;
        atomic_store(&ring->producer, ASLEEP);
        head = atomic_load(position(&ring->second));
        if (ring->size - used(ring, tail, head) >= needed)
            break;
        if (atomic_load(&ring->consumer) == CLOSED)
            exit(3);
        futex(&ring->producer, FUTEX_WAIT, ASLEEP);
    }
    copy_in(ring, tail, header, 8);
    copy_in(ring, tail + 8, data, length);
    atomic_store(position(&ring->first), (tail + needed) % (2 * ring->size));
    wake(&ring->consumer);
}

/* Answers the length, or -1 at the end. */
static int64_t receive_message(struct header *ring, void *data)
{
    uint32_t head = atomic_load(position(&ring->second));
    uint32_t header[2];

    while (atomic_load(position(&ring->first)) == head) {
        if (atomic_load(&ring->producer) == CLOSED) {
            if (atomic_load(position(&ring->first)) == head)
                return -1;
            break;
        }
        atomic_store(&ring->consumer, ASLEEP);
        if (atomic_load(position(&ring->first)) != head)
            break;
        futex(&ring->consumer, FUTEX_WAIT, ASLEEP);
    }
    copy_out(ring, head, header, 8);
    copy_out(ring, head + 8, data, header[0]);
    uint32_t next = (head + record(header[0], 8)) % (2 * ring->size);
    atomic_store(position(&ring->second), next);
    wake(&ring->producer);
    return header[0];
}

/* The length of a message by its number, and its bytes. */
static uint32_t length_of(uint32_t number, uint32_t longest)
{
    return number * 2654435761u % (longest + 1);
}

static void fill(unsigned char *data, uint32_t number, uint32_t length)
{
    for (uint32_t i = 0; i < length; i++)
        data[i] = number * 31 + i * 7;
}

static void make(const char *name, uint32_t capacity)
{
    uint32_t size = record(capacity, 8);
    struct header *ring = map(name, HEADER + size);
    ring->version = 1;
    ring->size = size;
    ring->capacity = capacity;
    atomic_thread_fence(memory_order_seq_cst);
    memcpy(ring->magic, "IPCR", 4);
}

static void produce(const char *name, uint32_t count, uint32_t longest)
{
    struct header *ring = map(name, 0);
    unsigned char *data = malloc(longest + 1);
    claim(&ring->producer_owner, &ring->producer);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t length = length_of(i, longest);
        fill(data, i, length);
        send_message(ring, data, length);
    }
    atomic_store(&ring->producer, CLOSED);
    wake(&ring->consumer);
    atomic_store(&ring->producer_owner, 0);
}

static void consume(const char *name, uint32_t longest)
{
    struct header *ring = map(name, 0);
    unsigned char *data = malloc(ring->capacity);
    unsigned char *expected = malloc(longest + 1);
    uint32_t right = 0;
    claim(&ring->consumer_owner, &ring->consumer);
    for (uint32_t i = 0;; i++) {
        int64_t length = receive_message(ring, data);
        if (length < 0)
            break;
        fill(expected, i, length_of(i, longest));
        right += length == length_of(i, longest) &&
                 memcmp(data, expected, length) == 0;
    }
    printf("%u\n", right);
}

static void echo(const char *name)
{
    char back_name[256];
    snprintf(back_name, sizeof back_name, "%s.back", name);
    struct header *there = map(name, 0), *back = map(back_name, 0);
    unsigned char *data = malloc(there->capacity);
    claim(&there->consumer_owner, &there->consumer);
    claim(&back->producer_owner, &back->producer);
    for (;;) {
        int64_t length = receive_message(there, data);
        if (length < 0)
            break;
        send_message(back, data, length);
    }
    atomic_store(&back->producer, CLOSED);
    wake(&back->consumer);
}

struct numbered {
    uint32_t length, nothing;
    uint64_t number;
};

static void publish(const char *name, uint32_t count, uint32_t longest)
{
    struct header *all = map(name, 0);
    unsigned char *data = malloc(longest + 1);
    uint64_t oldest = all->size, tail = all->size;
    claim(&all->producer_owner, &all->producer);
    atomic_store(&all->second, oldest);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t length = length_of(i, longest);
        struct numbered header = {length, 0, i};
        uint32_t needed = record(length, 16);
        fill(data, i, length);
        while (tail + needed - oldest > all->size) {
            struct numbered old;
            copy_out(all, oldest, &old, sizeof old);
            oldest += record(old.length, 16);
        }
        atomic_store(&all->second, oldest);
        atomic_thread_fence(memory_order_seq_cst);
        copy_in(all, tail, &header, sizeof header);
        copy_in(all, tail + 16, data, length);
        atomic_store(&all->first, tail);
        tail += needed;
        wake(&all->consumer);
    }
    atomic_store(&all->producer, CLOSED);
    wake(&all->consumer);
}

static void read_all(const char *name, uint32_t longest)
{
    struct header *all = map(name, 0);
    unsigned char *data = malloc(all->capacity);
    unsigned char *expected = malloc(longest + 1);
    uint64_t at = all->size, next = 0, right = 0, missed = 0;
    for (;;) {
        struct numbered header;
        if (atomic_load(&all->first) < at) {
            if (atomic_load(&all->producer) == CLOSED &&
                atomic_load(&all->first) < at)
                break;
            atomic_store(&all->consumer, ASLEEP);
            if (atomic_load(&all->first) < at &&
                atomic_load(&all->producer) != CLOSED)
                futex(&all->consumer, FUTEX_WAIT, ASLEEP);
            continue;
        }
        copy_out(all, at, &header, sizeof header);
        if (header.length <= all->capacity)
            copy_out(all, at + 16, data, header.length);
        atomic_thread_fence(memory_order_seq_cst);
        uint64_t oldest = atomic_load(&all->second);
        if (oldest > at) {
            at = oldest;
            continue;
        }
        uint32_t length = length_of(header.number, longest);
        fill(expected, header.number, length);
        right += header.length == length && memcmp(data, expected, length) == 0;
        missed += header.number - next;
        next = header.number + 1;
        at += record(header.length, 16);
    }
    printf("%llu %llu\n", (unsigned long long)right,
           (unsigned long long)missed);
}

int main(int argc, char **argv)
{
    const char *role = argv[1], *name = argv[2];
    uint32_t count = argc > 3 ? atol(argv[3]) : 0;
    uint32_t longest = argc > 4 ? atol(argv[4]) : 0;

    if (strcmp(role, "make") == 0)
        make(name, count);
    else if (strcmp(role, "produce") == 0)
        produce(name, count, longest);
    else if (strcmp(role, "consume") == 0)
        consume(name, longest);
    else if (strcmp(role, "echo") == 0)
        echo(name);
    else if (strcmp(role, "publish") == 0)
        publish(name, count, longest);
    else if (strcmp(role, "read") == 0)
        read_all(name, longest);
    else
        return 2;
    return 0;
}
