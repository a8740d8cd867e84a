/*
 * Locks as docs/lock-format.md describes them, in C: written from that text
 * and not from the TypeScript.
 *
 * Usage: memory_locks ROLE NAME [COUNT]
 *   make    makes one of each
 *   count   adds 1 to a number COUNT times, behind the mutex
 *   write   adds 1 to both numbers COUNT times, behind the read-write lock
 *   read    compares them COUNT times, and prints how often they were equal
 *   hold, hold-write, hold-read
 *           locks, says so and stays
 *   take, take-write, take-read
 *           locks, and says whether an owner has died
 *   answer  waits COUNT times until the first number is 1, makes it 0, notifies
 *   meet    arrives COUNT times, and prints how often it was the last
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
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

#define WAITED_FOR 0x80000000u
#define TAKEN_OVER 0x40000000u
#define ID 0x3fffffffu
#define IDLE 0x80000000u
#define KEPT 45

typedef _Atomic uint32_t word;

struct owner {
    word id, start;
};

struct mutex {
    word magic;
    struct owner owner;
    word unused;
};

struct rw_lock {
    word magic;
    struct owner writer;
    word inside, drained, used;
    struct owner slots[61];
};

struct condition {
    word magic, notified, waiting, unused;
};

struct barrier {
    word magic, state, count, unused;
};

struct memory {
    struct mutex mutex;
    struct condition condition;
    struct barrier barrier;
    uint32_t numbers[2];
    _Alignas(512) struct rw_lock lock;
};

_Static_assert(sizeof(struct mutex) == 16, "layout");
_Static_assert(sizeof(struct rw_lock) == 512, "layout");
_Static_assert(sizeof(struct condition) == 16, "layout");
_Static_assert(sizeof(struct barrier) == 16, "layout");
_Static_assert(offsetof(struct memory, numbers) == 48, "layout");

static struct memory *memory;
static uint32_t own_id, own_start;

static void fail(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

static void map(const char *name)
{
    int fd = shm_open(name, O_RDWR, 0600);
    if (fd < 0)
        fail(name);
    memory = mmap(NULL, sizeof *memory, PROT_READ | PROT_WRITE, MAP_SHARED,
                  fd, 0);
    if (memory == MAP_FAILED)
        fail("mmap");
}

static void sleep_on(word *at, uint32_t expected)
{
    struct timespec moment = {0, 10000000};
    syscall(SYS_futex, at, FUTEX_WAIT, expected, &moment, NULL, 0);
}

static void wake(word *at, int count)
{
    syscall(SYS_futex, at, FUTEX_WAKE, count, NULL, NULL, 0);
}

/* When a thread was started; false if it has ended. */
static bool start_of(uint32_t thread, uint32_t *start)
{
    char path[64], text[1024];
    unsigned long long ticks = 0;
    char state = 'X';

    snprintf(path, sizeof path, "/proc/%u/stat", thread);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return false;
    bool there = fgets(text, sizeof text, file) != NULL;
    fclose(file);
    if (!there)
        return false;
    sscanf(strrchr(text, ')') + 2,
           "%c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d "
           "%*d %*d %*d %llu",
           &state, &ticks);
    *start = ticks;
    return state != 'Z' && state != 'X';
}

static void find_own_id(void)
{
    struct stat namespace;
    uint32_t thread = syscall(SYS_gettid);

    if (stat("/proc/self/ns/pid", &namespace) < 0)
        fail("/proc/self/ns/pid");
    if (!start_of(thread, &own_start))
        fail("/proc/self/stat");
    own_id = thread | (namespace.st_ino % 1023 + 1) % 256 << 22;
}

static bool is_dead(uint32_t id, uint32_t start)
{
    uint32_t now;
    if (((id ^ own_id) >> 22 & 0xff) != 0)
        return false;
    if (!start_of(id & 0x3fffff, &now))
        return true;
    return start != 0 && (id & TAKEN_OVER) == 0 && start != now;
}

static bool exchange(word *at, uint32_t from, uint32_t to)
{
    return atomic_compare_exchange_strong(at, &from, to);
}

