/** Several processes that wait for the same. Linux. */

import { assertEquals } from "@std/assert";
import { EventFd } from "@ipc/core/event";
import { type Child, Pipe, spawn } from "@ipc/core/pipe";
import { Deadline } from "./_util/peer.ts";
import { denoArgs } from "./_util/peers.ts";
import { waitsInEpoll } from "./_util/until.ts";

const ignore = Deno.build.os !== "linux";

const WORKERS = 3;

/** Says "r" when it is ready and "w" when it is woken, and takes nothing. */
function worker(exclusive: boolean): string[] {
  return denoArgs(`
    import { Epoll } from "@ipc/core/mux";
    import { PipeWriter } from "@ipc/core/pipe";
    using output = PipeWriter.fromFd(6);
    using epoll = new Epoll();
    epoll.add(5, { read: true, exclusive: ${exclusive} });
    output.writeSync(new TextEncoder().encode("r"));
    epoll.waitSync();
    output.writeSync(new TextEncoder().encode("w"));
  `);
}

for (const exclusive of [true, false]) {
  const whom = exclusive ? "one" : "all";
  const what = exclusive ? "exclusive" : "ordinary";
  Deno.test(
    `a signal wakes ${whom} of several processes that wait for an ${what} descriptor`,
    { ignore },
    async () => {
      using deadline = new Deadline();
      using event = EventFd.create();
      using output = Pipe.open();
      await using stack = new AsyncDisposableStack();
      const children: Child[] = [];
      for (let i = 0; i < WORKERS; i++) {
        const fds = { 5: event, 6: output.writer };
        const args = worker(exclusive);
        children.push(stack.use(spawn(Deno.execPath(), { args, fds })));
      }
      output.writer.close();
      assertEquals(await said(WORKERS), "r".repeat(WORKERS));
      for (const { pid } of children) await waitsInEpoll(pid, deadline.signal);

      event.signal();
      if (exclusive) {
        assertEquals(await said(1), "w");
        // Not for anything to come: for the others to be woken, should they be.
        await new Promise((done) => setTimeout(done, 50));
        assertEquals(output.reader.tryRead(new Uint8Array(1)), undefined);
        for (let i = 1; i < WORKERS; i++) event.signal();
        assertEquals(await said(WORKERS - 1), "w".repeat(WORKERS - 1));
      } else assertEquals(await said(WORKERS), "w".repeat(WORKERS));
      assertEquals(event.tryWait(), exclusive ? BigInt(WORKERS) : 1n);

      async function said(length: number): Promise<string> {
        const p = new Uint8Array(length);
        for (let filled = 0; filled < length;) {
          filled += await output.reader.read(p.subarray(filled), deadline) ?? 0;
        }
        return new TextDecoder().decode(p);
      }
    },
  );
}
