/* What is watched for, and how it is changed. */
#include "shim.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

static const struct filter *const filters[] = {
    &read_filter,   &write_filter, &except_filter, &vnode_filter,
    &proc_filter,   &signal_filter, &timer_filter, &user_filter};

/* Answers the address of the link, to which NULL is to be appended. */
static struct note **find_note(struct note **link, const struct kevent *what) {
  while (*link != NULL && ((*link)->asked.ident != what->ident ||
                           (*link)->asked.filter != what->filter))
    link = &(*link)->next;
  return link;
}

void close_source(struct note *note) {
  if (note->source < 0) return;
  /* A child that is just being forked has a copy of it. */
  epoll_ctl(note->queue, EPOLL_CTL_DEL, note->source, NULL);
  close(note->source);
  note->source = -1;
}

void unlink_note(struct note **link) {
  struct note *note = *link;
  *link = note->next;
  if (note->filter->detach != NULL) note->filter->detach(note);
  close_source(note);
  free(note);
}

/* Closing a descriptor ends its notes, on Darwin. */
void remove_closed(struct note **link) {
  while (*link != NULL) {
    struct note *note = *link;
    struct stat now;
    int gone = note->filter->is_descriptor &&
               (fstat((int)note->asked.ident, &now) < 0 ||
                now.st_dev != note->file.st_dev ||
                now.st_ino != note->file.st_ino);
    if (gone) unlink_note(link);
    else link = &note->next;
  }
}

static int add_note(int queue, struct note **link,
                    const struct kevent *change) {
  const struct filter *filter = NULL;
  for (size_t i = 0; i < sizeof filters / sizeof *filters; i++)
    if (filters[i]->number == change->filter) filter = filters[i];
  if (filter == NULL) return EINVAL;
  struct note *note = calloc(1, sizeof *note);
  if (note == NULL) return ENOMEM;
  *note = (struct note){.filter = filter,
                        .asked = *change,
                        .queue = queue,
                        .source = -1};
  int error = filter->is_descriptor &&
                      fstat((int)change->ident, &note->file) < 0
                  ? EBADF
                  : filter->attach(note);
  if (error != 0) {
    free(note);
    return error;
  }
  struct epoll_event event = {.events = EPOLLIN};
  if (note->source >= 0)
    epoll_ctl(queue, EPOLL_CTL_ADD, note->source, &event);
  *link = note;
  return 0;
}

/* As on Darwin, no change but a deletion changes EV_CLEAR and the like. */
static int touch_note(struct note *note, const struct kevent *change) {
  if (note->filter->touch != NULL) {
    int error = note->filter->touch(note, change);
    if (error != 0) return error;
  } else {
    note->asked.fflags = change->fflags;
    note->asked.data = change->data;
  }
  note->asked.udata = change->udata;
  return 0;
}

int apply(int queue, struct note **notes, const struct kevent *change) {
  struct note **link = find_note(notes, change);
  if (change->flags & EV_DELETE) {
    if (*link == NULL) return ENOENT;
    unlink_note(link);
    return 0;
  }
  if (*link == NULL && !(change->flags & EV_ADD)) return ENOENT;
  int error = *link == NULL ? add_note(queue, link, change)
                            : touch_note(*link, change);
  if (error != 0) return error;
  if (change->flags & EV_DISABLE) (*link)->disabled = 1;
  else if (change->flags & EV_ENABLE) (*link)->disabled = 0;
  return 0;
}
