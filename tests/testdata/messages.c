/* The other side of a FIFO or pipe in C: messages that are structs. */

#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct message {
  int32_t sender;
  int32_t number;
  double value;
  char text[16];
};

static void fail(const char *what) {
  perror(what);
  exit(1);
}

/* A number is a descriptor that was handed over, all else a path. */
static int end_of(const char *name, int flags) {
  char *rest;
  long fd = strtol(name, &rest, 10);
  if (*rest == '\0') return (int)fd;
  int opened = open(name, flags);
  if (opened < 0) fail(name);
  return opened;
}

/* One blocking read of one struct; 0 at the end. */
static int receive(int fd, struct message *message) {
  ssize_t count = read(fd, message, sizeof *message);
  if (count < 0) fail("read");
  if (count == 0) return 0;
  if (count == sizeof *message) return 1;
  fprintf(stderr, "read %zd bytes of a struct\n", count);
  exit(1);
}

static void send(int fd, const struct message *message) {
  if (write(fd, message, sizeof *message) != sizeof *message) fail("write");
}

/* Sends the struct back with its number plus one and its value doubled. */
static void answer(int fd, struct message *message) {
  message->number++;
  message->value *= 2;
  strcpy(message->text, "answer");
  send(fd, message);
}

/* Answers in blocking reads and prints how many there were. */
static void serve(const char *requests, const char *answers) {
  int from = end_of(requests, O_RDONLY);
  int to = end_of(answers, O_WRONLY);
  struct message message;
  int count = 0;
  for (; receive(from, &message); count++) answer(to, &message);
  printf("%d\n", count);
}

/* The same, but reads only when poll says so; prints what it said at the end. */
static void serve_polled(const char *requests, const char *answers) {
  int from = end_of(requests, O_RDONLY | O_NONBLOCK);
  int to = end_of(answers, O_WRONLY);
  struct pollfd entry = {.fd = from, .events = POLLIN};
  struct message message;
  int count = 0;
  for (;;) {
    if (poll(&entry, 1, -1) != 1) fail("poll");
    if (!(entry.revents & POLLIN)) break;
    if (!receive(from, &message)) break;
    count++;
    answer(to, &message);
  }
  printf("%d%s\n", count, entry.revents & POLLHUP ? " POLLHUP" : "");
}

/* Asks in blocking reads, checks what is answered and prints how many. */
static void ask(const char *requests, const char *answers, int rounds) {
  int to = end_of(requests, O_WRONLY);
  int from = end_of(answers, O_RDONLY);
  int right = 0;
  for (int i = 0; i < rounds; i++) {
    struct message message = {7, i, i / 4.0, "question"};
    send(to, &message);
    if (!receive(from, &message)) break;
    right += message.sender == 7 && message.number == i + 1 &&
             message.value == i / 2.0 && strcmp(message.text, "answer") == 0;
  }
  printf("%d\n", right);
}

/* Sends so many structs as fast as it can. */
static void flood(const char *name, int sender, int rounds) {
  int to = end_of(name, O_WRONLY);
  for (int i = 0; i < rounds; i++) {
    struct message message = {sender, i, sender + i / 4.0, "flood"};
    send(to, &message);
  }
}

/* Writes so many bytes in one call and prints how many went out. */
static void write_once(const char *name, int size) {
  int to = end_of(name, O_WRONLY);
  char *data = calloc(1, (size_t)size);
  printf("%zd\n", write(to, data, (size_t)size));
  free(data);
}

int main(int argc, char **argv) {
  const char *role = argc > 1 ? argv[1] : "";
  int last = atoi(argv[argc - 1]);
  if (argc == 4 && strcmp(role, "serve") == 0) serve(argv[2], argv[3]);
  else if (argc == 4 && strcmp(role, "poll") == 0) serve_polled(argv[2], argv[3]);
  else if (argc == 5 && strcmp(role, "ask") == 0) ask(argv[2], argv[3], last);
  else if (argc == 5 && strcmp(role, "flood") == 0) flood(argv[2], atoi(argv[3]), last);
  else if (argc == 4 && strcmp(role, "write") == 0) write_once(argv[2], last);
  else return 2;
  return 0;
}
