/*
 * Has the machine code for children, a file, do what it does after fork(2) and
 * before posix_spawnp(3), for which there is something else here. Says which
 * line was disappointed, if one was.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/wait.h>

#include "machine_code.h"

#define FORKED 16
#define SPAWNING 48

typedef int spawner(pid_t *, const char *, const posix_spawn_file_actions_t *,
                    const posix_spawnattr_t *, char *const[], char *const[]);

struct data {
    uint64_t set;
    spawner *next;
};

/* What is to be handed on as it is, and what it is answered with. */
static pid_t pid;
static posix_spawn_file_actions_t actions;
static char *arguments[1], *environment[1];
static const posix_spawnattr_t *attributes;
static const char path[] = "program";
static const int answer = 4711;
static int calls;

static int next(pid_t *child, const char *program,
                const posix_spawn_file_actions_t *todo,
                const posix_spawnattr_t *told, char *const argv[],
                char *const envp[])
{
    EXPECT(child == &pid && program == path && todo == &actions);
    EXPECT(told == attributes && argv == arguments && envp == environment);
    calls++;
    return answer;
}

static int is_blocked(int number)
{
    sigset_t set;
    EXPECT(sigprocmask(SIG_BLOCK, NULL, &set) == 0);
    return sigismember(&set, number);
}

int main(int argc, char **argv)
{
    EXPECT(argc == 2);
    char *code = map_code(argv[1]);
    struct data *data = (struct data *)(code + DATA);
    spawner *spawn = (spawner *)(code + SPAWNING);
    int spared = SIGRTMIN + 3, kept = SIGRTMIN + 4;
    posix_spawnattr_t told;
    sigset_t set;
    short flags;
    int status;

    data->set = 1ull << (spared - 1);
    data->next = next;
    sigemptyset(&set);
    sigaddset(&set, spared);
    sigaddset(&set, kept);
    EXPECT(sigprocmask(SIG_BLOCK, &set, NULL) == 0);

    /* After fork, the child blocks what is left, and the parent as before. */
    EXPECT(pthread_atfork(NULL, NULL, (void (*)(void))(code + FORKED)) == 0);
    errno = 12345;
    pid_t child = fork();
    EXPECT(errno == 12345);
    if (child == 0)
        _exit(is_blocked(spared) | !is_blocked(kept) << 1);
    EXPECT(waitpid(child, &status, 0) == child && status == 0);
    EXPECT(is_blocked(spared) && is_blocked(kept));

    /* What is told otherwise stays. */
    EXPECT(posix_spawnattr_init(&told) == 0);
    EXPECT(posix_spawnattr_setflags(&told, POSIX_SPAWN_SETPGROUP) == 0);
    attributes = &told;
    EXPECT(spawn(&pid, path, &actions, &told, arguments, environment) ==
           answer);
    EXPECT(calls == 1 && errno == 12345);
    EXPECT(posix_spawnattr_getflags(&told, &flags) == 0);
    EXPECT(flags == (POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK));
    EXPECT(posix_spawnattr_getsigmask(&told, &set) == 0);
    EXPECT(!sigismember(&set, spared) && sigismember(&set, kept));
    EXPECT(is_blocked(spared) && is_blocked(kept));

    /* Who says what to block is asked no more. */
    sigemptyset(&set);
    sigaddset(&set, spared);
    EXPECT(posix_spawnattr_setsigmask(&told, &set) == 0);
    EXPECT(spawn(&pid, path, &actions, &told, arguments, environment) ==
           answer);
    EXPECT(calls == 2);
    EXPECT(posix_spawnattr_getsigmask(&told, &set) == 0);
    EXPECT(sigismember(&set, spared) && !sigismember(&set, kept));

    /* Nor is who says nothing at all. */
    attributes = NULL;
    EXPECT(spawn(&pid, path, &actions, NULL, arguments, environment) == answer);
    EXPECT(calls == 3);
    puts("sound");
    return 0;
}
