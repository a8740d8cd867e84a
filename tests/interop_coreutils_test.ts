import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Fifo } from "@ipc/core/fifo";
import { descriptorsIn } from "./_util/held.ts";
import { pattern, sha256 } from "./_util/pattern.ts";
import { Deadline, Peer, shell } from "./_util/peer.ts";
import { denoArgs, missing, run } from "./_util/peers.ts";
import { readAll } from "./_util/read_all.ts";
import { TempDir } from "./_util/temp.ts";
import { waitsInOpen } from "./_util/until.ts";

const LINUX = Deno.build.os === "linux";
const encoder = new TextEncoder();
const decoder = new TextDecoder();

const SIZE = 4 << 20;
const DATA = pattern(SIZE);
const CHECKSUM = await sha256(DATA);

Deno.test("Fifo.openWriter() meets a cat that already waits in open", {
  ignore: missing("cat") || !LINUX,
}, async () => {
  using dir = new TempDir();
  using deadline = new Deadline();
  using fifo = Fifo.create(dir.join("fifo"));
  await using cat = new Peer("cat", [fifo.path], deadline);
  await waitsInOpen(cat.pid, deadline.signal);

  using writer = await fifo.openWriter(deadline);
  await writer.writeAll(encoder.encode("hello, cat\n"), deadline);
  writer.close();
  const { code, stdout } = await cat.outcome;
  assertEquals([code, stdout], [0, "hello, cat\n"]);
  assertEquals(descriptorsIn(dir.path), []);
});

Deno.test("Fifo.openWriter() waits for a cat that comes later", {
  ignore: missing("cat"),
}, async () => {
  using dir = new TempDir();
  using deadline = new Deadline();
  using fifo = Fifo.create(dir.join("fifo"));
  const opening = fifo.openWriter(deadline);
  await using cat = new Peer("cat", [fifo.path], deadline);

  using writer = await opening;
  await writer.writeAll(encoder.encode("hello, cat\n"), deadline);
  writer.close();
  assertEquals((await cat.outcome).stdout, "hello, cat\n");
});

Deno.test("a reader gets what echo writes, and the end when echo has gone", {
  ignore: missing("sh"),
}, async () => {
  using dir = new TempDir();
  using deadline = new Deadline();
  using fifo = Fifo.create(dir.join("fifo"));
  using reader = await fifo.openReader();
  await using echo = shell('echo hello > "$0"', [fifo.path], deadline);

  const buffer = new Uint8Array(64);
  const count = await reader.read(buffer, deadline);
  assertEquals(decoder.decode(buffer.subarray(0, count!)), "hello\n");
  assertEquals(await reader.read(buffer, deadline), null);
  assertEquals((await echo.outcome).code, 0);
});

Deno.test("a persistent reader gets the lines of one shell after another", {
  ignore: missing("sh"),
}, async () => {
  using dir = new TempDir();
  using deadline = new Deadline();
  using fifo = Fifo.create(dir.join("fifo"));
  using reader = await fifo.openReader({ persistent: true });
  const buffer = new Uint8Array(64);
  for (const line of ["one\n", "two\n", "three\n"]) {
    await using echo = shell(
      'printf %s "$1" > "$0"',
      [fifo.path, line],
      deadline,
    );
    const count = await reader.read(buffer, deadline);
    assertEquals(decoder.decode(buffer.subarray(0, count!)), line);
    assertEquals((await echo.outcome).code, 0);
  }
  reader.close();
  assertEquals(descriptorsIn(dir.path), []);
});

/** Each prints what it made of 4 MiB; `$0` is the FIFO, `$1` a free path. */
const READERS = [
  { program: "wc", script: 'wc -c < "$0"', prints: `${SIZE}` },
  { program: "sha256sum", script: 'sha256sum < "$0"', prints: CHECKSUM },
  {
    program: "dd",
    script: 'dd if="$0" of="$1" bs=1000 status=none; sha256sum < "$1"',
    prints: CHECKSUM,
  },
  {
    program: "tee",
    script: 'tee "$1" < "$0" | sha256sum; sha256sum < "$1"',
    prints: `${CHECKSUM}  -\n${CHECKSUM}`,
  },
];

for (const { program, script, prints } of READERS) {
  Deno.test(`${program} reads 4 MiB of our writer whole`, {
    ignore: missing(program) || missing("sha256sum"),
  }, async () => {
    using dir = new TempDir();
    using deadline = new Deadline();
    using fifo = Fifo.create(dir.join("fifo"));
    const paths = [fifo.path, dir.join("copy")];
    await using reader = shell(script, paths, deadline);
    using writer = await fifo.openWriter(deadline);
    await writer.writeAll(DATA, deadline);
    writer.close();
    const { stdout, stderr } = await reader.outcome;
    assertEquals(stderr, "");
    assertEquals(stdout.replace(/\s*-?\s*$/, ""), prints);
  });
}

