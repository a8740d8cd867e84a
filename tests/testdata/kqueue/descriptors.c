/* EVFILT_READ, EVFILT_WRITE and EVFILT_EXCEPT. */
#include "shim.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

short poll_once(int fd, short events) {
  struct pollfd entry = {.fd = fd, .events = events};
  return poll(&entry, 1, 0) > 0 ? entry.revents : 0;
}

/*
 * Edge-triggered, so that the source tells of what comes, and of nothing once
 * that was looked at. Regular files, which epoll does not take, have no source.
 */
static int attach(struct note *note, uint32_t events) {
  int fd = (int)note->asked.ident;
  struct epoll_event event = {.events = events | EPOLLET};
  if (fd == note->queue) return EINVAL;
  note->active = 1;
  note->source = epoll_create1(EPOLL_CLOEXEC);
  if (note->source < 0) return errno;
  if (epoll_ctl(note->source, EPOLL_CTL_ADD, fd, &event) == 0) return 0;
  int error = errno;
  close(note->source);
  note->source = -1;
  return error == EPERM ? 0 : error;
}

static int attach_read(struct note *note) {
  return attach(note, EPOLLIN | EPOLLRDHUP);
}

static int attach_write(struct note *note) {
  /* A kqueue can be watched, but not be written to. Its number may by now be
   * that of something else, which has a type. */
  if (is_queue((int)note->asked.ident) && !(note->file.st_mode & S_IFMT))
    return EINVAL;
  return attach(note, EPOLLOUT);
}

static int attach_except(struct note *note) {
  if (!S_ISSOCK(note->file.st_mode)) return EINVAL;
  return attach(note, EPOLLPRI | EPOLLRDHUP);
}

static int touch(struct note *note, const struct kevent *change) {
  note->asked.fflags = change->fflags;
  note->asked.data = change->data;
  note->active = 1;
  return 0;
}

static void look(struct note *note) {
  struct epoll_event event;
  if (note->source >= 0 && epoll_wait(note->source, &event, 1, 0) > 0)
    note->active = 1;
}

static int bytes(int fd, unsigned long request) {
  int count = 0;
  return ioctl(fd, request, &count) == 0 ? count : 0;
}

static int pipe_size(const struct note *note) {
  int size = S_ISFIFO(note->file.st_mode)
                 ? fcntl((int)note->asked.ident, F_GETPIPE_SZ)
                 : -1;
  return size < 0 ? INT32_MAX : size;
}

/* What is left of a regular file, or waits in anything else. */
static intptr_t bytes_left(const struct note *note) {
  int fd = (int)note->asked.ident;
  struct stat now;
  if (S_ISREG(note->file.st_mode) && fstat(fd, &now) == 0)
    return now.st_size - lseek(fd, 0, SEEK_CUR);
  return bytes(fd, FIONREAD);
}

static intptr_t room_left(const struct note *note) {
  int fd = (int)note->asked.ident;
  if (S_ISFIFO(note->file.st_mode)) return pipe_size(note) - bytes(fd, FIONREAD);
  int size = 0;
  socklen_t length = sizeof size;
  if (getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, &length) < 0) return 0;
  return size - bytes(fd, SIOCOUTQ);
}

/* Darwin caps it at the size of the buffer. */
static intptr_t low_water(const struct note *note) {
  intptr_t most = pipe_size(note);
  if (!(note->asked.fflags & NOTE_LOWAT)) return 0;
  return note->asked.data < most ? note->asked.data : most;
}

static int ready(struct note *note, struct kevent *event, short events,
                 short end) {
  if (note->asked.flags & EV_CLEAR && !note->active) return 0;
  short revents = poll_once((int)note->asked.ident, events);
  if (revents & end) event->flags |= EV_EOF;
  return revents != 0 &&
         (revents & end || event->data >= low_water(note));
}

static int ready_read(struct note *note, struct kevent *event) {
  event->data = bytes_left(note);
  /* At its end a regular file is not readable, on Darwin. */
  if (S_ISREG(note->file.st_mode) && event->data == 0) return 0;
  return ready(note, event, POLLIN | POLLRDHUP, POLLHUP | POLLRDHUP | POLLERR);
}

static int ready_write(struct note *note, struct kevent *event) {
  event->data = room_left(note);
  return ready(note, event, POLLOUT, POLLHUP | POLLERR);
}

static int ready_except(struct note *note, struct kevent *event) {
  if (poll_once((int)note->asked.ident, POLLPRI) & POLLPRI)
    event->fflags = NOTE_OOB;
  event->data = 0;
  return ready(note, event, POLLPRI | POLLRDHUP, POLLHUP | POLLRDHUP);
}

const struct filter read_filter = {.number = EVFILT_READ,
                                   .is_descriptor = 1,
                                   .attach = attach_read,
                                   .touch = touch,
                                   .look = look,
                                   .ready = ready_read};

const struct filter write_filter = {.number = EVFILT_WRITE,
                                    .is_descriptor = 1,
                                    .attach = attach_write,
                                    .touch = touch,
                                    .look = look,
                                    .ready = ready_write};

const struct filter except_filter = {.number = EVFILT_EXCEPT,
                                     .is_descriptor = 1,
                                     .attach = attach_except,
                                     .touch = touch,
                                     .look = look,
                                     .ready = ready_except};
