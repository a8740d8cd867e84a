/** What a user without privileges may not do with semaphores and locks. */

import { assertEquals } from "@std/assert";
import { FileLock } from "@ipc/core/lock";
import { Semaphore, SysvSemaphoreSet } from "@ipc/core/sem";
import { BECOME_NOBODY } from "./_util/nobody.ts";
import { runDeno } from "./_util/peers.ts";
import { TempDir } from "./_util/temp.ts";

const ignore = Deno.build.os !== "linux" || Deno.uid() !== 0;

Deno.test("what nobody may not do with semaphores says PermissionDenied", {
  ignore,
}, async () => {
  const name = `/ipc-test-${crypto.randomUUID()}`;
  using _own = Semaphore.create(name, { temporary: true });
  using _open = Semaphore.create(`${name}-open`, {
    mode: 0o666,
    temporary: true,
  });
  using own = SysvSemaphoreSet.createPrivate({ count: 1, temporary: true });
  using readable = SysvSemaphoreSet.createPrivate({
    count: 1,
    values: [1],
    mode: 0o644,
    temporary: true,
  });
  using writable = SysvSemaphoreSet.createPrivate({
    count: 1,
    values: [1],
    mode: 0o602,
    temporary: true,
  });
  const output = await runDeno(
    `
    import { Semaphore, SysvSemaphoreSet } from "@ipc/core/sem";
    ${BECOME_NOBODY}
    const [name, ...ids] = Deno.args;
    attempt("open", () => Semaphore.open(name));
    attempt("ensure", () => Semaphore.ensure(name));
    attempt("unlink", () => Semaphore.unlink(name));
    attempt("acquire", () => Semaphore.open(name + "-open").acquireSync());
    const [own, readable, writable] = ids.map((id) => SysvSemaphoreSet.fromId(Number(id)));
    attempt("take", () => own.tryAcquire());
    attempt("values", () => own.values);
    attempt("stat", () => own.stat());
    attempt("set", () => own.setValue(0, 1));
    attempt("remove", () => own.remove());
    attempt("read", () => readable.values);
    attempt("take", () => readable.tryAcquire());
    attempt("wait", () => readable.tryWaitZero());
    attempt("take", () => writable.acquireSync());
    attempt("release", () => writable.release());
    attempt("values", () => writable.values);
    attempt("index", () => writable.release(5));
  `,
    [name, ...[own, readable, writable].map(({ id }) => `${id}`)],
  );
  assertEquals(output.split("\n"), [
    "open PermissionDenied EACCES",
    "ensure PermissionDenied EACCES",
    "unlink PermissionDenied EACCES",
    "acquire succeeded",
    "take PermissionDenied EACCES",
    "values PermissionDenied EACCES",
    "stat PermissionDenied EACCES",
    "set PermissionDenied EACCES",
    "remove PermissionDenied EPERM",
    "read succeeded",
    "take PermissionDenied EACCES",
    "wait succeeded",
    "take succeeded",
    "release succeeded",
    "values PermissionDenied EACCES",
    "index IpcError EFBIG",
  ]);
});

Deno.test("what nobody may not lock says PermissionDenied", {
  ignore,
}, async () => {
  using dir = new TempDir();
  Deno.chmodSync(dir.path, 0o755);
  FileLock.acquireSync(dir.join("own")).release();
  FileLock.acquireSync(dir.join("open"), { createMode: 0o644 }).release();
  using _lock = FileLock.acquireSync(dir.join("open"), { mode: "shared" });
  const output = await runDeno(
    `
    import { FileLock } from "@ipc/core/lock";
    ${BECOME_NOBODY}
    const [dir] = Deno.args;
    attempt("own", () => FileLock.acquireSync(dir + "/own"));
    attempt("shared", () => FileLock.acquireSync(dir + "/own", { mode: "shared" }));
    attempt("make", () => FileLock.acquireSync(dir + "/new"));
    attempt("exclusive", () => FileLock.acquireSync(dir + "/open"));
    attempt("shared", () => FileLock.acquireSync(dir + "/open", { mode: "shared" }).release());
    attempt("flock", () => FileLock.acquireSync(dir + "/open", { kind: "flock" }).release());
    attempt("holder", () => {
      // Whose lock it is is not for nobody to know.
      if (FileLock.holder(dir + "/open") !== undefined) throw new Error();
    });
    attempt("holder", () => FileLock.holder(dir + "/own"));
  `,
    [dir.path],
  );
  assertEquals(output.split("\n"), [
    "own PermissionDenied EACCES",
    "shared PermissionDenied EACCES",
    "make PermissionDenied EACCES",
    "exclusive PermissionDenied EACCES",
    "shared succeeded",
    "flock succeeded",
    "holder succeeded",
    "holder PermissionDenied EACCES",
  ]);
});
