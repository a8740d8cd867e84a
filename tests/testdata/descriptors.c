/*
 * Prints each descriptor that is open: its number, whether reads and writes
 * block, and the inode of what it is open to.
 */

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

int main(void) {
  for (int fd = 0; fd < 4096; fd++) {
    int flags = fcntl(fd, F_GETFL);
    struct stat status;
    if (flags < 0 || fstat(fd, &status) < 0) continue;
    printf("%d %s %llu\n", fd, flags & O_NONBLOCK ? "nonblocking" : "blocking",
           (unsigned long long)status.st_ino);
  }
  return 0;
}
