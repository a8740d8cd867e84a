/*
 * Writes a byte to each of so many pipes, which are its descriptors from 3 up,
 * again and again, until nobody reads them any more.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    int count = argc == 2 ? atoi(argv[1]) : 0;
    struct timespec pause = {0, 20000};
    int read = 1;

    signal(SIGPIPE, SIG_IGN);
    for (int i = 0; i < count; i++)
        fcntl(3 + i, F_SETFL, O_NONBLOCK);
    while (read) {
        read = 0;
        for (int i = 0; i < count; i++)
            read |= write(3 + i, "x", 1) >= 0 || errno == EAGAIN;
        nanosleep(&pause, NULL);
    }
    return 0;
}
