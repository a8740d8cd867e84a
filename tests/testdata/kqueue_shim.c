/*
 * kqueue(2) and kevent(2) for Linux, over epoll(7): what the reactor's kqueue
 * backend asks for, with Darwin's struct kevent and Darwin's answers.
 *
 * It stands in for the real thing to check the layout and the protocol on
 * machines without kqueue; it is no substitute for running there. One thread
 * at a time may be parked in a queue while others change it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { EVFILT_READ = -1, EVFILT_WRITE = -2, EVFILT_PROC = -5 };
/* Not Darwin's -10, so that a backend with that number built in is found out. */
enum { EVFILT_USER = -11 };
enum { EV_ADD = 1, EV_DELETE = 2, EV_ONESHOT = 0x10, EV_CLEAR = 0x20 };
enum { EV_ERROR = 0x4000, EV_EOF = 0x8000 };
#define NOTE_EXIT 0x80000000u
#define NOTE_TRIGGER 0x01000000u

struct kevent {
  uintptr_t ident;
  int16_t filter;
  uint16_t flags;
  uint32_t fflags;
  intptr_t data;
  void *udata;
};
_Static_assert(sizeof(struct kevent) == 32, "Darwin's size");
_Static_assert(offsetof(struct kevent, udata) == 24, "Darwin's offset");

struct note {
  struct note *next;
  struct kevent event;
  int fd;       /* what is watched: the descriptor, a pidfd, or -1 */
  dev_t device; /* which file the descriptor was open to */
  ino_t inode;
  int triggered;
};

struct queue {
  struct queue *next;
  int fd;      /* an eventfd, which tells the parked thread of changes */
  int readers; /* two epolls, as one takes a descriptor only once */
  int writers;
  pthread_mutex_t lock;
  struct note *notes;
};

static pthread_mutex_t queues_lock = PTHREAD_MUTEX_INITIALIZER;
static struct queue *queues;

int kqueue(void) {
  struct queue *queue = calloc(1, sizeof *queue);
  if (queue == NULL) return -1;
  queue->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  queue->readers = epoll_create1(EPOLL_CLOEXEC);
  queue->writers = epoll_create1(EPOLL_CLOEXEC);
  pthread_mutex_init(&queue->lock, NULL);
  pthread_mutex_lock(&queues_lock);
  queue->next = queues;
  queues = queue;
  pthread_mutex_unlock(&queues_lock);
  return queue->fd;
}

static struct queue *find_queue(int fd) {
  pthread_mutex_lock(&queues_lock);
  struct queue *queue = queues;
  while (queue != NULL && queue->fd != fd) queue = queue->next;
  pthread_mutex_unlock(&queues_lock);
  return queue;
}

/* Answers the address of the link, to which NULL is to be appended. */
static struct note **find_note(struct queue *queue, const struct kevent *what) {
  struct note **link = &queue->notes;
  while (*link != NULL && ((*link)->event.ident != what->ident ||
                           (*link)->event.filter != what->filter))
    link = &(*link)->next;
  return link;
}

static void remove_note(struct note **link) {
  struct note *note = *link;
  *link = note->next;
  if (note->event.filter == EVFILT_PROC) close(note->fd);
  free(note);
}

/* Closing a descriptor ends its notes, on Darwin. */
static void remove_closed(struct queue *queue) {
  struct note **link = &queue->notes;
  while (*link != NULL) {
    struct note *note = *link;
    struct stat status;
    int gone = note->fd >= 0 && note->event.filter != EVFILT_PROC &&
               (fstat(note->fd, &status) < 0 ||
                status.st_dev != note->device || status.st_ino != note->inode);
    if (gone) remove_note(link);
    else link = &note->next;
  }
}

static short poll_once(int fd, short events) {
  struct pollfd entry = {.fd = fd, .events = events};
  return poll(&entry, 1, 0) > 0 ? entry.revents : 0;
}

/* Fills in what is to be watched; answers 0 or the error number. */
static int open_note(struct note *note) {
  struct stat status;
  note->fd = -1;
  switch (note->event.filter) {
  case EVFILT_USER:
    return 0;
  case EVFILT_PROC:
    note->fd = syscall(SYS_pidfd_open, (pid_t)note->event.ident, 0);
    if (note->fd < 0) return ESRCH;
    /* Darwin does not find a process that has ended. */
    if (poll_once(note->fd, POLLIN) == 0) return 0;
    close(note->fd);
    return ESRCH;
  case EVFILT_READ:
  case EVFILT_WRITE:
    note->fd = (int)note->event.ident;
    if (fstat(note->fd, &status) < 0) return EBADF;
    note->device = status.st_dev;
    note->inode = status.st_ino;
    /* Darwin refuses to watch a pipe whose reader is gone. */
    if (note->event.filter == EVFILT_WRITE && S_ISFIFO(status.st_mode) &&
        poll_once(note->fd, POLLOUT) & POLLERR)
      return EPIPE;
    return 0;
  default:
    return EINVAL;
  }
}

