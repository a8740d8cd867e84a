/**
 * What a kqueue reports of processes and files. The forks and execs of a
 * process, and revoked files, only macOS can tell.
 */

import {
  assert,
  assertEquals,
  assertGreaterOrEqual,
  assertThrows,
} from "@std/assert";
import type { Kqueue } from "@ipc/core/mux";
import { Pipe, spawn } from "@ipc/core/pipe";
import { openFile } from "../_internal/file.ts";
import { O_RDONLY } from "../_internal/platform.ts";
import { Bare } from "./_util/descriptors.ts";
import { testKqueue } from "./_util/kqueue.ts";
import { TempDir } from "./_util/temp.ts";

testKqueue("tells the end of a process", async (kqueue) => {
  await using child = spawn("sleep", { args: ["1000"] });
  const { pid } = child;
  kqueue.change({ filter: "proc", pid, data: "child" });
  assertEquals(kqueue.tryWait(), undefined);
  child.kill("SIGKILL");
  assertEquals(await kqueue.wait(), [
    {
      filter: "proc",
      pid,
      data: "child",
      exit: true,
      fork: false,
      exec: false,
    },
  ]);
  const change = { filter: "proc", pid, action: "delete" } as const;
  assertThrows(() => kqueue.change(change), Deno.errors.NotFound);
});

for (
  const [script, code, signal] of [
    ["exit 3", 3, null],
    ["exit 0", 0, null],
    ["kill -KILL $$", 137, "SIGKILL"],
  ] as const
) {
  testKqueue(`tells how a process ended by ${script}`, async (kqueue) => {
    using input = Pipe.open();
    await using child = spawn("sh", {
      args: ["-c", `read line; ${script}`],
      fds: { 0: input.reader },
    });
    const { pid } = child;
    kqueue.change({ filter: "proc", pid, exitStatus: true });
    input.writer.writeSync(new TextEncoder().encode("go\n"));
    // Blocking, so that nobody else waits for it in the meantime.
    const [event] = kqueue.waitSync({ timeout: 10_000 });
    assert(event.filter === "proc" && event.exit);
    const success = code === 0;
    assertEquals(event.status, { success, code, signal });
  });
}

testKqueue("does not find a process that is gone", async (kqueue) => {
  const child = spawn("true");
  await child.status;
  const change = { filter: "proc", pid: child.pid } as const;
  assertThrows(() => kqueue.change(change), Deno.errors.NotFound, "ESRCH");
});

/** What happened to a file, as the names of what is true. */
function notes(kqueue: Kqueue): string[] {
  const [event] = kqueue.waitSync({ timeout: 10_000 });
  assert(event.filter === "vnode");
  return Object.entries(event)
    .filter(([, value]) => value === true)
    .map(([name]) => name);
}

testKqueue("tells what happens to a file", (kqueue) => {
  using directory = new TempDir();
  const path = directory.join("file");
  Deno.writeTextFileSync(path, "text");
  using file = new Bare(openFile(path, O_RDONLY));
  const all = {
    delete: true,
    write: true,
    extend: true,
    attrib: true,
    link: true,
    rename: true,
  };
  kqueue.change({ filter: "vnode", fd: file, clear: true, ...all });
  assertEquals(kqueue.tryWait(), undefined);
  Deno.writeTextFileSync(path, "more", { append: true });
  assertEquals(notes(kqueue), ["write", "extend"]);
  Deno.chmodSync(path, 0o600);
  assertEquals(notes(kqueue), ["attrib"]);
  Deno.linkSync(path, directory.join("link"));
  assertEquals(notes(kqueue).includes("link"), true);
  Deno.renameSync(path, directory.join("name"));
  assertEquals(notes(kqueue).includes("rename"), true);
  Deno.removeSync(directory.join("link"));
  assertEquals(notes(kqueue).includes("link"), true);
  Deno.removeSync(directory.join("name"));
  assertEquals(notes(kqueue).includes("delete"), true);
  assertEquals(kqueue.tryWait(), undefined);
});

testKqueue("tells of a file only what was asked for", (kqueue) => {
  using directory = new TempDir();
  const path = directory.join("file");
  Deno.writeTextFileSync(path, "text");
  using file = new Bare(openFile(path, O_RDONLY));
  kqueue.change({ filter: "vnode", fd: file, rename: true });
  Deno.writeTextFileSync(path, "more", { append: true });
  assertEquals(kqueue.tryWait(), undefined);
  Deno.renameSync(path, directory.join("name"));
  // Without `clear`, for as long as it is not looked for again.
  for (let i = 0; i < 2; i++) assertEquals(notes(kqueue), ["rename"]);
});

testKqueue("tells that something came into a directory", (kqueue) => {
  using directory = new TempDir();
  using open = new Bare(openFile(directory.path, O_RDONLY));
  kqueue.change({ filter: "vnode", fd: open, write: true, clear: true });
  assertEquals(kqueue.tryWait(), undefined);
  Deno.writeTextFileSync(directory.join("file"), "");
  assertGreaterOrEqual(notes(kqueue).length, 1);
});