/* Takes it, or takes it over; answers whether the owner has died. */
static bool take(struct owner *owner)
{
    bool slept = false;
    for (;;) {
        if (exchange(&owner->id, 0, slept ? own_id | WAITED_FOR : own_id)) {
            owner->start = own_start;
            return false;
        }
        uint32_t id = owner->id;
        if (id == 0)
            continue;
        if (is_dead(id, owner->start)) {
            uint32_t taken = own_id | WAITED_FOR | TAKEN_OVER;
            if (!exchange(&owner->id, id, taken))
                continue;
            owner->start = own_start;
            atomic_fetch_and(&owner->id, ~TAKEN_OVER);
            return true;
        }
        if (!exchange(&owner->id, id, id | WAITED_FOR))
            continue;
        slept = true;
        sleep_on(&owner->id, id | WAITED_FOR);
    }
}

static void give_back(struct owner *owner)
{
    owner->start = 0;
    if (exchange(&owner->id, own_id, 0))
        return;
    if ((owner->id & ID) != own_id)
        fail("it is not ours");
    owner->id = 0;
    wake(&owner->id, 1);
}

static bool lock_to_write(struct rw_lock *lock)
{
    take(&lock->writer);
    for (;;) {
        uint32_t seen = lock->drained;
        bool free = true;
        for (uint32_t i = 0; i < lock->used; i++) {
            struct owner *slot = &lock->slots[i];
            uint32_t id = slot->id;
            if (id == 0 || (id & IDLE) != 0)
                continue;
            if (is_dead(id, slot->start)) {
                if (exchange(&slot->id, id, own_id | TAKEN_OVER)) {
                    slot->start = 0;
                    slot->id = 0;
                }
            } else
                free = false;
        }
        if (free)
            break;
        sleep_on(&lock->drained, seen);
    }
    bool died = lock->inside;
    lock->inside = 1;
    return died;
}

static void unlock_to_write(struct rw_lock *lock)
{
    lock->inside = 0;
    give_back(&lock->writer);
}

static void leave(struct rw_lock *lock, struct owner *slot)
{
    if (slot < lock->slots + KEPT)
        slot->id = own_id | IDLE;
    else {
        slot->start = 0;
        slot->id = 0;
    }
    if (lock->writer.id == 0)
        return;
    lock->drained++;
    wake(&lock->drained, INT32_MAX);
}

/* Takes a slot if it is free, or one that is kept by a dead one. */
static bool take_slot(struct rw_lock *lock, struct owner *slot)
{
    uint32_t id = slot->id, used = lock->used;
    uint32_t wanted = slot - lock->slots + 1;
    bool abandoned = (id & IDLE) != 0 && is_dead(id, slot->start);
    if (id != 0 && !abandoned)
        return false;
    if (!exchange(&slot->id, id, own_id | TAKEN_OVER))
        return false;
    slot->start = own_start;
    slot->id = own_id;
    while (used < wanted && !exchange(&lock->used, used, wanted))
        used = lock->used;
    return true;
}

/* The slot that we keep, or else one that we take, and may keep. */
static struct owner *any_slot(struct rw_lock *lock)
{
    static struct owner *kept;
    if (kept != NULL && kept->id == (own_id | IDLE)) {
        kept->id = own_id;
        return kept;
    }
    for (uint32_t i = 0;; i = (i + 1) % 61) {
        struct owner *slot = &lock->slots[i];
        if (!take_slot(lock, slot))
            continue;
        kept = i < KEPT ? slot : NULL;
        return slot;
    }
}

/* Answers the slot, to be left. */
static struct owner *lock_to_read(struct rw_lock *lock)
{
    for (;;) {
        if (lock->writer.id != 0) {
            /* Wait for the writer like another one; or bury him. */
            take(&lock->writer);
            give_back(&lock->writer);
        }
        struct owner *slot = any_slot(lock);
        if (lock->writer.id == 0) {
            /* There may be other readers asleep. */
            wake(&lock->writer.id, 1);
            return slot;
        }
        leave(lock, slot);
    }
}

