/** Unix sockets with Python on the other side, as tutorials write it. */

import { UnixListener, UnixStream } from "../../socket/mod.ts";
import type { Case } from "../_demo/case.ts";
import { overBytes, playClient, playServer } from "../_demo/ping_pong.ts";

const SERVER = `
import socket, sys

server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
server.bind(sys.argv[1])
server.listen(1)
print("ready", flush=True)
connection, address = server.accept()
while True:
    message = connection.recv(16)
    if message == b"end":
        break
    connection.sendall(b"pong")
`;

const CLIENT = `
import socket, sys

client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
client.connect(sys.argv[1])
for _ in range(int(sys.argv[2])):
    client.sendall(b"ping")
    assert client.recv(16) == b"pong"
client.sendall(b"end")
`;

const withPythonServer: Case = {
  mechanism: "socket",
  peer: "python3 server",
  needs: "python3",
  async play(stage) {
    const path = stage.path("socket");
    const [ours, theirs] = UnixStream.pair();
    using output = ours;
    stage.start("python3", ["-c", SERVER, path], { 1: theirs });
    theirs.close();
    // It is there once it says so, or gone.
    if (await output.read(new Uint8Array(16), stage) === null) {
      await stage.ended();
    }
    using stream = await UnixStream.connect(path, stage);
    const talk = overBytes(stream, stream, stage.signal);
    return await playClient(talk, stage.rounds);
  },
};

const withPythonClient: Case = {
  mechanism: "socket",
  peer: "python3 client",
  needs: "python3",
  async play(stage) {
    const path = stage.path("socket");
    using listener = UnixListener.listen(path);
    stage.start("python3", ["-c", CLIENT, path, `${stage.rounds}`]);
    using stream = await listener.accept(stage);
    return await playServer(overBytes(stream, stream, stage.signal));
  },
};

/** The cases of sockets with Python, in both roles. */
export const socketPythonCases: readonly Case[] = [
  withPythonServer,
  withPythonClient,
];
