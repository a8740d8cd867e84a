/* EVFILT_TIMER, EVFILT_USER and EVFILT_SIGNAL. */
#include "shim.h"
#include <errno.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* Adds what the counter of the source has, and sets that to 0. */
static void count(struct note *note) {
  uint64_t times;
  if (read(note->source, &times, sizeof times) == sizeof times)
    note->data += (intptr_t)times;
}

static int has_count(struct note *note, struct kevent *event) {
  (void)event;
  return note->data > 0;
}

static int arm_timer(struct note *note) {
  uint32_t fflags = note->asked.fflags;
  int64_t unit = fflags & NOTE_SECONDS    ? 1000000000
                 : fflags & NOTE_USECONDS ? 1000
                 : fflags & NOTE_NSECONDS ? 1
                                          : 1000000;
  int64_t time;
  if (__builtin_mul_overflow(note->asked.data, unit, &time)) return ERANGE;
  /* All zeros would switch it off. */
  if (time == 0) time = 1;
  struct timespec when = {time / 1000000000, time % 1000000000};
  struct itimerspec timer = {.it_value = when};
  if (!(note->asked.flags & EV_ONESHOT)) timer.it_interval = when;
  int absolute = fflags & NOTE_ABSOLUTE ? TFD_TIMER_ABSTIME : 0;
  return timerfd_settime(note->source, absolute, &timer, NULL) < 0 ? errno : 0;
}

static int attach_timer(struct note *note) {
  int absolute = note->asked.fflags & NOTE_ABSOLUTE;
  note->asked.flags |= EV_CLEAR | (absolute ? EV_ONESHOT : 0);
  note->source = timerfd_create(absolute ? CLOCK_REALTIME : CLOCK_MONOTONIC,
                                TFD_CLOEXEC | TFD_NONBLOCK);
  if (note->source < 0) return errno;
  int error = arm_timer(note);
  if (error != 0) close(note->source);
  return error;
}

static int touch_timer(struct note *note, const struct kevent *change) {
  if ((note->asked.fflags ^ change->fflags) & NOTE_ABSOLUTE) return EINVAL;
  note->asked.fflags = change->fflags;
  note->asked.data = change->data;
  count(note);
  note->data = 0;
  return arm_timer(note);
}

const struct filter timer_filter = {.number = EVFILT_TIMER,
                                    .attach = attach_timer,
                                    .touch = touch_timer,
                                    .look = count,
                                    .ready = has_count};

static int attach_user(struct note *note) {
  note->active = (note->asked.fflags & NOTE_TRIGGER) != 0;
  return 0;
}

static int touch_user(struct note *note, const struct kevent *change) {
  uint32_t flags = change->fflags & NOTE_FFLAGSMASK;
  switch (change->fflags & NOTE_FFCTRLMASK) {
  case NOTE_FFAND:
    note->asked.fflags &= flags;
    break;
  case NOTE_FFOR:
    note->asked.fflags |= flags;
    break;
  case NOTE_FFCOPY:
    note->asked.fflags = flags;
    break;
  }
  if (change->fflags & NOTE_TRIGGER) note->active = 1;
  return 0;
}

static int ready_user(struct note *note, struct kevent *event) {
  /* Without EV_CLEAR it stays triggered. */
  event->fflags = note->asked.fflags;
  return note->active;
}

const struct filter user_filter = {.number = EVFILT_USER,
                                   .attach = attach_user,
                                   .touch = touch_user,
                                   .ready = ready_user};

static volatile int watchers[NSIG]; /* the source and 1; 0 if there is none */
static struct sigaction before[NSIG];

static void handle(int number, siginfo_t *info, void *context) {
  int saved = errno;
  uint64_t one = 1;
  if (write(watchers[number] - 1, &one, sizeof one) < 0) errno = 0;
  if (before[number].sa_flags & SA_SIGINFO)
    before[number].sa_sigaction(number, info, context);
  else if (before[number].sa_handler != SIG_DFL &&
           before[number].sa_handler != SIG_IGN)
    before[number].sa_handler(number);
  errno = saved;
}

static int attach_signal(struct note *note) {
  uintptr_t number = note->asked.ident;
  struct sigaction action = {.sa_sigaction = handle,
                             .sa_flags = SA_SIGINFO | SA_RESTART};
  if (number == 0 || number >= NSIG) return EINVAL;
  if (watchers[number] != 0) return EBUSY;
  note->asked.flags |= EV_CLEAR;
  note->source = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (note->source < 0) return errno;
  watchers[number] = note->source + 1;
  if (sigaction((int)number, &action, &before[number]) == 0) return 0;
  watchers[number] = 0;
  close(note->source);
  return EINVAL;
}

static void detach_signal(struct note *note) {
  int number = (int)note->asked.ident;
  sigaction(number, &before[number], NULL);
  watchers[number] = 0;
}

const struct filter signal_filter = {.number = EVFILT_SIGNAL,
                                     .attach = attach_signal,
                                     .look = count,
                                     .ready = has_count,
                                     .detach = detach_signal};
