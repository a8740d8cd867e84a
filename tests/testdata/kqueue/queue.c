/* The two calls, and the order in which things are reported. */
#include "shim.h"
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

struct queue {
  struct queue *next;
  int fd;      /* an epoll of the sources, and of: */
  int pending; /* an eventfd, readable while there is something to report */
  pthread_mutex_t lock;
  struct note *notes;
};

static pthread_mutex_t queues_lock = PTHREAD_MUTEX_INITIALIZER;
static struct queue *queues;

static struct queue *find_queue(int fd) {
  pthread_mutex_lock(&queues_lock);
  struct queue *queue = queues;
  while (queue != NULL && queue->fd != fd) queue = queue->next;
  pthread_mutex_unlock(&queues_lock);
  return queue;
}

int is_queue(int fd) { return find_queue(fd) != NULL; }

/* Whose number a new queue has, that one was closed. */
static void remove_queue(int fd) {
  struct queue **link = &queues;
  while (*link != NULL && (*link)->fd != fd) link = &(*link)->next;
  struct queue *queue = *link;
  if (queue == NULL) return;
  *link = queue->next;
  while (queue->notes != NULL) unlink_note(&queue->notes);
  close(queue->pending);
  free(queue);
}

int kqueue(void) {
  struct queue *queue = calloc(1, sizeof *queue);
  if (queue == NULL) return -1;
  queue->fd = epoll_create1(EPOLL_CLOEXEC);
  queue->pending = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  struct epoll_event event = {.events = EPOLLIN};
  epoll_ctl(queue->fd, EPOLL_CTL_ADD, queue->pending, &event);
  pthread_mutex_init(&queue->lock, NULL);
  pthread_mutex_lock(&queues_lock);
  remove_queue(queue->fd);
  queue->next = queues;
  queues = queue;
  pthread_mutex_unlock(&queues_lock);
  return queue->fd;
}

static int check(struct note *note, struct kevent *event) {
  *event = note->asked;
  event->fflags = note->fflags;
  event->data = note->data;
  return !note->disabled && note->filter->ready(note, event);
}

/* Makes the queue readable while there is something to report. */
static void announce(struct queue *queue) {
  struct kevent event;
  struct note *note = queue->notes;
  while (note != NULL && !check(note, &event)) note = note->next;
  uint64_t count = 1;
  ssize_t done = note != NULL ? write(queue->pending, &count, sizeof count)
                              : read(queue->pending, &count, sizeof count);
  if (done < 0) errno = 0;
}

/* What is reported goes to the end of the queue. */
static int collect(struct queue *queue, struct kevent *events, int room) {
  int count = 0;
  struct note *reported = NULL, **last = &reported, **link = &queue->notes;
  for (struct note *note = *link; note != NULL; note = note->next)
    if (note->filter->look != NULL) note->filter->look(note);
  while (*link != NULL && count < room) {
    struct note *note = *link;
    struct kevent *event = &events[count];
    if (!check(note, event)) {
      link = &note->next;
      continue;
    }
    count++;
    if (event->flags & EV_ONESHOT) {
      unlink_note(link);
      continue;
    }
    if (event->flags & EV_DISPATCH) note->disabled = 1;
    if (event->flags & EV_CLEAR) {
      note->active = 0;
      note->fflags = 0;
      note->data = 0;
    }
    *link = note->next;
    note->next = NULL;
    *last = note;
    last = &note->next;
  }
  while (*link != NULL) link = &(*link)->next;
  *link = reported;
  return count;
}

/* The only timeouts are NULL and zero. */
int kevent(int fd, const struct kevent *changes, int change_count,
           struct kevent *events, int room, const struct timespec *timeout) {
  struct queue *queue = find_queue(fd);
  int forever = timeout == NULL, refused = 0, count = 0;
  if (queue == NULL || (!forever && (timeout->tv_sec | timeout->tv_nsec))) {
    errno = queue == NULL ? EBADF : EINVAL;
    return -1;
  }
  pthread_mutex_lock(&queue->lock);
  remove_closed(&queue->notes);
  for (int i = 0; i < change_count && refused == 0; i++) {
    /* A copy: the events may be put where the changes are. */
    struct kevent change = changes[i];
    int error = apply(fd, &queue->notes, &change);
    if (error == 0 && !(change.flags & EV_RECEIPT)) continue;
    if (count == room) {
      refused = error;
      continue;
    }
    change.flags |= EV_ERROR;
    change.data = error;
    events[count++] = change;
  }
  int only_changes = refused != 0 || count > 0 || room == 0;
  for (;;) {
    if (!only_changes) {
      remove_closed(&queue->notes);
      count = collect(queue, events, room);
    }
    announce(queue);
    pthread_mutex_unlock(&queue->lock);
    if (refused != 0) {
      errno = refused;
      return -1;
    }
    if (only_changes || count > 0 || !forever) return count;
    struct pollfd entry = {.fd = fd, .events = POLLIN};
    if (poll(&entry, 1, -1) < 0) return -1;
    pthread_mutex_lock(&queue->lock);
  }
}
