/* The other side of semaphores and file locks in C. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include <unistd.h>

/* The value of semaphores that are made here. */
#define VALUE 3

/* What is locked, and how. */
static const char *kind;
static sem_t *semaphores[2];
static int set;
static int file;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static int is(const char *name) { return strcmp(kind, name) == 0; }

/* A path, a name, an id; two semaphores have two names, indices or places. */
static void open_target(const char *target, int flags) {
  if (is("sem")) {
    for (int i = 0; i < 2; i++) {
      char name[300];
      snprintf(name, sizeof name, "%s-%d", target, i);
      semaphores[i] = sem_open(name, flags, 0600, VALUE);
      if (semaphores[i] == SEM_FAILED) fail(name);
    }
  } else if (is("unnamed")) {
    int fd = shm_open(target, O_RDWR, 0);
    if (fd < 0) fail(target);
    char *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) fail("mmap");
    for (int i = 0; i < 2; i++) semaphores[i] = (sem_t *)(memory + 64 * i);
  } else if (is("sysv")) {
    set = atoi(target);
  } else {
    file = open(target, O_RDWR | O_CREAT, 0600);
    if (file < 0) fail(target);
  }
}

static void record_lock(int command, short type) {
  struct flock lock = {.l_type = type, .l_whence = SEEK_SET};
  while (fcntl(file, command, &lock) < 0)
    if (errno != EINTR) fail("fcntl");
}

static void operate(int index, short delta) {
  struct sembuf operation = {(unsigned short)index, delta, 0};
  while (semop(set, &operation, 1) < 0)
    if (errno != EINTR) fail("semop");
}

static void take(int index) {
  if (is("sysv")) operate(index, -1);
  else if (is("ofd")) record_lock(F_OFD_SETLKW, F_WRLCK);
  else if (is("posix")) record_lock(F_SETLKW, F_WRLCK);
  else if (is("flock")) flock(file, LOCK_EX);
  else while (sem_wait(semaphores[index]) < 0)
    if (errno != EINTR) fail("sem_wait");
}

static void give(int index) {
  if (is("sysv")) operate(index, 1);
  else if (is("ofd")) record_lock(F_OFD_SETLK, F_UNLCK);
  else if (is("posix")) record_lock(F_SETLK, F_UNLCK);
  else if (is("flock")) flock(file, LOCK_UN);
  else if (sem_post(semaphores[index]) < 0) fail("sem_post");
}

/* Adds so much to the number in a file, one at a time, not atomically. */
static void count(const char *path, int rounds) {
  int fd = open(path, O_RDWR);
  if (fd < 0) fail(path);
  for (int i = 0; i < rounds; i++) {
    int32_t number = 0;
    take(0);
    if (pread(fd, &number, sizeof number, 0) < 0) fail("pread");
    number++;
    if (pwrite(fd, &number, sizeof number, 0) < 0) fail("pwrite");
    give(0);
  }
  printf("%d\n", rounds);
}

/* Answers every signal on the first with one on the second. */
static void answer(int rounds) {
  for (int i = 0; i < rounds; i++) {
    take(0);
    give(1);
  }
  printf("%d\n", rounds);
}

/* Locks, says so, and goes on sleeping. */
static void hold(void) {
  take(0);
  puts("locked");
  fflush(stdout);
  for (;;) pause();
}

/* Makes two semaphores for several processes; those with names are made. */
static void make(void) {
  for (int i = 0; is("unnamed") && i < 2; i++)
    if (sem_init(semaphores[i], 1, VALUE) < 0) fail("sem_init");
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  const char *role = argv[1];
  kind = argv[2];
  open_target(argv[3], strcmp(role, "make") == 0 ? O_CREAT | O_EXCL : 0);
  if (argc == 6 && strcmp(role, "count") == 0) count(argv[4], atoi(argv[5]));
  else if (argc == 5 && strcmp(role, "answer") == 0) answer(atoi(argv[4]));
  else if (argc == 4 && strcmp(role, "hold") == 0) hold();
  else if (argc == 4 && strcmp(role, "make") == 0) make();
  else return 2;
  return 0;
}
