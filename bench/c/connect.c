/*
 * Short connections in C: side a connects, sends, receives and closes; side b
 * accepts, receives, sends and closes. The socket is in the directory.
 */

#include "measure.h"

#include <sys/socket.h>
#include <sys/un.h>

static struct sockaddr_un address = {.sun_family = AF_UNIX};
static int connects;
static int listener;
static int connection = -1;

static void open_side(int is_a, const char *directory)
{
    connects = is_a;
    snprintf(address.sun_path, sizeof address.sun_path, "%s/socket", directory);
    if (is_a)
        return;
    listener = socket(AF_UNIX, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 ||
        listen(listener, 4096) < 0)
        fail("listen", strerror(errno));
}

static void open_connection(void)
{
    if (!connects) {
        connection = accept(listener, NULL, NULL);
        if (connection < 0)
            fail("accept", strerror(errno));
        return;
    }
    connection = socket(AF_UNIX, SOCK_STREAM, 0);
    while (connect(connection, (struct sockaddr *)&address, sizeof address) < 0) {
        /* The other side may not have got so far. */
        if (errno != ENOENT && errno != ECONNREFUSED)
            fail("connect", strerror(errno));
        usleep(5000);
    }
}

static void send_all(const char *data, size_t size)
{
    if (connects)
        open_connection();
    if (write(connection, data, size) != (ssize_t)size)
        fail("write", strerror(errno));
    if (!connects)
        close(connection);
}

static void receive_all(char *data, size_t size)
{
    if (!connects)
        open_connection();
    while (size > 0) {
        ssize_t count = read(connection, data, size);
        if (count <= 0)
            fail("read", "the other side has gone");
        data += count;
        size -= count;
    }
    if (connects)
        close(connection);
}