/** Each writes 4 MiB; `$0` is the FIFO, `$1` the file with the data. */
const WRITERS = [
  { program: "cat", script: 'cat "$1" > "$0"' },
  { program: "dd", script: 'dd if="$1" of="$0" bs=1000 status=none' },
  { program: "tee", script: 'tee "$0" < "$1" > /dev/null' },
];

for (const { program, script } of WRITERS) {
  Deno.test(`our reader reads 4 MiB of ${program} whole`, {
    ignore: missing(program),
  }, async () => {
    using dir = new TempDir();
    using deadline = new Deadline();
    using fifo = Fifo.create(dir.join("fifo"));
    await Deno.writeFile(dir.join("data"), DATA);
    using reader = await fifo.openReader();
    const paths = [fifo.path, dir.join("data")];
    await using writer = shell(script, paths, deadline);
    const bytes = await readAll(reader, deadline);
    assertEquals(bytes.length, SIZE);
    assertEquals(await sha256(bytes), CHECKSUM);
    assertEquals((await writer.outcome).code, 0);
    assertEquals(descriptorsIn(dir.path), []);
  });
}

Deno.test("a head that has read enough is BrokenPipe for our writer", {
  ignore: missing("head"),
}, async () => {
  using dir = new TempDir();
  using deadline = new Deadline();
  using fifo = Fifo.create(dir.join("fifo"));
  await using head = new Peer("head", ["-c", "4", fifo.path], deadline);
  using writer = await fifo.openWriter(deadline);
  await assertRejects(
    () => writer.writeAll(DATA, deadline),
    Deno.errors.BrokenPipe,
    fifo.path,
  );
  const { code, stdout } = await head.outcome;
  assertEquals([code, stdout], [0, decoder.decode(DATA.subarray(0, 4))]);
});

Deno.test("a FIFO that mkfifo has made is opened, and not made anew", {
  ignore: missing("mkfifo") || missing("cat"),
}, async () => {
  using dir = new TempDir();
  using deadline = new Deadline();
  const path = dir.join("fifo");
  assertEquals((await run("mkfifo", ["-m", "640", path])).code, 0);
  assertThrows(() => Fifo.create(path), Deno.errors.AlreadyExists, path);
  using fifo = Fifo.ensure(path, { mode: 0o777 });
  assertEquals(Deno.statSync(path).mode! & 0o7777, 0o640);

  await using cat = new Peer("cat", [path], deadline);
  using writer = await Fifo.open(path).openWriter(deadline);
  await writer.writeAll(encoder.encode("x"), deadline);
  writer.close();
  assertEquals((await cat.outcome).stdout, "x");

  fifo.unlink();
  assertEquals((await run("test", ["-e", path])).code, 1);
});

Deno.test("test -p sees a FIFO of ours, and sees it go", {
  ignore: missing("test"),
}, async () => {
  using dir = new TempDir();
  using fifo = Fifo.create(dir.join("fifo"), { temporary: true });
  assertEquals((await run("test", ["-p", fifo.path])).code, 0);
  fifo.close();
  assertEquals((await run("test", ["-e", fifo.path])).code, 1);
});

for (const umask of ["022", "077"]) {
  Deno.test(`stat sees exactly the modes asked for under umask ${umask}`, {
    ignore: missing("stat") || !LINUX,
  }, async () => {
    using dir = new TempDir();
    // The umask belongs to the process, so it takes one of its own.
    const source = `
      import { Fifo } from "@ipc/core/fifo";
      const [directory, ...modes] = Deno.args;
      Fifo.create(directory + "/default");
      for (const mode of modes) {
        Fifo.create(directory + "/" + mode, { mode: parseInt(mode, 8) });
      }`;
    const modes = ["0", "400", "600", "622", "640", "666", "777", "4755"];
    const { code, stderr } = await run("sh", [
      "-c",
      `umask ${umask}; exec "$0" "$@"`,
      Deno.execPath(),
      ...denoArgs(source),
      dir.path,
      ...modes,
    ]);
    assertEquals([code, stderr], [0, ""]);

    const names = ["default", ...modes];
    const paths = names.map((name) => dir.join(name));
    const { stdout } = await run("stat", ["-c", "%a %F", ...paths]);
    const seen = stdout.trimEnd().split("\n");
    assertEquals(seen, ["600", ...modes].map((mode) => `${mode} fifo`));
  });
}
