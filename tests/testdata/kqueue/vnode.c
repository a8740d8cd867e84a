/* EVFILT_VNODE, by inotify(7). */
#include "shim.h"
#include <errno.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <unistd.h>

enum { ENTRIES = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO };

static int attach(struct note *note) {
  char path[32];
  if (!S_ISREG(note->file.st_mode) && !S_ISDIR(note->file.st_mode))
    return EINVAL;
  note->source = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (note->source < 0) return errno;
  /* The link leads to the open file, whatever it is called now. */
  snprintf(path, sizeof path, "/proc/self/fd/%d", (int)note->asked.ident);
  if (inotify_add_watch(note->source, path,
                        IN_MODIFY | IN_ATTRIB | IN_MOVE_SELF | ENTRIES) >= 0)
    return 0;
  int error = errno;
  close(note->source);
  return error;
}

static uint32_t note_of(struct note *note, uint32_t mask) {
  struct stat now;
  uint32_t fflags = 0;
  if (fstat((int)note->asked.ident, &now) < 0) return 0;
  if (mask & (IN_MODIFY | ENTRIES)) fflags |= NOTE_WRITE;
  if (mask & IN_MOVE_SELF) fflags |= NOTE_RENAME;
  if (now.st_size > note->file.st_size) fflags |= NOTE_EXTEND;
  /* Linux tells of both in the same way. */
  if (now.st_nlink != note->file.st_nlink) fflags |= NOTE_LINK;
  else if (mask & IN_ATTRIB) fflags |= NOTE_ATTRIB;
  if (now.st_nlink < note->file.st_nlink) fflags |= NOTE_DELETE;
  note->file = now;
  return fflags;
}

static void look(struct note *note) {
  _Alignas(struct inotify_event) char buffer[4096];
  ssize_t size;
  while ((size = read(note->source, buffer, sizeof buffer)) > 0) {
    for (char *at = buffer; at < buffer + size;) {
      const struct inotify_event *event = (const void *)at;
      note->fflags |= note_of(note, event->mask) & note->asked.fflags;
      at += sizeof *event + event->len;
    }
  }
}

static int ready(struct note *note, struct kevent *event) {
  (void)event;
  return note->fflags != 0;
}

const struct filter vnode_filter = {.number = EVFILT_VNODE,
                                    .is_descriptor = 1,
                                    .attach = attach,
                                    .look = look,
                                    .ready = ready};
