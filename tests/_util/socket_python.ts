/** The Unix socket programs of the tutorials in Python, as they are written. */

/** Answers "pong" until it hears "end"; prints how often. */
export const PYTHON_SERVER = `
import os
import socket
import sys

path = sys.argv[1]
if os.path.exists(path):
    os.remove(path)
server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
server.bind(path)
server.listen(1)
conn, addr = server.accept()
count = 0
while True:
    data = conn.recv(16)
    if data == b"end" or not data:
        break
    if data != b"ping":
        sys.exit("the server received %r" % data)
    count += 1
    conn.send(b"pong")
conn.close()
server.close()
os.remove(path)
print(count)
`;

/** Says "ping" 100 times and then "end"; prints how often it was answered. */
export const PYTHON_CLIENT = `
import socket
import sys

client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
client.connect(sys.argv[1])
count = 0
for i in range(100):
    client.send(b"ping")
    data = client.recv(16)
    if data != b"pong":
        sys.exit("the client received %r" % data)
    count += 1
client.send(b"end")
client.close()
print(count)
`;
