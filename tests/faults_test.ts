/** Peers that die, permissions that are missing, objects that are forgotten. */

import { assertEquals, assertRejects } from "@std/assert";
import { Fifo } from "@ipc/core/fifo";
import { Pipe, spawn } from "@ipc/core/pipe";
import { BECOME_NOBODY } from "./_util/nobody.ts";
import { denoArgs, EXPOSE_GC, missing, run, runDeno } from "./_util/peers.ts";
import { TempDir } from "./_util/temp.ts";

const LINUX = Deno.build.os === "linux";

Deno.test("a reader that is killed gives the writer BrokenPipe, and it lives", {
  ignore: missing("cat"),
}, async () => {
  using pipe = Pipe.open();
  const child = spawn("cat", { fds: { 0: pipe.reader, 1: "null" } });
  pipe.reader.close();
  const block = new Uint8Array(100_000);
  await pipe.writer.writeAll(block);
  child.kill("SIGKILL");
  await assertRejects(async () => {
    for (;;) await pipe.writer.writeAll(block);
  }, Deno.errors.BrokenPipe);
  assertEquals((await child.status).signal, "SIGKILL");
});

Deno.test("a writer that is killed gives the reader the end, after its data", {
  ignore: missing("sh"),
}, async () => {
  using pipe = Pipe.open();
  const child = spawn("sh", {
    args: ["-c", "echo alive; exec sleep 1000"],
    fds: { 1: pipe.writer },
  });
  pipe.writer.close();
  const p = new Uint8Array(16);
  assertEquals(await pipe.reader.read(p), 6);
  const reading = pipe.reader.read(p);
  child.kill("SIGKILL");
  assertEquals(await reading, null);
  assertEquals(await child.status, {
    success: false,
    code: 137,
    signal: "SIGKILL",
  });
});

Deno.test("peers killed at any moment of a FIFO's life do no harm", async () => {
  using dir = new TempDir();
  using fifo = Fifo.create(dir.join("fifo"));
  using reader = await fifo.openReader();
  const p = new Uint8Array(100_000);
  for (let i = 0; i < 20; i++) {
    const child = spawn("dd", {
      args: ["if=/dev/zero", `of=${fifo.path}`, "bs=1000", "status=none"],
    });
    // Killed after so many bytes, and so somewhere within its next write.
    for (let bytes = 0; bytes < i * 50_000;) bytes += await reader.read(p) ?? 0;
    child.kill("SIGKILL");
    await child.status;
    // Whoever was killed before it had opened the FIFO never was a writer.
    while ((reader.tryRead(p) ?? 0) > 0);
  }
  using writer = await fifo.openWriter();
  writer.writeSync(new Uint8Array(5));
  assertEquals(await reader.read(p), 5);
});

Deno.test("a FIFO's writer whose Deno is killed is the end for the reader", async () => {
  using dir = new TempDir();
  using fifo = Fifo.create(dir.join("fifo"));
  using reader = await fifo.openReader();
  const child = spawn(Deno.execPath(), {
    args: [
      ...denoArgs(`
        import { Fifo } from "@ipc/core/fifo";
        using writer = await Fifo.open(Deno.args[0]).openWriter();
        await writer.writeAll(new Uint8Array(7));
        await new Promise((done) => setTimeout(done, 1_000_000));
      `),
      fifo.path,
    ],
  });
  const p = new Uint8Array(16);
  assertEquals(await reader.read(p), 7);
  child.kill("SIGKILL");
  assertEquals(await reader.read(p), null);
  await child.status;
});

Deno.test("what nobody may not do says PermissionDenied", {
  ignore: !LINUX || Deno.uid() !== 0,
}, async () => {
  using dir = new TempDir();
  using _fifo = Fifo.create(dir.join("fifo"), { mode: 0o600 });
  using _open = Fifo.create(dir.join("open"), { mode: 0o644 });
  Deno.chmodSync(dir.path, 0o755);
  const output = await runDeno(
    `
    import { Fifo } from "@ipc/core/fifo";
    import { Pipe, spawn } from "@ipc/core/pipe";
    ${BECOME_NOBODY}
    const [dir] = Deno.args;
    attempt("create", () => Fifo.create(dir + "/new"));
    attempt("ensure", () => Fifo.ensure(dir + "/new"));
    attempt("unlink", () => Fifo.unlink(dir + "/fifo"));
    const fifo = Fifo.open(dir + "/fifo");
    attempt("read", () => fifo.openReaderSync());
    attempt("write", () => fifo.openWriterSync());
    const open = Fifo.open(dir + "/open");
    attempt("read", () => open.openReaderSync().close());
    attempt("persist", () => open.openReaderSync({ persistent: true }));
    attempt("run", () => spawn("/etc/passwd"));
    attempt("capacity", () => Pipe.open({ capacity: 1 << 30 }));
    attempt("kill", () => {
      const child = spawn("true");
      Object.defineProperty(child, "pid", { value: 1 });
      child.kill();
    });
  `,
    [dir.path],
  );
  assertEquals(output.split("\n"), [
    "create PermissionDenied EACCES",
    "ensure PermissionDenied EACCES",
    "unlink PermissionDenied EACCES",
    "read PermissionDenied EACCES",
    "write PermissionDenied EACCES",
    "read succeeded",
    "persist PermissionDenied EACCES",
    "run PermissionDenied EACCES",
    "capacity PermissionDenied EPERM",
    "kill PermissionDenied EPERM",
  ]);
});

for (const permission of ["--no-prompt", "--allow-ffi=libc.so.6"]) {
  Deno.test(`with ${permission} a call says what is missing, an import does not`, async () => {
    const module = new URL("../mod.ts", import.meta.url);
    const script = `
      import { Pipe } from "${module}";
      try { Pipe.open(); } catch (error) {
        console.log(error.name, error.message);
      }`;
    const [, , ...rest] = denoArgs(script);
    const args = ["run", "--no-prompt", permission, ...rest];
    const { stdout, stderr } = await run(Deno.execPath(), args);
    assertEquals([stdout.trim(), stderr], [
      "NotCapable Cannot call pipe2: @ipc/core needs --allow-ffi, without a path",
      "",
    ]);
  });
}

Deno.test("an end that was forgotten is closed when it is collected", {
  ignore: !LINUX,
}, async () => {
  const source = `
    import { Pipe } from "@ipc/core/pipe";
    import { openPipes } from "tests/_util/counts.ts";
    const before = openPipes().length;
    (function forget() {
      for (let i = 0; i < 50; i++) Pipe.open();
    })();
    while (openPipes().length > before) {
      globalThis.gc();
      await new Promise((done) => setTimeout(done));
    }
    console.log("closed");
  `;
  assertEquals(await runDeno(source, [], [EXPOSE_GC]), "closed");
});
