/* What programs share that try out machine code, which is in files. */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* Where the data of code begin. */
#define DATA 65536

/* Says which line was disappointed, and ends. */
#define EXPECT(condition)                                                      \
    do                                                                         \
        if (!(condition)) {                                                    \
            fprintf(stderr, "line %d: %s\n", __LINE__, #condition);            \
            exit(1);                                                           \
        }                                                                      \
    while (0)

/* Maps a file of code, with memory for data after it. */
static char *map_code(const char *path)
{
    int file = open(path, O_RDONLY);
    char *code = mmap(NULL, 2 * DATA, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    EXPECT(code != MAP_FAILED && file >= 0 && read(file, code, DATA) > 0);
    EXPECT(mprotect(code, DATA, PROT_READ | PROT_EXEC) == 0);
    return code;
}
