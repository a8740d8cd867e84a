import { assertEquals, assertThrows } from "@std/assert";
import { Fifo } from "@ipc/core/fifo";
import { IpcError, Pipe, spawn, type SpawnOptions } from "@ipc/core/pipe";
import { compiled } from "./_util/compiled.ts";
import { descriptorsTo, targetOf } from "./_util/held.ts";
import { Deadline } from "./_util/peer.ts";
import { denoArgs, missing, run } from "./_util/peers.ts";
import { spawned } from "./_util/spawned.ts";
import { TempDir } from "./_util/temp.ts";

const LINUX = Deno.build.os === "linux";
const ignore = missing("cc");
const lister = await compiled("descriptors.c");

/** What a child has under a descriptor's number. */
interface Given {
  readonly blocking: boolean;
  readonly inode: string;
}

/** What a child has open by number. */
async function list(options: SpawnOptions): Promise<Map<number, Given>> {
  const { stdout, code } = await spawned(lister, options);
  assertEquals(code, 0);
  return parse(stdout);
}

function parse(text: string): Map<number, Given> {
  return new Map(
    text.trimEnd().split("\n").map((line) => {
      const [fd, how, inode] = line.split(" ");
      return [Number(fd), { blocking: how === "blocking", inode }];
    }),
  );
}

/** The inode of a pipe's or FIFO's end on this side. */
function inode({ fd }: { readonly fd: number }): string {
  return `${Deno.statSync(`/proc/self/fd/${fd}`).ino}`;
}

/** Whether an end on this side blocks: proc_pid_fdinfo(5). */
function blocks({ fd }: { readonly fd: number }): boolean {
  const text = Deno.readTextFileSync(`/proc/self/fdinfo/${fd}`);
  const O_NONBLOCK = 0o4000;
  return (parseInt(text.match(/^flags:\s*(\d+)/m)![1], 8) & O_NONBLOCK) === 0;
}

/** The lowest numbers of which no descriptor is open on this side. */
function freeNumbers(count: number): number[] {
  const pipes = Array.from({ length: count / 2 }, () => Pipe.open());
  const numbers = pipes.flatMap(({ reader, writer }) => [reader.fd, writer.fd]);
  for (const pipe of pipes) pipe.close();
  return numbers;
}

Deno.test("spawn() gives a child the descriptors it is told to and no other", {
  ignore,
}, async () => {
  using deadline = new Deadline();
  // A Deno of its own, which was started with one descriptor too many.
  const source = `
    import { Pipe } from "@ipc/core/pipe";
    import { Fifo } from "@ipc/core/fifo";
    import { spawned } from "tests/_util/spawned.ts";
    using pipe = Pipe.open();
    using other = Pipe.open();
    using file = Deno.openSync("/dev/null");
    const { stdout } = await spawned(Deno.args[0], { fds: { 5: pipe.reader } });
    console.log(stdout);`;
  const { stdout, stderr } = await run("sh", [
    "-c",
    'exec 9< /dev/null; exec "$0" "$@"',
    Deno.execPath(),
    ...denoArgs(source),
    lister,
  ], deadline);
  assertEquals(stderr, "");
  assertEquals([...parse(stdout).keys()], [0, 1, 2, 5]);
});

Deno.test("spawn() gives a child blocking pipes and leaves ours as they are", {
  ignore: ignore || !LINUX,
}, async () => {
  using input = Pipe.open();
  using output = Pipe.open();
  const child = await list({ fds: { 0: input.reader, 5: output.writer } });
  assertEquals([0, 1, 5].map((fd) => child.get(fd)!.blocking), [
    true,
    true,
    true,
  ]);
  for (const { reader, writer } of [input, output]) {
    assertEquals([blocks(reader), blocks(writer)], [false, false]);
  }
  assertEquals(input.reader.tryRead(new Uint8Array(1)), undefined);
});

Deno.test("spawn() gives a child blocking FIFOs and leaves ours as they are", {
  ignore: ignore || !LINUX,
}, async () => {
  using dir = new TempDir();
  using fifo = Fifo.create(dir.join("fifo"));
  using reader = await fifo.openReader();
  using writer = await fifo.openWriter();
  const child = await list({ fds: { 0: reader, 5: writer } });
  assertEquals([0, 5].map((fd) => child.get(fd)!.blocking), [true, true]);
  assertEquals([blocks(reader), blocks(writer)], [false, false]);
});

Deno.test("Python sees the pipes it is given without O_NONBLOCK", {
  ignore: missing("python3"),
}, async () => {
  using input = Pipe.open();
  using output = Pipe.open();
  const program = `
import fcntl, os
print([fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_NONBLOCK for fd in (0, 1, 5)])`;
  const { stdout } = await spawned("python3", {
    args: ["-c", program],
    fds: { 0: input.reader, 5: output.writer },
  });
  assertEquals(stdout, "[0, 0, 0]\n");
});

