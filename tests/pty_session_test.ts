/** What is left of the programs in a terminal when it goes: nothing. */

import { assertEquals, assertLess } from "@std/assert";
import { Pty } from "@ipc/core/pty";
import { sleepSync } from "../_internal/poll.ts";
import { numbersIn } from "../_internal/proc.ts";
import { membersOf } from "../pty/_members.ts";
import { BECOME_NOBODY } from "./_util/nobody.ts";
import { Deadline } from "./_util/peer.ts";
import { missing, runDeno } from "./_util/peers.ts";
import { Screen } from "./_util/screen.ts";

const LINUX = Deno.build.os === "linux";
const ignore = !LINUX || missing("sleep");

/** Whether there is a process, other than as a zombie. */
function isAlive(pid: number): boolean {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    return !/\) [ZX] /.test(stat);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function groupOf(pid: number): string {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[2];
}

/** Programs of all kinds, each of which prints its process id. */
const CROWD = `
  set -m # Each job in a group of its own.
  sleep 1000 & echo $!
  (trap '' HUP; sleep 1000 & echo $!; wait) 2> /dev/null &
  sh -c 'trap "" HUP TERM INT; echo $$; while :; do sleep 1000; done' &
  nohup sleep 1000 > /dev/null 2>&1 < /dev/null & echo $!
  sh -c 'kill -STOP $$; sleep 1000' & echo $!
  echo $$
`;

async function crowd(pty: Pty, deadline: Deadline): Promise<number[]> {
  const text = await new Screen(pty, deadline).until(/(\d+\r\n){6}/);
  return text.match(/\d+/g)!.map(Number);
}

/** Has the leader exit. */
async function leave(pty: ReturnType<typeof Pty.spawn>): Promise<void> {
  await pty.write(new TextEncoder().encode("\r"));
  await pty.child.status;
}

for (const last of ["sleep 1000", "read -r _; exit"]) {
  const exits = last.endsWith("exit");
  const what = exits ? "has exited" : "still runs";
  Deno.test(`all programs of a session end with it when its leader ${what}`, {
    ignore,
  }, async () => {
    using deadline = new Deadline();
    let pids: number[];
    {
      await using pty = Pty.spawn("sh", { args: ["-c", CROWD + last] });
      pids = await crowd(pty, deadline);
      assertEquals(new Set(pids.map(groupOf)).size, pids.length);
      if (exits) await leave(pty);
      assertEquals(pids.some(isAlive), true);
    }
    assertEquals(pids.filter(isAlive), []);
  });

  Deno.test(`using ends them at once when the leader ${what}`, {
    ignore,
  }, async () => {
    using deadline = new Deadline();
    let pids: number[];
    {
      using pty = Pty.spawn("sh", { args: ["-c", CROWD + last] });
      pids = await crowd(pty, deadline);
      if (exits) await leave(pty);
    }
    assertEquals(pids.filter(isAlive), []);
  });
}

Deno.test("a leader that is killed leaves the others to be ended", {
  ignore,
}, async () => {
  using deadline = new Deadline();
  let pids: number[];
  {
    await using pty = Pty.spawn("sh", { args: ["-c", CROWD + "read -r _"] });
    pids = await crowd(pty, deadline);
    pty.child.kill("SIGKILL");
    assertEquals((await pty.child.status).signal, "SIGKILL");
    // Others have the terminal still, so this is not its end.
    assertEquals(pty.tryRead(new Uint8Array(1)), undefined);
    assertEquals(pids.some(isAlive), true);
  }
  assertEquals(pids.filter(isAlive), []);
});

Deno.test("programs that multiply meanwhile are ended, too", {
  ignore,
}, async () => {
  using deadline = new Deadline();
  const script = `trap '' HUP; echo ready
    for i in 1 2 3 4 5; do (for j in 1 2 3 4 5 6 7 8 9; do sleep 1000 & done) & done
    sleep 1000`;
  for (const dispose of [Symbol.dispose, Symbol.asyncDispose] as const) {
    const pty = Pty.spawn("sh", { args: ["-c", script] });
    await new Screen(pty, deadline).until(/ready/);
    await pty[dispose]();
    assertEquals(membersOf(pty.child.pid), []);
  }
});

Deno.test("a program of another user is left alone, and not waited for", {
  ignore: ignore || Deno.uid() !== 0,
}, async () => {
  // As root, so that it is another's when this has become nobody.
  const output = await runDeno(`
    import { Pty } from "@ipc/core/pty";
    const args = ["-c", "trap '' HUP; echo ready; while :; do sleep 1000; done"];
    const pty = Pty.spawn("sh", { args });
    await pty.read(new Uint8Array(16));
    ${BECOME_NOBODY}
    await pty[Symbol.asyncDispose]();
    console.log(pty.child.pid);
  `);
  const pid = Number(output);
  assertEquals(isAlive(pid), true);
  for (const member of membersOf(pid)) Deno.kill(member, "SIGKILL");
});