static int apply(struct queue *queue, const struct kevent *change) {
  struct note **link = find_note(queue, change);
  if (change->flags & EV_DELETE) {
    if (*link == NULL) return ENOENT;
    remove_note(link);
    return 0;
  }
  if (*link == NULL) {
    if (!(change->flags & EV_ADD)) return ENOENT;
    struct note *note = calloc(1, sizeof *note);
    if (note == NULL) return ENOMEM;
    note->event = *change;
    int error = open_note(note);
    if (error != 0) {
      free(note);
      return error;
    }
    *link = note;
  } else if (change->flags & EV_ADD) {
    (*link)->event = *change;
  }
  if (change->filter == EVFILT_USER && change->fflags & NOTE_TRIGGER)
    (*link)->triggered = 1;
  return 0;
}

/* What is left of a regular file, or waits in anything else. */
static intptr_t bytes_left(int fd) {
  struct stat status;
  int waiting = 0;
  if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
    return status.st_size - lseek(fd, 0, SEEK_CUR);
  return ioctl(fd, FIONREAD, &waiting) == 0 ? waiting : 0;
}

/* Fills in the event if there is one; answers whether there is. */
static int check_note(struct note *note, struct kevent *event) {
  struct stat status;
  short revents;
  *event = note->event;
  event->flags &= (uint16_t)~EV_ADD;
  switch (note->event.filter) {
  case EVFILT_USER:
    event->fflags = 0;
    return note->triggered;
  case EVFILT_PROC:
    event->flags |= EV_EOF | EV_ONESHOT;
    event->fflags = NOTE_EXIT;
    return poll_once(note->fd, POLLIN) != 0;
  case EVFILT_READ:
    revents = poll_once(note->fd, POLLIN | POLLRDHUP);
    if (revents & (POLLHUP | POLLRDHUP | POLLERR)) event->flags |= EV_EOF;
    event->data = bytes_left(note->fd);
    /* At its end a regular file is not readable, on Darwin. */
    if (fstat(note->fd, &status) == 0 && S_ISREG(status.st_mode))
      return event->data != 0;
    return revents != 0;
  default:
    revents = poll_once(note->fd, POLLOUT);
    if (revents & (POLLHUP | POLLERR)) event->flags |= EV_EOF;
    return revents != 0;
  }
}

/* Once: what is not a note any more must not be reported again and again. */
static void watch(struct queue *queue, struct note *note) {
  int writes = note->event.filter == EVFILT_WRITE;
  int set = writes ? queue->writers : queue->readers;
  uint32_t events = writes ? EPOLLOUT : EPOLLIN | EPOLLRDHUP;
  struct epoll_event event = {.events = events | EPOLLONESHOT};
  if (note->fd >= 0 && epoll_ctl(set, EPOLL_CTL_MOD, note->fd, &event) < 0)
    epoll_ctl(set, EPOLL_CTL_ADD, note->fd, &event);
}

static int collect(struct queue *queue, struct kevent *events, int room) {
  int count = 0;
  struct note **link = &queue->notes;
  remove_closed(queue);
  while (*link != NULL && count < room) {
    struct note *note = *link;
    int ready = check_note(note, &events[count]);
    if (!ready) watch(queue, note);
    if (ready && note->event.flags & EV_CLEAR) note->triggered = 0;
    int over = ready && events[count].flags & EV_ONESHOT;
    count += ready;
    if (over) remove_note(link);
    else link = &note->next;
  }
  return count;
}

static int wait_for_events(struct queue *queue, struct kevent *events, int room,
                           int forever) {
  for (;;) {
    uint64_t changes;
    struct epoll_event seen[64];
    if (read(queue->fd, &changes, sizeof changes) < 0) errno = 0;
    while (epoll_wait(queue->readers, seen, 64, 0) > 0) continue;
    while (epoll_wait(queue->writers, seen, 64, 0) > 0) continue;
    pthread_mutex_lock(&queue->lock);
    int count = collect(queue, events, room);
    pthread_mutex_unlock(&queue->lock);
    if (count > 0 || !forever) return count;
    struct pollfd all[] = {{.fd = queue->fd, .events = POLLIN},
                           {.fd = queue->readers, .events = POLLIN},
                           {.fd = queue->writers, .events = POLLIN}};
    if (poll(all, 3, -1) < 0) return -1;
  }
}

/* The only timeouts are NULL and zero. */
int kevent(int fd, const struct kevent *changes, int change_count,
           struct kevent *events, int room, const struct timespec *timeout) {
  struct queue *queue = find_queue(fd);
  int errors = 0;
  int forever = timeout == NULL;
  if (queue == NULL || (!forever && (timeout->tv_sec | timeout->tv_nsec))) {
    errno = queue == NULL ? EBADF : EINVAL;
    return -1;
  }
  pthread_mutex_lock(&queue->lock);
  remove_closed(queue);
  for (int i = 0; i < change_count; i++) {
    int error = apply(queue, &changes[i]);
    if (error == 0) continue;
    if (errors == room) {
      pthread_mutex_unlock(&queue->lock);
      errno = error;
      return -1;
    }
    events[errors] = changes[i];
    events[errors].flags = EV_ERROR;
    events[errors++].data = error;
  }
  pthread_mutex_unlock(&queue->lock);
  uint64_t one = 1;
  if (change_count > 0 && write(fd, &one, sizeof one) < 0) errno = 0;
  if (errors > 0 || room == 0) return errors;
  return wait_for_events(queue, events, room, forever);
}
