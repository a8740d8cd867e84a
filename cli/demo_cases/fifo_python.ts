/** FIFOs with Python on the other side, as tutorials write it. */

import { Fifo } from "../../fifo/mod.ts";
import type { Case } from "../_demo/case.ts";
import { playFifoClient, playFifoServer } from "./fifo.ts";

const SERVER = `
import os, sys

requests = os.open(sys.argv[1], os.O_RDONLY)
answers = os.open(sys.argv[2], os.O_WRONLY)
while True:
    message = os.read(requests, 4)
    if message == b"end":
        break
    os.write(answers, b"pong")
`;

const CLIENT = `
import os, sys

requests = os.open(sys.argv[1], os.O_WRONLY)
answers = os.open(sys.argv[2], os.O_RDONLY)
for _ in range(int(sys.argv[3])):
    os.write(requests, b"ping")
    assert os.read(answers, 4) == b"pong"
os.write(requests, b"end")
`;

const withPythonServer: Case = {
  mechanism: "fifo",
  peer: "python3 server",
  needs: "python3",
  play: (stage) =>
    playFifoClient(stage, (requests, answers) => {
      stage.start("python3", ["-c", SERVER, requests, answers]);
    }),
};

const withPythonClient: Case = {
  mechanism: "fifo",
  peer: "python3 client",
  needs: "python3",
  async play(stage) {
    using requests = Fifo.create(stage.path("requests"));
    using answers = Fifo.create(stage.path("answers"));
    const paths = [requests.path, answers.path];
    stage.start("python3", ["-c", CLIENT, ...paths, `${stage.rounds}`]);
    return await playFifoServer(paths, stage.signal);
  },
};

/** The cases of FIFOs with Python, in both roles. */
export const fifoPythonCases: readonly Case[] = [
  withPythonServer,
  withPythonClient,
];
