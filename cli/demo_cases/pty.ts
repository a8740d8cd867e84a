/** A pseudo-terminal: one side is typed at, programs have the other. */

import { Pty } from "../../pty/mod.ts";
import type { Case } from "../_demo/case.ts";
import {
  overBytes,
  playClient,
  playEchoClient,
  type Talk,
} from "../_demo/ping_pong.ts";

const withCat: Case = {
  mechanism: "pty, raw",
  peer: "cat",
  needs: "cat",
  async play({ rounds, signal }) {
    await using pty = Pty.spawn("cat");
    pty.setRaw(true);
    return await playEchoClient(overBytes(pty, pty, signal), rounds);
  },
};

const PYTHON = `
while input() == "ping":
    print("pong")
`;

const withPython: Case = {
  mechanism: "pty, lines",
  peer: "python3",
  needs: "python3",
  async play({ rounds, signal }) {
    await using pty = Pty.spawn("python3", { args: ["-c", PYTHON] });
    pty.echo = false;
    return await playClient(overLines(pty, signal), rounds);
  },
};

/** The cases of pseudo-terminals. */
export const ptyCases: readonly Case[] = [withCat, withPython];

/** A conversation as somebody has it who types and reads. */
function overLines(pty: Pty, signal: AbortSignal): Talk {
  const decoder = new TextDecoder();
  const p = new Uint8Array(1024);
  return {
    send: (text) => pty.writeAll(`${text}\r`, { signal }),
    async receive() {
      for (let text = "";;) {
        const count = await pty.read(p, { signal });
        if (count === null) throw new Error("the peer hung up");
        text += decoder.decode(p.subarray(0, count));
        if (text.endsWith("\r\n")) return text.slice(0, -2);
      }
    },
  };
}
