/*
 * Taking a lock that nobody else wants, and giving it back, in C. A program
 * that includes this says by KIND which one. Side b does nothing.
 */

#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/sem.h>

#include "measure.h"

enum { SEMAPHORE, SYSV, MUTEX, READ_LOCK, WRITE_LOCK, OFD, FLOCK };

/* What is in memory that others could have mapped. */
static struct {
    sem_t semaphore;
    pthread_mutex_t mutex;
    pthread_rwlock_t lock;
} *shared;
static int set = -1;
static char path[4096];
static int is_idle;

static void remove_set(void)
{
    semctl(set, 0, IPC_RMID);
}

static void operate(short delta, short flags)
{
    struct sembuf operation = {0, delta, flags};
    if (semop(set, &operation, 1) < 0)
        fail("semop", strerror(errno));
}

static void open_side(int is_a, const char *directory)
{
    pthread_mutexattr_t mutex;
    pthread_rwlockattr_t lock;

    is_idle = !is_a;
    if (is_idle)
        return;
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED || sem_init(&shared->semaphore, 1, 1) < 0)
        fail("memory", strerror(errno));
    pthread_mutexattr_init(&mutex);
    pthread_mutexattr_setpshared(&mutex, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&mutex, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&shared->mutex, &mutex);
    pthread_rwlockattr_init(&lock);
    pthread_rwlockattr_setpshared(&lock, PTHREAD_PROCESS_SHARED);
    pthread_rwlock_init(&shared->lock, &lock);
    if (KIND == SYSV) {
        set = semget(IPC_PRIVATE, 1, 0600);
        atexit(remove_set);
        operate(1, 0);
    }
    snprintf(path, sizeof path, "%s/lock", directory);
}

static void lock_record(int fd, short type)
{
    struct flock lock = {.l_type = type};
    if (fcntl(fd, F_OFD_SETLKW, &lock) < 0)
        fail("fcntl", strerror(errno));
}

static void lock_file(void)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        fail(path, strerror(errno));
    if (KIND == FLOCK) {
        flock(fd, LOCK_EX);
        flock(fd, LOCK_UN);
    } else {
        lock_record(fd, F_WRLCK);
        lock_record(fd, F_UNLCK);
    }
    close(fd);
}

static void send_all(const char *data, size_t size)
{
    (void)data;
    (void)size;
    if (is_idle)
        return;
    switch (KIND) {
    case SEMAPHORE:
        sem_wait(&shared->semaphore);
        sem_post(&shared->semaphore);
        break;
    case SYSV:
        operate(-1, SEM_UNDO);
        operate(1, SEM_UNDO);
        break;
    case MUTEX:
        pthread_mutex_lock(&shared->mutex);
        pthread_mutex_unlock(&shared->mutex);
        break;
    case READ_LOCK:
        pthread_rwlock_rdlock(&shared->lock);
        pthread_rwlock_unlock(&shared->lock);
        break;
    case WRITE_LOCK:
        pthread_rwlock_wrlock(&shared->lock);
        pthread_rwlock_unlock(&shared->lock);
        break;
    default:
        lock_file();
    }
}

static void receive_all(char *data, size_t size)
{
    (void)data;
    (void)size;
}
