/** What nobody may do, as the user of that name. */

import { assertEquals } from "@std/assert";
import {
  Broadcast,
  RingBuffer,
  SharedMemory,
  SysvSharedMemory,
} from "@ipc/core/shm";
import { memoryName } from "./_util/memory_name.ts";
import { BECOME_NOBODY } from "./_util/nobody.ts";
import { runDeno } from "./_util/peers.ts";
import { TempDir } from "./_util/temp.ts";

const ignore = Deno.build.os !== "linux" || Deno.uid() !== 0;

Deno.test("what nobody may not do with memory says PermissionDenied", {
  ignore,
}, async () => {
  using dir = new TempDir();
  const [closed, open, news, mine] = Array.from({ length: 4 }, memoryName);
  const size = 4096;
  using _closed = SharedMemory.create(closed, { size, temporary: true });
  const shared = { size, mode: 0o644, temporary: true };
  using _open = SharedMemory.create(open, shared);
  using sysv = SysvSharedMemory.createPrivate({ size, temporary: true });
  using readable = SysvSharedMemory.createPrivate(shared);
  using producer = Broadcast.create(news, { ...shared, capacity: 100 });
  producer.send("to all");
  using _ring = RingBuffer.create(mine, { ...shared, capacity: 100 });
  Deno.chmodSync(dir.path, 0o755);
  Deno.writeTextFileSync(dir.join("secret"), "secret", { mode: 0o600 });
  Deno.writeTextFileSync(dir.join("public"), "public", { mode: 0o644 });

  const output = await runDeno(
    `
    import { Broadcast, MappedFile, RingBuffer, SharedMemory, SysvSharedMemory }
      from "@ipc/core/shm";
    ${BECOME_NOBODY}
    const [dir, closed, open, news, mine, sysv, readable] = Deno.args;
    const readOnly = { readOnly: true };
    attempt("open", () => SharedMemory.open(closed));
    attempt("unlink", () => SharedMemory.unlink(closed));
    attempt("ensure", () => SharedMemory.ensure(closed, { size: 1 }));
    attempt("write", () => SharedMemory.open(open));
    attempt("read", () => SharedMemory.open(open, readOnly).close());
    attempt("sysv", () => SysvSharedMemory.fromId(Number(sysv)));
    attempt("sysv write", () => SysvSharedMemory.fromId(Number(readable)));
    attempt("sysv read", () => {
      using memory = SysvSharedMemory.fromId(Number(readable), readOnly);
      attempt("sysv remove", () => memory.remove());
    });
    attempt("ring", () => RingBuffer.open(mine));
    attempt("broadcast", () => Broadcast.open(news));
    attempt("listen", () => {
      using broadcast = Broadcast.open(news, readOnly);
      using reader = broadcast.subscribe({ from: "oldest" });
      console.log(new TextDecoder().decode(reader.tryReceive().data));
      attempt("tell", () => broadcast.send("x"));
    });
    attempt("secret", () => MappedFile.open(dir + "/secret", readOnly));
    attempt("public", () => MappedFile.open(dir + "/public"));
    attempt("private", () => MappedFile.open(dir + "/public", { private: true }));
    attempt("new", () => MappedFile.open(dir + "/new", { create: true, size: 1 }));
    attempt("lock", () => SharedMemory.anonymous(1 << 26).lock());
  `,
    [dir.path, closed, open, news, mine, `${sysv.id}`, `${readable.id}`],
  );
  assertEquals(output.split("\n"), [
    "open PermissionDenied EACCES",
    // /dev/shm is sticky, as /tmp is.
    "unlink PermissionDenied EACCES",
    "ensure PermissionDenied EACCES",
    "write PermissionDenied EACCES",
    "read succeeded",
    "sysv PermissionDenied EACCES",
    "sysv write PermissionDenied EACCES",
    "sysv remove PermissionDenied EPERM",
    "sysv read succeeded",
    "ring PermissionDenied EACCES",
    "broadcast PermissionDenied EACCES",
    "to all",
    "tell PermissionDenied EACCES",
    "listen succeeded",
    "secret PermissionDenied EACCES",
    "public PermissionDenied EACCES",
    "private succeeded",
    "new PermissionDenied EACCES",
    "lock IpcError ENOMEM",
  ]);
});

Deno.test("where memory may not be executed everything works but one thing", {
  ignore,
}, async () => {
  const name = memoryName();
  // PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN: prctl(2), Linux 6.3.
  const output = await runDeno(
    `
    import { SharedMemory } from "@ipc/core/shm";
    import { mapCode } from "tests/_util/executable.ts";
    const libc = Deno.dlopen("libc.so.6", {
      prctl: {
        parameters: ["i32", "u64", "u64", "u64", "u64"],
        result: "i32",
      },
    }).symbols;
    const refused = libc.prctl(65, 1n, 0n, 0n, 0n) === 0;
    using memory = SharedMemory.create(Deno.args[0], {
      size: 4096,
      temporary: true,
    });
    memory.bytes[0] = 1;
    let error = "none";
    try {
      mapCode(new Uint8Array(1));
    } catch ({ name }) {
      error = name;
    }
    console.log(memory.bytes[0], error === (refused ? "PermissionDenied" : "none"));
    Deno.exit();
  `,
    [name],
  );
  assertEquals(output, "1 true");
  SharedMemory.unlink(name);
});
