import { assert, assertEquals } from "@std/assert";
import { isAlive, NOBODY, ownIdentity, pidOf } from "../_internal/process.ts";
import { spawn } from "@ipc/core/pipe";
import { missing } from "./_util/peers.ts";

const LINUX = Deno.build.os === "linux";

Deno.test("this process is alive, and nobody is not", () => {
  assertEquals(pidOf(ownIdentity()), Deno.pid);
  assert(isAlive(ownIdentity()));
  assert(!isAlive(NOBODY));
});

Deno.test("of an identity without a beginning only the number counts", () => {
  assert(isAlive(BigInt(Deno.pid)));
  // The first process of the system, which may be somebody else's.
  assert(isAlive(1n));
});

Deno.test("a number that was given to another process is not alive", {
  ignore: !LINUX,
}, () => {
  assert(!isAlive(ownIdentity() ^ (1n << 22n)));
});

Deno.test("who is in another process namespace is taken to be alive", {
  ignore: !LINUX,
}, () => {
  assert(isAlive(ownIdentity() ^ (1n << 54n) ^ (1n << 22n)));
});

Deno.test("a child is dead as soon as it has ended, before anyone has waited", {
  ignore: !LINUX || missing("sleep"),
}, async () => {
  await using child = spawn("sleep", { args: ["1000"] });
  const { pid } = child;
  assert(isAlive(BigInt(pid)));
  child.kill("SIGKILL");
  // Without going through the event loop, in which it is waited for.
  const status = `/proc/${pid}/status`;
  while (!Deno.readTextFileSync(status).includes("State:\tZ"));
  assert(!isAlive(BigInt(pid)));
});

Deno.test("a child that has been waited for is dead", {
  ignore: missing("true"),
}, async () => {
  await using child = spawn("true");
  const { pid } = child;
  await child.status;
  assert(!isAlive(BigInt(pid)));
});