Deno.test("spawn() swaps and rotates descriptors whose numbers overlap", {
  ignore: ignore || !LINUX,
}, async () => {
  using one = Pipe.open();
  using two = Pipe.open();
  const [a, b, c] = [one.reader, two.reader, two.writer];
  const fds = { [a.fd]: b, [b.fd]: c, [c.fd]: a };
  const child = await list({ fds });
  for (const [number, end] of Object.entries(fds)) {
    assertEquals(child.get(Number(number))?.inode, inode(end));
  }
  // The pipes are told apart by their inodes, their ends are not.
  const { stdout } = await spawned("sh", {
    args: ["-c", 'echo hello > "/dev/fd/$0"', `${one.reader.fd}`],
    fds: { [one.reader.fd]: two.writer, [two.writer.fd]: one.reader },
  });
  assertEquals(stdout, "");
  assertEquals(two.reader.available, "hello\n".length);
});

Deno.test("spawn() gives the right ones whatever numbers are free here", {
  ignore: ignore || !LINUX,
}, async () => {
  using one = Pipe.open();
  using two = Pipe.open();
  for (const free of freeNumbers(8)) {
    const other = free + 100;
    const fds = { [free]: one.reader, [other]: two.reader };
    const child = await list({ fds });
    const inodes = [free, other].map((fd) => child.get(fd)?.inode);
    assertEquals(inodes, [inode(one.reader), inode(two.reader)]);
  }
});

Deno.test("spawn() gives one descriptor under several numbers", {
  ignore: ignore || !LINUX,
}, async () => {
  using pipe = Pipe.open();
  const child = await list({ fds: { 3: pipe.writer, 8: pipe.writer } });
  const expected = inode(pipe.writer);
  assertEquals([3, 8].map((fd) => child.get(fd)?.inode), [expected, expected]);
});

Deno.test("spawn() gives a child descriptors under large numbers", {
  ignore: ignore || !LINUX,
}, async () => {
  using pipe = Pipe.open();
  const child = await list({ fds: { 200: pipe.reader, 900: pipe.writer } });
  const expected = inode(pipe.reader);
  const given = [200, 900].map((fd) => child.get(fd)?.inode);
  assertEquals(given, [expected, expected]);
});

Deno.test('spawn() opens /dev/null for "null", to read and to write', {
  ignore: missing("sh"),
}, async () => {
  const { stdout, code } = await spawned("sh", {
    args: ["-c", "cat && cat <&7 && echo gone >&7 && echo left"],
    fds: { 0: "null", 7: "null" },
  });
  assertEquals([stdout, code], ["left\n", 0]);
});

Deno.test('spawn() gives for "inherit" what has the same number here', {
  ignore: ignore || !LINUX,
}, async () => {
  using pipe = Pipe.open();
  const { fd } = pipe.reader;
  const fds = { 0: "inherit", [fd]: "inherit" } as const;
  const child = await list({ fds });
  assertEquals(child.get(fd)?.inode, inode(pipe.reader));
  // Named or not, the standard streams are this program's.
  for (const standard of [0, 2]) {
    assertEquals(child.get(standard)?.inode, inode({ fd: standard }));
  }
});

Deno.test("spawn() keeps nothing open of what it hands over", {
  ignore: !LINUX,
}, async () => {
  using pipe = Pipe.open();
  const target = targetOf(pipe.reader.fd);
  const before = descriptorsTo(target);
  await spawned("true", { fds: { 0: pipe.reader, 5: pipe.writer } });
  assertThrows(() => spawn("/nowhere", { fds: { 5: pipe.writer } }));
  assertEquals(descriptorsTo(target), before);
});

Deno.test("spawn() refuses descriptors that are not open or no numbers", () => {
  const { reader, writer } = Pipe.open();
  writer.close();
  reader.close();
  const { BadResource } = Deno.errors;
  assertThrows(() => spawn("true", { fds: { 3: reader } }), BadResource);
  assertThrows(() => spawn("true", { fds: { 3: 2 ** 30 } }), BadResource);
  assertThrows(() => spawn("true", { fds: { 3: -1 } }), RangeError);
  for (const key of [-1, 1.5, 2 ** 31]) {
    assertThrows(() => spawn("true", { fds: { [key]: "null" } }), RangeError);
  }
});

Deno.test("spawn() names the limit when a number is beyond it", () => {
  using pipe = Pipe.open();
  assertThrows(
    () => spawn("true", { fds: { [2 ** 30]: pipe.reader } }),
    IpcError,
    "ulimit -n",
  );
  assertThrows(
    () => spawn("true", { fds: { [2 ** 30]: "null" } }),
    Deno.errors.BadResource,
    `'fd ${2 ** 30}': it must be within \`ulimit -n\``,
  );
});

Deno.test("spawn() lets a child inherit an end of ours, blocking", {
  ignore: Deno.build.os !== "linux" || missing("grep"),
}, async () => {
  using pipe = Pipe.open();
  using output = Pipe.open();
  const { fd } = pipe.writer;
  await using child = spawn("grep", {
    args: ["flags", `/proc/self/fdinfo/${fd}`],
    fds: { [fd]: "inherit", 1: output.writer },
  });
  output.writer.close();
  const text = await new Response(output.reader.readable).text();
  const flags = parseInt(text.match(/flags:\s*(\d+)/)![1], 8);
  assertEquals(flags & 0o4000, 0, "O_NONBLOCK");
  assertEquals((await child.status).code, 0);
});
