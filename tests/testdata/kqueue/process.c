/* EVFILT_PROC: the end of a process. Forks and execs Linux does not tell. */
#include "shim.h"
#include <errno.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* How it ended, if it has; it can still be waited for. */
static int ended(const struct note *note, siginfo_t *info) {
  idtype_t pidfd = (idtype_t)3; /* P_PIDFD, which older headers lack */
  return waitid(pidfd, (id_t)note->source, info, WEXITED | WNOHANG | WNOWAIT);
}

static int attach(struct note *note) {
  siginfo_t info;
  uint32_t fflags = note->asked.fflags;
  if (fflags & ~(NOTE_EXIT | NOTE_EXITSTATUS)) return ENOTSUP;
  note->asked.flags |= EV_CLEAR;
  note->source = (int)syscall(SYS_pidfd_open, (pid_t)note->asked.ident, 0);
  if (note->source < 0) return ESRCH;
  /* Darwin does not find a process that has ended. */
  int error = poll_once(note->source, POLLIN) != 0 ? ESRCH
              : fflags & NOTE_EXITSTATUS && ended(note, &info) < 0 ? EACCES
                                                                   : 0;
  if (error != 0) close(note->source);
  return error;
}

static void look(struct note *note) {
  siginfo_t info = {0};
  if (note->source < 0 || poll_once(note->source, POLLIN) == 0) return;
  note->fflags = NOTE_EXIT;
  if (note->asked.fflags & NOTE_EXITSTATUS && ended(note, &info) == 0) {
    note->fflags |= NOTE_EXITSTATUS;
    note->data = info.si_code == CLD_EXITED ? (info.si_status & 0xff) << 8
                                            : info.si_status;
  }
  /* It would be readable for ever. */
  close_source(note);
}

static int ready(struct note *note, struct kevent *event) {
  event->flags |= EV_EOF | EV_ONESHOT;
  return note->fflags != 0;
}

const struct filter proc_filter = {.number = EVFILT_PROC,
                                   .attach = attach,
                                   .look = look,
                                   .ready = ready};