static void wait_for(struct condition *condition, struct mutex *mutex)
{
    condition->waiting++;
    uint32_t seen = condition->notified;
    give_back(&mutex->owner);
    while (condition->notified == seen)
        sleep_on(&condition->notified, seen);
    condition->waiting--;
    take(&mutex->owner);
}

static void notify(struct condition *condition)
{
    condition->notified++;
    if (condition->waiting != 0)
        wake(&condition->notified, 1);
}

static bool arrive(struct barrier *barrier)
{
    for (;;) {
        uint32_t state = barrier->state, round = state >> 16;
        bool last = (state & 0xffff) + 1 == barrier->count;
        if (!exchange(&barrier->state, state,
                      last ? (round + 1) << 16 : state + 1))
            continue;
        if (last)
            wake(&barrier->state, INT32_MAX);
        while (!last && (state = barrier->state) >> 16 == round)
            sleep_on(&barrier->state, state);
        return last;
    }
}

static uint32_t magic(const char *letters)
{
    uint32_t number;
    memcpy(&number, letters, sizeof number);
    return number;
}

static void make(void)
{
    memset(memory, 0, sizeof *memory);
    memory->barrier.count = 2;
    memory->mutex.magic = magic("MTX1");
    memory->condition.magic = magic("CND1");
    memory->barrier.magic = magic("BAR1");
    memory->lock.magic = magic("RWL2");
}

/* Now and then lets others run, where they must not get in. */
static void dawdle(uint32_t round)
{
    if (round % 16 == 0)
        sched_yield();
}

static uint32_t play(const char *role, uint32_t count)
{
    volatile uint32_t *numbers = memory->numbers;
    uint32_t right = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(role, "count") == 0) {
            take(&memory->mutex.owner);
            uint32_t number = numbers[0];
            dawdle(i);
            numbers[0] = number + 1;
            give_back(&memory->mutex.owner);
            right++;
        } else if (strcmp(role, "write") == 0) {
            lock_to_write(&memory->lock);
            numbers[0]++;
            dawdle(i);
            numbers[1]++;
            unlock_to_write(&memory->lock);
            right++;
        } else if (strcmp(role, "read") == 0) {
            struct owner *slot = lock_to_read(&memory->lock);
            uint32_t number = numbers[0];
            dawdle(i);
            right += number == numbers[1];
            leave(&memory->lock, slot);
        } else if (strcmp(role, "answer") == 0) {
            take(&memory->mutex.owner);
            while (numbers[0] == 0)
                wait_for(&memory->condition, &memory->mutex);
            numbers[0] = 0;
            notify(&memory->condition);
            give_back(&memory->mutex.owner);
            right++;
        } else if (strcmp(role, "meet") == 0)
            right += arrive(&memory->barrier);
    }
    return right;
}

static bool died(bool it)
{
    puts(it ? "an owner has died" : "in order");
    return it;
}

int main(int argc, char **argv)
{
    const char *role = argc > 1 ? argv[1] : "";
    if (argc < 3)
        return 2;
    map(argv[2]);
    find_own_id();
    if (strcmp(role, "make") == 0)
        make();
    else if (strcmp(role, "take") == 0) {
        died(take(&memory->mutex.owner));
        give_back(&memory->mutex.owner);
    } else if (strcmp(role, "take-write") == 0) {
        died(lock_to_write(&memory->lock));
        unlock_to_write(&memory->lock);
    } else if (strcmp(role, "take-read") == 0) {
        struct owner *slot = lock_to_read(&memory->lock);
        died(memory->lock.inside);
        leave(&memory->lock, slot);
    } else if (strncmp(role, "hold", 4) == 0) {
        if (strcmp(role, "hold") == 0)
            take(&memory->mutex.owner);
        else if (strcmp(role, "hold-write") == 0)
            lock_to_write(&memory->lock);
        else
            lock_to_read(&memory->lock);
        puts("locked");
        fflush(stdout);
        pause();
    } else
        printf("%u\n", play(role, argc > 3 ? atoi(argv[3]) : 0));
    return 0;
}
