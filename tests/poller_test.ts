/** What a Poller reports, the same over epoll and over kqueue. */

import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { Poller, type PollerEvent, tryPoll } from "@ipc/core/mux";
import { Pipe } from "@ipc/core/pipe";
import { openFile } from "../_internal/file.ts";
import { O_RDONLY } from "../_internal/platform.ts";
import type { Polling } from "../mux/_polling.ts";
import { Bare, BarePair } from "./_util/descriptors.ts";
import { Deadline } from "./_util/peer.ts";
import { pollings, testPolling } from "./_util/pollings.ts";
import { TempDir } from "./_util/temp.ts";

const QUIET = { read: false, write: false, hangup: false, error: false };

/** The flags of the only event. */
function only(events: PollerEvent[] | undefined) {
  assertEquals(events?.length, 1);
  const { read, write, hangup, error } = events![0];
  return { read, write, hangup, error };
}

/**
 * The flags of the first event that has `flag`. A process that another test is
 * just starting may have copies of a descriptor for a moment after its close.
 */
async function flagged(polling: Polling, flag: "hangup" | "error") {
  using deadline = new Deadline();
  for (;;) {
    const events = await polling.wait(deadline);
    if (events.some((event) => event[flag])) return only(events);
  }
}

for (const each of pollings) {
  testPolling(each, "names what is ready as it was given", (polling) => {
    using pipe = BarePair.pipe();
    using other = BarePair.pipe();
    const data = { name: "jobs" };
    polling.add(pipe.reader, { data });
    polling.add(other.reader.fd, {});
    assertEquals(polling.tryWait(), undefined);
    pipe.writer.write();
    const [event] = polling.waitSync();
    assertStrictEquals(event.fd, pipe.reader);
    assertStrictEquals(event.data, data);
    other.writer.write();
    const fds = polling.waitSync().map(({ fd }) => fd);
    assertEquals(new Set(fds), new Set([pipe.reader, other.reader.fd]));
  });

  testPolling(each, "reports what is there for as long as it is", (polling) => {
    using pipe = BarePair.pipe();
    polling.add(pipe.reader, {});
    pipe.writer.write();
    for (let i = 0; i < 3; i++) {
      assertEquals(only(polling.tryWait()), { ...QUIET, read: true });
    }
    pipe.reader.drain();
    assertEquals(polling.tryWait(), undefined);
  });

  testPolling(each, "reports room for as long as there is", (polling) => {
    using pipe = BarePair.pipe();
    polling.add(pipe.writer, { write: true });
    for (let i = 0; i < 3; i++) {
      assertEquals(only(polling.tryWait()), { ...QUIET, write: true });
    }
    pipe.writer.fill();
    assertEquals(polling.tryWait(), undefined);
    pipe.reader.drain();
    assertEquals(only(polling.tryWait()), { ...QUIET, write: true });
  });

  testPolling(
    each,
    "reports both sides of a socket in one event",
    (polling) => {
      using sockets = BarePair.sockets();
      const { reader: here, writer: there } = sockets;
      polling.add(here, { read: true, write: true });
      assertEquals(only(polling.tryWait()), { ...QUIET, write: true });
      there.write();
      for (const maxEvents of [256, 1, 1, 1]) {
        assertEquals(only(polling.tryWait({ maxEvents })), {
          ...QUIET,
          read: true,
          write: true,
        });
      }
      here.fill();
      assertEquals(only(polling.tryWait()), { ...QUIET, read: true });
      here.drain();
      assertEquals(polling.tryWait(), undefined);
    },
  );

  testPolling(each, "tells the end of a pipe's writer", async (polling) => {
    using pipe = BarePair.pipe();
    polling.add(pipe.reader, {});
    pipe.writer.close();
    for (let i = 0; i < 2; i++) {
      assertEquals(await flagged(polling, "hangup"), {
        ...QUIET,
        read: true,
        hangup: true,
      });
    }
  });

  testPolling(each, "tells the end of a pipe's reader", async (polling) => {
    using pipe = BarePair.pipe();
    polling.add(pipe.writer, { write: true });
    pipe.reader.close();
    for (let i = 0; i < 2; i++) {
      assertEquals(await flagged(polling, "error"), {
        ...QUIET,
        write: true,
        error: true,
      });
    }
  });

  testPolling(each, "tells that a socket's peer sends no more", (polling) => {
    using sockets = BarePair.sockets();
    const { reader: here, writer: there } = sockets;
    polling.add(here, {});
    there.endWriting();
    const read = { ...QUIET, read: true, hangup: true };
    assertEquals(only(polling.tryWait()), read);
    // Who only waits for room is not kept busy by that.
    polling.modify(here, { write: true });
    const write = { ...QUIET, write: true };
    assertEquals(only(polling.tryWait()), write);
    here.fill();
    assertEquals(polling.tryWait(), undefined);
    polling.modify(here, { read: true, write: true });
    for (let i = 0; i < 2; i++) {
      assertEquals(only(polling.tryWait()), read);
    }
  });

  testPolling(
    each,
    "tells that a socket's peer has closed",
    async (polling) => {
      using sockets = BarePair.sockets();
      const { reader: here, writer: there } = sockets;
      polling.add(here, { read: true, write: true });
      there.close();
      // Half of it may be there before the whole.
      await flagged(polling, "hangup");
      assertEquals(only(polling.waitSync()), {
        read: true,
        write: true,
        hangup: true,
        error: false,
      });
    },
  );

  testPolling(each, "tells nothing but the end if asked for neither", async (
    polling,
  ) => {
    using sockets = BarePair.sockets();
    using pipe = BarePair.pipe();
    using broken = BarePair.pipe();
    const neither = { read: false };
    for (const fd of [sockets.reader, pipe.reader, broken.writer]) {
      polling.add(fd, neither);
    }
    sockets.writer.fill();
    pipe.writer.fill();
    assertEquals(polling.tryWait(), undefined);
    sockets.writer.endWriting();
    for (let i = 0; i < 2; i++) {
      assertEquals(only(polling.tryWait()), { ...QUIET, hangup: true });
    }
    polling.delete(sockets.reader);
    pipe.writer.close();
    for (let i = 0; i < 2; i++) {
      assertEquals(await flagged(polling, "hangup"), {
        ...QUIET,
        hangup: true,
      });
    }
    polling.delete(pipe.reader);
    broken.reader.close();
    for (let i = 0; i < 2; i++) {
      assertEquals(await flagged(polling, "error"), { ...QUIET, error: true });
    }
  });

  testPolling(each, "is not ready for what nobody asked for", (polling) => {
    using pipe = BarePair.pipe();
    polling.add(pipe.reader, { read: false });
    pipe.writer.fill();
    assertEquals(polling.tryWait(), undefined);
    const events = { read: true };
    assertEquals(tryPoll([{ fd: polling, events }]), undefined);
  });

  testPolling(each, "reports what it was last asked for", (polling) => {
    using sockets = BarePair.sockets();
    const { reader: here, writer: there } = sockets;
    there.write();
    polling.add(here, { data: 1 });
    assertEquals(only(polling.tryWait()), { ...QUIET, read: true });
    polling.modify(here, { write: true });
    assertEquals(only(polling.tryWait()), { ...QUIET, write: true });
    assertEquals(polling.tryWait()?.[0].data, 1);
    polling.modify(here, { read: true, data: 2 });
    assertEquals(only(polling.tryWait()), { ...QUIET, read: true });
    assertEquals(polling.tryWait()?.[0].data, 2);
    polling.modify(here, { read: true, data: undefined });
    assertEquals(polling.tryWait()?.[0].data, undefined);
    polling.modify(here, { read: false });
    assertEquals(polling.tryWait(), undefined);
    polling.delete(here);
    assertEquals(polling.tryWait(), undefined);
    polling.add(here, { read: true, write: true });
    assertEquals(only(polling.tryWait()), {
      ...QUIET,
      read: true,
      write: true,
    });
  });

  testPolling(each, "gives everyone a turn", (polling) => {
    using stack = new DisposableStack();
    const pipes = Array.from({ length: 5 }, () => stack.use(BarePair.pipe()));
    for (const { reader, writer } of pipes) {
      polling.add(reader, {});
      writer.write();
    }
    const seen = new Set<unknown>();
    for (let i = 0; i < 5; i++) {
      const [event, ...rest] = polling.tryWait({ maxEvents: 1 })!;
      assertEquals(rest, []);
      seen.add(event.fd);
    }
    assertEquals(seen.size, 5);
    assertEquals(polling.tryWait()?.length, 5);
    assertEquals(polling.tryWait({ maxEvents: 3 })?.length, 3);
  });

  testPolling(each, "takes a descriptor once", (polling) => {
    using pipe = BarePair.pipe();
    polling.add(pipe.reader, { data: "first" });
    for (const fd of [pipe.reader, pipe.reader.fd]) {
      const error = assertThrows(
        () => polling.add(fd, { data: "second" }),
        Deno.errors.AlreadyExists,
        "modify it",
      );
      assertEquals((error as unknown as { code: string }).code, "EEXIST");
    }
    pipe.writer.write();
    assertEquals(polling.tryWait()?.[0].data, "first");
  });

  testPolling(each, "knows what is not in it", (polling) => {
    using pipe = BarePair.pipe();
    const calls = [
      () => polling.modify(pipe.reader, {}),
      () => polling.delete(pipe.reader),
    ];
    for (const call of calls) assertThrows(call, Deno.errors.NotFound);
    polling.add(pipe.reader, {});
    polling.delete(pipe.reader);
    for (const call of calls) assertThrows(call, Deno.errors.NotFound);
  });

  testPolling(each, "refuses what is always ready", (polling) => {
    using directory = new TempDir();
    Deno.writeTextFileSync(directory.join("file"), "text");
    for (const path of [directory.path, directory.join("file")]) {
      using file = new Bare(openFile(path, O_RDONLY));
      const error = assertThrows(
        () => polling.add(file, {}),
        Deno.errors.PermissionDenied,
        "always ready",
      );
      assertEquals((error as unknown as { code: string }).code, "EPERM");
    }
  });

  testPolling(each, "refuses what is no open descriptor", (polling) => {
    const never = 0x7fffffff;
    const calls = [
      (fd: number) => polling.add(fd, {}),
      (fd: number) => polling.modify(fd, {}),
      (fd: number) => polling.delete(fd),
    ];
    for (const call of calls) {
      assertThrows(() => call(never), Deno.errors.BadResource);
      assertThrows(() => call(-1), RangeError, "current value is -1");
      assertThrows(() => call({} as number), TypeError);
    }
    assertThrows(() => polling.tryWait({ maxEvents: 0 }), RangeError);
  });

  testPolling(each, "forgets an object that is closed", (polling) => {
    using pipe = Pipe.open();
    polling.add(pipe.reader, {});
    pipe.writer.writeSync(new Uint8Array(1));
    const { fd } = pipe.reader;
    pipe.reader.close();
    assertEquals(polling.tryWait(), undefined);
    for (const what of [fd, pipe.reader]) {
      assertThrows(() => polling.delete(what), Deno.errors.BadResource);
    }
  });

  testPolling(each, "tells a number's new owner from the one before", (
    polling,
  ) => {
    using stack = new DisposableStack();
    const [one, other] = [0, 1].map(() => stack.use(BarePair.pipe()));
    one.writer.write();
    other.writer.write();
    polling.add(one.reader.fd, { data: "one" });
    polling.add(one.writer.fd, { write: true });
    assertEquals(polling.tryWait()?.length, 2);
    const reused = stack.use(one.reader.replaceBy(other.reader));
    assertEquals(
      polling.tryWait()?.filter(({ fd }) => fd === reused.fd),
      [],
    );
    assertThrows(() => polling.modify(reused.fd, {}), Deno.errors.NotFound);
    polling.add(reused.fd, { data: "other" });
    const [event] = polling.tryWait()!
      .filter(({ fd }) => fd === reused.fd);
    assertEquals([event.data, event.read], ["other", true]);
  });

  testPolling(each, "wakes who waits", async (polling) => {
    using pipe = BarePair.pipe();
    using late = BarePair.pipe();
    using deadline = new Deadline();
    polling.add(pipe.reader, {});
    const waiting = polling.wait(deadline);
    late.writer.write();
    polling.add(late.reader, { data: "late" });
    const [{ data }] = await waiting;
    assertEquals(data, "late");
  });

  testPolling(each, "loses nothing when a wait is aborted", async (polling) => {
    using pipe = BarePair.pipe();
    polling.add(pipe.reader, {});
    const controller = new AbortController();
    const waiting = polling.wait(controller);
    const reason = new Error("enough");
    controller.abort(reason);
    assertStrictEquals(await assertRejects(() => waiting), reason);
    pipe.writer.write();
    assertEquals(only(await polling.wait()), { ...QUIET, read: true });
  });

  testPolling(each, "ends waits when it is closed", async (polling) => {
    using pipe = BarePair.pipe();
    polling.add(pipe.reader, {});
    const waiting = polling.wait();
    assertThrows(() => polling.waitSync(), Deno.errors.Busy);
    polling.close();
    polling.close();
    await assertRejects(() => waiting, Deno.errors.BadResource);
    const calls = [
      () => polling.fd,
      () => polling.add(pipe.reader, {}),
      () => polling.modify(pipe.reader, {}),
      () => polling.delete(pipe.reader),
      () => polling.tryWait(),
      () => polling.waitSync(),
    ];
    for (const call of calls) assertThrows(call, Deno.errors.BadResource);
  });

  testPolling(each, "gives up when the time is over", (polling) => {
    using pipe = BarePair.pipe();
    polling.add(pipe.reader, { read: false });
    for (const timeout of [0, 20]) {
      assertThrows(() => polling.waitSync({ timeout }), Deno.errors.TimedOut);
    }
    pipe.writer.fill();
    assertThrows(() => polling.waitSync({ timeout: 20 }), Deno.errors.TimedOut);
  });

  testPolling(each, "can itself be watched", async (polling) => {
    using pipe = BarePair.pipe();
    using deadline = new Deadline();
    const outer = each.open();
    try {
      outer.add(polling, { data: "inner" });
      polling.add(pipe.reader, {});
      assertEquals(outer.tryWait(), undefined);
      const waiting = outer.wait(deadline);
      pipe.writer.write();
      assertEquals((await waiting).map(({ data }) => data), ["inner"]);
      assertEquals(polling.tryWait()?.length, 1);
      pipe.reader.drain();
      assertEquals(polling.tryWait(), undefined);
      assertEquals(outer.tryWait(), undefined);
    } finally {
      outer.close();
    }
  });

  testPolling(each, "does not watch itself", (polling) => {
    assertThrows(() => polling.add(polling, {}), Error, "EINVAL");
  });
}

Deno.test("a Poller hands out events one after the other", async () => {
  using poller = new Poller();
  using one = Pipe.open();
  using other = Pipe.open();
  for (const pipe of [one, other]) {
    poller.add(pipe.reader, { data: pipe });
    pipe.writer.writeSync(new Uint8Array(1));
  }
  const seen = new Set<unknown>();
  for await (const { data, read } of poller) {
    assert(read);
    seen.add(data);
    (data as Pipe).reader.readSync(new Uint8Array(1));
    if (seen.size === 2) break;
  }
  assertEquals(poller.tryWait(), undefined);
  poller.delete(one.reader);
  poller.modify(other.reader, { read: false });
  poller.close();
  assertThrows(() => poller.fd, Deno.errors.BadResource);
});
