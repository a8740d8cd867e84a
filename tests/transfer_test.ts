/** 1 GiB between two processes, with every kind of end and any block sizes. */

import { assertEquals, assertLess } from "@std/assert";
import { Pipe, spawn } from "@ipc/core/pipe";
import { Fifo } from "@ipc/core/fifo";
import { denoArgs } from "./_util/peers.ts";
import { TempDir } from "./_util/temp.ts";

const LINUX = Deno.build.os === "linux";
const GIB = 2 ** 30;

/** The voices that either end may have. */
type Voice = "async" | "sync" | "stream";

/**
 * What both programs begin with: where the bytes come from, which is the same
 * for both, and how memory is watched. The data is a slice of a pattern whose
 * length is prime, so that no loss or repetition of a block goes unnoticed.
 */
const COMMON = `
  import { createHash } from "node:crypto";
  import { Fifo } from "@ipc/core/fifo";
  import { PipeReader, PipeWriter } from "@ipc/core/pipe";

  const [voice, path, total] = [Deno.args[0], Deno.args[1], Number(Deno.args[2])];
  const hash = createHash("sha1");
  let seed = 12345;
  function random(most) {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return 1 + seed % most;
  }
  let early = 0;
  function watchMemory(bytes) {
    // Once everything is warm; the garbage of one turn comes and goes.
    if (early === 0 && bytes > total / 8) early = Deno.memoryUsage().rss;
  }
  function report() {
    const status = Deno.readTextFileSync("/proc/self/status");
    const peak = Number(status.match(/VmHWM:\\s*(\\d+)/)[1]) * 1024;
    console.log(JSON.stringify({ hash: hash.digest("hex"), growth: peak - early }));
  }
`;

const WRITER = `${COMMON}
  const pattern = crypto.getRandomValues(new Uint8Array(65_521));
  const source = new Uint8Array(65_521 * 8);
  for (let i = 0; i < 8; i++) source.set(pattern, i * 65_521);
  let left = total;
  function next() {
    const size = Math.min(left, random(random(2) === 1 ? 300 : 400_000));
    const at = random(100_000);
    left -= size;
    const block = source.subarray(at, at + size);
    hash.update(block);
    watchMemory(total - left);
    return block;
  }
  using writer = path
    ? await Fifo.open(path).openWriter()
    : PipeWriter.fromFd(3);
  if (voice === "async") while (left > 0) await writer.writeAll(next());
  else if (voice === "sync") while (left > 0) writer.writeAllSync(next());
  else {
    const blocks = new ReadableStream({
      pull(controller) {
        if (left > 0) controller.enqueue(next());
        else controller.close();
      },
    });
    await blocks.pipeTo(writer.writable);
  }
  report();
`;

const READER = `${COMMON}
  let received = 0;
  function take(block) {
    hash.update(block);
    watchMemory(received += block.length);
  }
  const buffer = new Uint8Array(300_000);
  using reader = path
    ? await Fifo.open(path).openReader()
    : PipeReader.fromFd(3);
  if (voice === "stream") {
    for await (const block of reader.readable) take(block);
  } else {
    for (;;) {
      const p = buffer.subarray(0, random(buffer.length));
      const n = voice === "sync" ? reader.readSync(p) : await reader.read(p);
      if (n === null) break;
      take(p.subarray(0, n));
    }
  }
  if (received !== total) throw new Error("received " + received);
  report();
`;

interface Report {
  readonly hash: string;
  readonly growth: number;
}

interface Program {
  readonly source: string;
  readonly args: readonly string[];
  readonly fd?: { readonly fd: number };
}

/** Runs a program and answers what it reports. */
async function reportOf({ source, args, fd }: Program): Promise<Report> {
  using output = Pipe.open();
  const child = spawn(Deno.execPath(), {
    args: [...denoArgs(source), ...args],
    fds: { 1: output.writer, 3: fd ?? "null" },
  });
  output.writer.close();
  const text = await new Response(output.reader.readable).text();
  assertEquals((await child.status).code, 0);
  return JSON.parse(text);
}

async function transfer(
  how: { from: Voice; to: Voice; path?: string; total: number },
): Promise<void> {
  const { from, to, path = "", total } = how;
  using pipe = Pipe.open();
  const [fdOfReader, fdOfWriter] = path ? [] : [pipe.reader, pipe.writer];
  const reading = reportOf({
    source: READER,
    args: [to, path, `${total}`],
    fd: fdOfReader,
  });
  const writing = reportOf({
    source: WRITER,
    args: [from, path, `${total}`],
    fd: fdOfWriter,
  });
  pipe.close();
  const [received, sent] = await Promise.all([reading, writing]);
  assertEquals(received.hash, sent.hash);
  for (const { growth } of [received, sent]) {
    assertLess(growth, 64 << 20, "memory stays flat");
  }
}

const PIPE: [Voice, Voice][] = [["async", "async"], ["sync", "stream"]];
const FIFO: [Voice, Voice][] = [["stream", "async"], ["sync", "sync"]];

for (const [from, to] of PIPE) {
  Deno.test(`1 GiB through a pipe arrives whole, ${from} to ${to}`, {
    ignore: !LINUX,
  }, async () => {
    await transfer({ from, to, total: GIB });
  });
}

for (const [from, to] of FIFO) {
  Deno.test(`1 GiB through a FIFO arrives whole, ${from} to ${to}`, {
    ignore: !LINUX,
  }, async () => {
    using dir = new TempDir();
    using fifo = Fifo.create(dir.join("fifo"));
    await transfer({ from, to, path: fifo.path, total: GIB });
  });
}
