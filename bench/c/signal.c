/*
 * Real-time signals in C: sigqueue and sigwaitinfo. Each side finds the other
 * by a file with its process id.
 */

#include <limits.h>
#include <signal.h>

#include "measure.h"

static pid_t peer;
static sigset_t signals;

static void open_side(int is_a, const char *directory)
{
    char path[PATH_MAX], temporary[PATH_MAX + 4];
    FILE *file;

    /* Before anybody knows whom to send it to. */
    sigemptyset(&signals);
    sigaddset(&signals, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &signals, NULL);

    snprintf(path, sizeof path, "%s/pid-%c", directory, is_a ? 'a' : 'b');
    snprintf(temporary, sizeof temporary, "%s.new", path);
    if ((file = fopen(temporary, "w")) == NULL)
        fail(temporary, strerror(errno));
    fprintf(file, "%d", getpid());
    fclose(file);
    if (rename(temporary, path) < 0)
        fail(path, strerror(errno));

    snprintf(path, sizeof path, "%s/pid-%c", directory, is_a ? 'b' : 'a');
    while ((file = fopen(path, "r")) == NULL)
        usleep(1000);
    if (fscanf(file, "%d", &peer) != 1)
        fail(path, "no process id");
    fclose(file);
}

static void send_all(const char *data, size_t size)
{
    union sigval value = {.sival_int = 1};

    (void)data;
    (void)size;
    if (sigqueue(peer, SIGRTMIN, value) < 0)
        fail("sigqueue", strerror(errno));
}

static void receive_all(char *data, size_t size)
{
    siginfo_t info;

    (void)data;
    (void)size;
    while (sigwaitinfo(&signals, &info) < 0)
        if (errno != EINTR)
            fail("sigwaitinfo", strerror(errno));
}