Deno.test("who takes another's place while they are looked for is found", {
  ignore,
}, async () => {
  using deadline = new Deadline();
  const script = `trap '' HUP; trap 'sleep 1000 & exit' USR1
    echo ready; while :; do sleep 0.1; done`;
  await using pty = Pty.spawn("sh", { args: ["-c", script] });
  await new Screen(pty, deadline).until(/ready/);
  const leader = pty.child.pid;

  let looks = 0;
  const members = membersOf(leader, () => {
    const all = numbersIn("/proc");
    if (looks++ === 0) {
      Deno.kill(leader, "SIGUSR1");
      while (isAlive(leader)) sleepSync(1);
    }
    return all;
  });
  assertEquals(members.length, 1);
  assertEquals(isAlive(members[0]), true);
});

Deno.test("programs are asked to end before they are made to", {
  ignore,
}, async () => {
  using deadline = new Deadline();
  const path = await Deno.makeTempFile();
  try {
    const script = `trap 'echo goodbye > ${path}; exit' HUP
      echo ready; while :; do sleep 1000 & wait; done`;
    await using pty = Pty.spawn("sh", { args: ["-c", script] });
    await new Screen(pty, deadline).until(/ready/);
    await pty[Symbol.asyncDispose]();
    assertEquals(await Deno.readTextFile(path), "goodbye\n");
    assertEquals((await pty.child.status).signal, null);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("a status that is waited for comes although the session is ended", {
  ignore,
}, async () => {
  let status;
  {
    using pty = Pty.spawn("sleep", { args: ["1000"] });
    status = pty.child.status;
  }
  assertEquals((await status).signal, "SIGKILL");
  {
    await using pty = Pty.spawn("sleep", { args: ["1000"] });
    status = pty.child.status;
  }
  assertEquals((await status).signal, "SIGHUP");
});

Deno.test("disposing twice, after closing and without a program is fine", {
  ignore,
}, async () => {
  const pty = Pty.spawn("sleep", { args: ["1000"] });
  pty.close();
  pty[Symbol.dispose]();
  pty[Symbol.dispose]();
  await pty[Symbol.asyncDispose]();
  using _open = Pty.open();
  await using _other = Pty.open();
});

Deno.test("terminals leave no descriptors, no processes and no zombies", {
  ignore,
}, async () => {
  const output = await runDeno(`
    import { Pty } from "@ipc/core/pty";
    import { openDescriptors } from "tests/_util/counts.ts";
    // Deno opens sockets for itself when it sees fit.
    function descriptors() {
      return [...openDescriptors().values()]
        .filter((what) => !what.startsWith("socket:")).length;
    }
    function children() {
      const path = "/proc/self/task/" + Deno.pid + "/children";
      return Deno.readTextFileSync(path).trim();
    }
    async function cycle() {
      using one = Pty.spawn("sleep", { args: ["1000"] });
      await using two = Pty.spawn("sleep", { args: ["1000"] });
      using three = Pty.open();
      try { Pty.spawn("/nowhere"); } catch { /* There is no such program. */ }
    }
    await cycle();
    const before = descriptors();
    for (let i = 0; i < 20; i++) await cycle();
    console.log(descriptors() - before, JSON.stringify(children()));
  `);
  assertEquals(output, '0 ""');
});

Deno.test("many terminals wait with one thread, and use no processor", {
  ignore,
}, async () => {
  const output = await runDeno(`
    import { Pty } from "@ipc/core/pty";
    import { countParkedThreads, cpuSeconds } from "tests/_util/counts.ts";
    const ptys = Array.from({ length: 20 }, () => Pty.open());
    const controller = new AbortController();
    const { signal } = controller;
    const p = new Uint8Array(1);
    const reads = Promise.allSettled(ptys.map((pty) => pty.read(p, { signal })));
    await new Promise((done) => setTimeout(done, 200));
    const before = cpuSeconds();
    await new Promise((done) => setTimeout(done, 500));
    console.log(countParkedThreads(), cpuSeconds() - before);
    controller.abort();
    await reads;
  `);
  const [threads, seconds] = output.split(" ").map(Number);
  assertEquals(threads, 1);
  assertLess(seconds, 0.1);
});

Deno.test("who disposes of a Pty that is being disposed of waits likewise", {
  ignore,
}, async () => {
  const pty = Pty.spawn("sh", { args: ["-c", "trap '' HUP; sleep 1000"] });
  const { pid } = pty.child;
  const first = pty[Symbol.asyncDispose]();
  await pty[Symbol.asyncDispose]();
  assertEquals(isAlive(pid), false);
  await first;

  const other = Pty.spawn("sh", { args: ["-c", "trap '' HUP; sleep 1000"] });
  const ending = other[Symbol.asyncDispose]();
  other[Symbol.dispose]();
  assertEquals(isAlive(other.child.pid), false);
  await ending;
});
