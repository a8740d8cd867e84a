import { queue, realtime, SignalStream } from "../../signal/mod.ts";
import type { Case, Place, Role } from "../case.ts";

/** The signal that both send each other: SIGRTMIN, as in C. */
const SIGNAL = realtime(0);

/** Real-time signals, to processes that find each other by files. */
export const signal: Case = {
  name: "signal",
  voices: ["sync", "async", "async, no spin"],
  sizes: [0],
  // More than the receiver is ready for are refused by the kernel.
  measures: ["round trip"],
  c: { source: "signal.c" },
  async open(place, role) {
    // Before anybody knows whom to send it to.
    const stream = SignalStream.open([SIGNAL]);
    const peer = await meet(place, role);
    return {
      sync: {
        send: () => queue(peer, SIGNAL, 1),
        receive: () => void stream.receiveSync(),
      },
      async: {
        send: () => Promise.resolve(queue(peer, SIGNAL, 1)),
        async receive() {
          await stream.receive();
        },
      },
    };
  },
};

/** Writes down our process id, and waits for the other's. */
async function meet({ directory }: Place, role: Role): Promise<number> {
  const path = `${directory}/pid-${role}`;
  await Deno.writeTextFile(`${path}.new`, `${Deno.pid}`);
  await Deno.rename(`${path}.new`, path);
  const other = `${directory}/pid-${role === "a" ? "b" : "a"}`;
  for (;;) {
    try {
      return Number(await Deno.readTextFile(other));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
