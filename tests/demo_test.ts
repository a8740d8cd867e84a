import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import type { Case, Played } from "../cli/_demo/case.ts";
import { overBytes, playClient, playServer } from "../cli/_demo/ping_pong.ts";
import { type Result, runCase } from "../cli/_demo/run_case.ts";
import type { Stage } from "../cli/_demo/stage.ts";
import { duration, percentile, Table } from "../cli/_demo/table.ts";
import { cases } from "../cli/demo_cases/all.ts";
import { type Child, Pipe } from "@ipc/core/pipe";
import { Deadline } from "./_util/peer.ts";
import { missing, run } from "./_util/peers.ts";
import { TempDir } from "./_util/temp.ts";

const program = new URL("../cli/demo.ts", import.meta.url).href;

/** A case whose mechanism and peer do not matter. */
function caseOf(
  play: (stage: Stage) => Promise<Played>,
  needs?: string,
): Case {
  return { mechanism: "none", peer: "none", needs, play };
}

const NOTHING: Played = { rounds: 1, times: [1] };

Deno.test("the demo plays every case and prints a line for each", {
  ignore: missing("cat") || missing("python3"),
}, async () => {
  const args = ["run", "-A", "--quiet", program];
  const { code, stdout, stderr } = await run(Deno.execPath(), args);
  assertEquals(stdout.match(/^.*FAILED.*$/m)?.[0], undefined);
  assertEquals([code, stderr], [0, ""]);
  const [header, ...rows] = stdout.trimEnd().split("\n");
  assertMatch(header, /^mechanism +peer +rounds +p50 +p99$/);
  assertEquals(rows.length, cases.length);
  const time = String.raw`\d+\.\d+ (µs|ms)`;
  for (const [i, { mechanism, peer }] of cases.entries()) {
    assertMatch(
      rows[i],
      new RegExp(`^${mechanism} +${peer} +100 +${time} +${time}  ok$`),
    );
    assertEquals(rows[i].indexOf("100") + 3, header.indexOf("rounds") + 6);
  }
});

Deno.test("the demo skips what it has no peer for, which is no failure", async () => {
  // An empty variable would be the system's default.
  const env = { PATH: "/nowhere" };
  const args = ["run", "-A", "--quiet", program];
  const { code, stdout } = await run(Deno.execPath(), args, { env });
  assertEquals(code, 0);
  assertMatch(stdout, /^fifo +python3 server +skipped: no python3$/m);
  assertMatch(stdout, /^fifo +cat +skipped: no cat$/m);
  assertMatch(stdout, /^fifo +deno +100 .* ok$/m);
});

Deno.test("the demo says what failed, plays the rest, and its exit code is 1", async () => {
  using dir = new TempDir();
  const script = "#!/bin/sh\nexit 3\n";
  Deno.writeTextFileSync(dir.join("python3"), script, { mode: 0o755 });
  const env = { PATH: dir.path };
  const args = ["run", "-A", "--quiet", program];
  const { code, stdout } = await run(Deno.execPath(), args, { env });
  assertEquals(code, 1);
  for (const role of ["server", "client"]) {
    const line = `^fifo +python3 ${role} +FAILED: python3 ended with code 3$`;
    assertMatch(stdout, new RegExp(line, "m"));
  }
});

Deno.test("a case that hangs fails in time, and its process is killed", async () => {
  let child: Child;
  let path: string;
  const hanging = caseOf((stage) => {
    child = stage.start("sleep", ["10"]);
    path = stage.path("");
    return new Promise(() => {});
  });
  const result = await runCase(hanging, { rounds: 1, timeout: 100 });
  assertEquals(result, { outcome: "failed", reason: "no end after 0.1 s" });
  assertEquals((await child!.status).signal, "SIGKILL");
  assertThrows(() => Deno.statSync(path!), Deno.errors.NotFound);
});

Deno.test("a case whose process does not end fails in time", async () => {
  const unending = caseOf((stage) => {
    stage.start("sleep", ["10"]);
    return Promise.resolve(NOTHING);
  });
  const result = await runCase(unending, { rounds: 1, timeout: 100 });
  assertEquals(result, { outcome: "failed", reason: "no end after 0.1 s" });
});

Deno.test("a case whose process fails does not wait for the time-out", async () => {
  const failing = caseOf((stage) => {
    stage.start("sh", ["-c", "exit 3"]);
    return new Promise(() => {});
  });
  const result = await runCase(failing, { rounds: 1, timeout: 100_000 });
  assertEquals(result, { outcome: "failed", reason: "sh ended with code 3" });
});

Deno.test("a case that plays too few rounds fails", async () => {
  const short = caseOf(() => Promise.resolve(NOTHING));
  const result = await runCase(short, { rounds: 2, timeout: 1000 });
  const reason = "1 rounds instead of 2";
  assertEquals(result, { outcome: "failed", reason });
});

Deno.test("a case whose peer is not installed is skipped", async () => {
  const needy = caseOf(() => Promise.reject(), "no-such-program");
  const result = await runCase(needy, { rounds: 1, timeout: 1000 });
  assertEquals(result, { outcome: "skipped", reason: "no no-such-program" });
});

Deno.test("the client takes no other answer, nor the end, for an answer", async () => {
  using requests = Pipe.open();
  using answers = Pipe.open();
  const talk = overBytes(answers.reader, requests.writer);
  answers.writer.writeSync(new TextEncoder().encode("pang"));
  const wrong = await failure(playClient(talk, 1));
  assertEquals(wrong, 'the peer said "pang" instead of "pong"');
  answers.writer.close();
  assertEquals(await failure(playClient(talk, 1)), "the peer hung up");
});

Deno.test("client and server count the same rounds", async () => {
  using deadline = new Deadline();
  using requests = Pipe.open();
  using answers = Pipe.open();
  const { signal } = deadline;
  const [client, server] = await Promise.all([
    playClient(overBytes(answers.reader, requests.writer, signal), 5),
    playServer(overBytes(requests.reader, answers.writer, signal)),
  ]);
  assertEquals([client.rounds, client.times.length], [5, 5]);
  assertEquals([server.rounds, server.times.length], [5, 4]);
});

async function failure(promise: Promise<unknown>): Promise<string> {
  return await promise.then(() => "none", (error) => error.message);
}

Deno.test("the table's lines are aligned, whatever comes of a case", () => {
  const all: Case[] = [
    { ...caseOf(() => Promise.resolve(NOTHING)), peer: "a long name" },
    { ...caseOf(() => Promise.resolve(NOTHING)), mechanism: "shm" },
  ];
  const table = new Table(all);
  const times = Array.from({ length: 100 }, (_, i) => (i + 1) / 100);
  const ok: Result = { outcome: "ok", played: { rounds: 100, times } };
  assertEquals(
    [
      table.header(),
      table.row(all[0], ok),
      table.row(all[1], { outcome: "skipped", reason: "no cat" }),
      table.row(all[1], { outcome: "failed", reason: "late" }),
    ],
    [
      "mechanism  peer         rounds        p50        p99",
      "none       a long name     100   500.0 µs   990.0 µs  ok",
      "shm        none                                       skipped: no cat",
      "shm        none                                       FAILED: late",
    ],
  );
});

Deno.test("percentiles are values that were measured", () => {
  const values = [5, 1, 4, 2, 3];
  assertEquals(percentile(values, 0.5), 3);
  assertEquals(percentile(values, 0.99), 5);
  assertEquals(percentile([7], 0.5), 7);
  assertEquals(duration(0.0123), "12.3 µs");
  assertEquals(duration(12.3), "12.30 ms");
});
