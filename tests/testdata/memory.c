/*
 * Adds one to every byte of memory and prints how many there were and their sum
 * before, so that both sides can tell that they have the same bytes.
 *
 * Usage: memory posix NAME | sysv ID | file PATH | make NAME SIZE
 */

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

static unsigned char *map(int fd, size_t *size)
{
    struct stat stat;
    if (fd < 0 || fstat(fd, &stat) < 0)
        return MAP_FAILED;
    *size = stat.st_size;
    return mmap(NULL, *size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
}

int main(int argc, char **argv)
{
    size_t size = 0, sum = 0;
    unsigned char *bytes = MAP_FAILED;

    if (argc < 3)
        return 2;
    if (strcmp(argv[1], "posix") == 0) {
        bytes = map(shm_open(argv[2], O_RDWR, 0), &size);
    } else if (strcmp(argv[1], "file") == 0) {
        bytes = map(open(argv[2], O_RDWR), &size);
    } else if (strcmp(argv[1], "make") == 0) {
        int fd = shm_open(argv[2], O_RDWR | O_CREAT | O_EXCL, 0600);
        if (fd < 0 || ftruncate(fd, atol(argv[3])) < 0)
            return 1;
        bytes = map(fd, &size);
    } else {
        struct shmid_ds stat;
        bytes = shmat(atoi(argv[2]), NULL, 0);
        if (shmctl(atoi(argv[2]), IPC_STAT, &stat) < 0)
            return 1;
        size = stat.shm_segsz;
    }
    if (bytes == MAP_FAILED) {
        perror("map");
        return 1;
    }
    for (size_t i = 0; i < size; i++)
        sum += bytes[i]++;
    printf("%zu %zu\n", size, sum);
    return 0;
}
