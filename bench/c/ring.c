/*
 * Two rings in memory that is open as 3, as docs/ring-format.md describes them:
 * at the beginning from a to b, in the middle from b to a.
 *
 * Where the other side can run at the same time, it waits by looking at the
 * memory for a moment; then, or at once, it sleeps in futex(2).
 */

#define _GNU_SOURCE
#include <linux/futex.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "measure.h"

#ifndef ASLEEP_AT_ONCE
#define ASLEEP_AT_ONCE 0
#endif

enum { MEMORY = 3, HEADER = 256, AWAKE = 0, ASLEEP = 1 };

struct ring {
    uint32_t magic, version, size, capacity;
    _Alignas(64) _Atomic uint32_t tail;
    _Alignas(64) _Atomic uint32_t head;
    _Alignas(64) _Atomic uint32_t producer;
    _Atomic uint32_t consumer;
    _Alignas(64) char data[];
};

static struct ring *out, *in;
/* What this side knows of where both are. */
static uint32_t tail, out_head, head, in_tail;
static int spins;

static void open_side(int is_a, const char *directory)
{
    struct stat stat;
    cpu_set_t cpus;
    (void)directory;

    if (fstat(MEMORY, &stat) < 0)
        fail("fstat", strerror(errno));
    char *memory = mmap(NULL, stat.st_size, PROT_READ | PROT_WRITE, MAP_SHARED,
                        MEMORY, 0);
    if (memory == MAP_FAILED)
        fail("mmap", strerror(errno));
    struct ring *there = (struct ring *)memory;
    struct ring *back = (struct ring *)(memory + stat.st_size / 2);
    out = is_a ? there : back;
    in = is_a ? back : there;
    sched_getaffinity(0, sizeof cpus, &cpus);
    spins = CPU_COUNT(&cpus) > 1 && !ASLEEP_AT_ONCE ? 20000 : 0;
}

static void wake(_Atomic uint32_t *state)
{
    uint32_t asleep = ASLEEP;
    if (atomic_load(state) != AWAKE &&
        atomic_compare_exchange_strong(state, &asleep, AWAKE))
        syscall(SYS_futex, state, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

/* Waits until a position is another than it was. */
static uint32_t await(_Atomic uint32_t *position, uint32_t old,
                      _Atomic uint32_t *state)
{
    uint32_t now;
    for (int i = 0; i < spins; i++) {
        now = atomic_load_explicit(position, memory_order_acquire);
        if (now != old)
            return now;
    }
    while ((now = atomic_load(position)) == old) {
        atomic_store(state, ASLEEP);
        if (atomic_load(position) == old)
            syscall(SYS_futex, state, FUTEX_WAIT, ASLEEP, NULL, NULL, 0);
    }
    return now;
}

static uint32_t distance(uint32_t from, uint32_t to, uint32_t size)
{
    return to >= from ? to - from : to + 2 * size - from;
}

static uint32_t after(uint32_t position, uint32_t length, uint32_t size)
{
    position += (length + 15) & ~7u;
    return position >= 2 * size ? position - 2 * size : position;
}

static char *place(struct ring *ring, uint32_t position, uint32_t offset)
{
    uint32_t at = position >= ring->size ? position - ring->size : position;
    return ring->data + (at + offset == ring->size ? 0 : at + offset);
}

static void send_all(const char *data, size_t length)
{
    uint32_t size = out->size, needed = (length + 15) & ~7u;
    while (size - distance(out_head, tail, size) < needed)
        out_head = await(&out->head, out_head, &out->producer);
    uint32_t *record = (uint32_t *)place(out, tail, 0);
    record[0] = length;
    record[1] = 0;
    char *at = place(out, tail, 8);
    size_t first = out->data + size - at;
    if (first >= length) {
        memcpy(at, data, length);
    } else {
        memcpy(at, data, first);
        memcpy(out->data, data + first, length - first);
    }
    tail = after(tail, length, size);
    atomic_store(&out->tail, tail);
    wake(&out->consumer);
}

static void receive_all(char *data, size_t expected)
{
    uint32_t size = in->size;
    if (head == in_tail)
        in_tail = await(&in->tail, head, &in->consumer);
    uint32_t length = *(uint32_t *)place(in, head, 0);
    if (length != expected)
        fail("receive", "a message of another size");
    char *at = place(in, head, 8);
    size_t first = in->data + size - at;
    if (first >= length) {
        memcpy(data, at, length);
    } else {
        memcpy(data, at, first);
        memcpy(data + first, in->data, length - first);
    }
    head = after(head, length, size);
    atomic_store(&in->head, head);
    wake(&in->producer);
}
