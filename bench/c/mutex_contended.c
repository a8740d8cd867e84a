/*
 * A robust mutex in memory that is open as 3, which both sides lock as often as
 * they can. What is sent or received is locking it once; but the last byte that
 * goes back says that the other side has locked it as often as it should.
 */

#define _GNU_SOURCE
#include <pthread.h>
#include <semaphore.h>
#include <sys/mman.h>

#include "measure.h"

enum { MEMORY = 3, MADE = 1 };

static struct {
    pthread_mutex_t mutex;
    sem_t done;
    _Atomic int made;
    volatile int counter;
} *shared;
static int is_first;

static void open_side(int is_a, const char *directory)
{
    pthread_mutexattr_t mutex;

    (void)directory;
    is_first = is_a;
    shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, MEMORY, 0);
    if (shared == MAP_FAILED)
        fail("mmap", strerror(errno));
    if (is_a) {
        pthread_mutexattr_init(&mutex);
        pthread_mutexattr_setpshared(&mutex, PTHREAD_PROCESS_SHARED);
        pthread_mutexattr_setrobust(&mutex, PTHREAD_MUTEX_ROBUST);
        pthread_mutex_init(&shared->mutex, &mutex);
        sem_init(&shared->done, 1, 0);
        shared->made = MADE;
    }
    while (shared->made != MADE)
        usleep(100);
}

static void enter(void)
{
    pthread_mutex_lock(&shared->mutex);
    shared->counter++;
    pthread_mutex_unlock(&shared->mutex);
}

static void send_all(const char *data, size_t size)
{
    (void)data;
    (void)size;
    if (is_first)
        enter();
    else
        sem_post(&shared->done);
}

static void receive_all(char *data, size_t size)
{
    (void)data;
    (void)size;
    if (!is_first)
        enter();
    else
        while (sem_wait(&shared->done) < 0)
            if (errno != EINTR)
                fail("sem_wait", strerror(errno));
}
