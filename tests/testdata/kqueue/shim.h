/*
 * kqueue(2) and kevent(2) for Linux, with Darwin's struct kevent and, as far as
 * Linux can tell, Darwin's answers; made of epoll(7), timerfd, pidfd, inotify.
 *
 * It stands in for the real thing to check the layout and the protocol on
 * machines without kqueue; it is no substitute for running there. What it lacks:
 * forks and execs of a process, revoked files, error numbers of sockets, more
 * than one watcher of a signal, the closing of a kqueue, which it never hears of
 * (what is within stays open until a new kqueue has the same number).
 */
#ifndef SHIM_H
#define SHIM_H

#define _GNU_SOURCE
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

enum {
  EVFILT_READ = -1,
  EVFILT_WRITE = -2,
  EVFILT_VNODE = -4,
  EVFILT_PROC = -5,
  EVFILT_SIGNAL = -6,
  EVFILT_TIMER = -7,
  /* Not Darwin's -10, to find out who has that number built in. */
  EVFILT_USER = -11,
  EVFILT_EXCEPT = -15
};

enum {
  EV_ADD = 1,
  EV_DELETE = 2,
  EV_ENABLE = 4,
  EV_DISABLE = 8,
  EV_ONESHOT = 0x10,
  EV_CLEAR = 0x20,
  EV_RECEIPT = 0x40,
  EV_DISPATCH = 0x80,
  EV_ERROR = 0x4000,
  EV_EOF = 0x8000
};

#define NOTE_TRIGGER 0x01000000u
#define NOTE_FFAND 0x40000000u
#define NOTE_FFOR 0x80000000u
#define NOTE_FFCOPY 0xc0000000u
#define NOTE_FFCTRLMASK 0xc0000000u
#define NOTE_FFLAGSMASK 0x00ffffffu
#define NOTE_EXIT 0x80000000u
#define NOTE_EXITSTATUS 0x04000000u
enum { NOTE_LOWAT = 1, NOTE_OOB = 2 };
enum { NOTE_SECONDS = 1, NOTE_USECONDS = 2, NOTE_NSECONDS = 4 };
enum { NOTE_ABSOLUTE = 8 };
enum {
  NOTE_DELETE = 1,
  NOTE_WRITE = 2,
  NOTE_EXTEND = 4,
  NOTE_ATTRIB = 8,
  NOTE_LINK = 16,
  NOTE_RENAME = 32
};

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

/* Something that is watched for. */
struct note {
  struct note *next;
  const struct filter *filter;
  struct kevent asked; /* as it was added, with what was changed since */
  int queue;           /* the kqueue's descriptor */
  int disabled;
  int source;       /* readable when something may have happened, or -1 */
  int active;       /* something has happened that was not reported yet */
  uint32_t fflags;  /* what: NOTE_WRITE, say */
  intptr_t data;    /* how often, or with what result */
  struct stat file; /* what the descriptor is open to */
};

/* What a filter does; all but `ready` may be NULL. */
struct filter {
  int16_t number;
  int is_descriptor;
  /* Begins to watch; answers 0 or the error number. */
  int (*attach)(struct note *note);
  /* Takes over what a change says; by default fflags and data. */
  int (*touch)(struct note *note, const struct kevent *change);
  /* Notes what the source has to tell, and silences it. */
  void (*look)(struct note *note);
  /* Answers whether there is something to report, and fills it in. */
  int (*ready)(struct note *note, struct kevent *event);
  void (*detach)(struct note *note);
};

/* descriptors.c */
extern const struct filter read_filter, write_filter, except_filter;
short poll_once(int fd, short events);
/* happenings.c */
extern const struct filter timer_filter, user_filter, signal_filter;
/* process.c, vnode.c */
extern const struct filter proc_filter, vnode_filter;
/* queue.c */
int is_queue(int fd);
/* note.c; `queue` is the kqueue's descriptor, `link` where the notes begin */
int apply(int queue, struct note **link, const struct kevent *change);
void unlink_note(struct note **link);
void close_source(struct note *note);
void remove_closed(struct note **link);

#endif
