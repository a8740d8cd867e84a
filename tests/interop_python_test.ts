import { assertEquals } from "@std/assert";
import { Fifo, type PipeReader, type PipeWriter } from "@ipc/core/fifo";
import { descriptorsIn } from "./_util/held.ts";
import { Deadline, Peer } from "./_util/peer.ts";
import { missing } from "./_util/peers.ts";
import { playClient, playServer } from "./_util/ping_pong.ts";
import { pythonClient, pythonServer, STYLES } from "./_util/python.ts";
import { TempDir } from "./_util/temp.ts";
import { appears } from "./_util/until.ts";

const ignore = missing("python3");
const ROUNDS = 100;
const COUNTED = { code: 0, signal: null, stdout: `${ROUNDS}\n`, stderr: "" };

for (const pythonMakes of [false, true]) {
  const verb = pythonMakes ? "makes" : "finds";
  for (const style of STYLES) {
    Deno.test(
      `our client talks to a Python server that ${verb} its FIFOs: ${style.name}`,
      {
        ignore,
      },
      async () => {
        using meeting = new Meeting();
        const { requests, answers, signal } = meeting;
        if (!pythonMakes) meeting.makeFifos();
        await using server = meeting.start(pythonServer(style, pythonMakes));
        await meeting.haveFifos();

        const [reader, writer] = await meeting.open(answers, requests);
        const heard = await playClient(reader, writer, ROUNDS, { signal });
        assertEquals(heard, Array(ROUNDS).fill("pong"));
        assertEquals(await server.outcome, COUNTED);
        assertEquals(await reader.read(new Uint8Array(4), { signal }), null);
      },
    );

    Deno.test(
      `our server talks to a Python client that ${verb} its FIFOs: ${style.name}`,
      {
        ignore,
      },
      async () => {
        using meeting = new Meeting();
        const { requests, answers, signal } = meeting;
        if (!pythonMakes) meeting.makeFifos();
        await using client = meeting.start(pythonClient(style, pythonMakes));
        await meeting.haveFifos();

        const [reader, writer] = await meeting.open(requests, answers);
        const heard = await playServer(reader, writer, { signal });
        assertEquals(heard, Array(ROUNDS).fill("ping"));
        assertEquals(await client.outcome, COUNTED);
        assertEquals(await reader.read(new Uint8Array(4), { signal }), null);
      },
    );
  }
}

Deno.test("our client in the blocking voice talks to a Python server", {
  ignore,
}, async () => {
  using meeting = new Meeting();
  meeting.makeFifos();
  await using server = meeting.start(pythonServer(STYLES[0], false));
  const limit = { timeout: 10_000 };
  using reader = Fifo.open(meeting.answers).openReaderSync();
  using writer = Fifo.open(meeting.requests).openWriterSync(limit);

  const encoder = new TextEncoder();
  const word = new Uint8Array(4);
  for (let round = 0; round < ROUNDS; round++) {
    writer.writeAllSync(encoder.encode("ping"), limit);
    assertEquals(reader.readSync(word, limit), 4);
    assertEquals(word, encoder.encode("pong"));
  }
  writer.writeAllSync(encoder.encode("end"), limit);
  assertEquals(reader.readSync(word, limit), null);
  assertEquals(await server.outcome, COUNTED);
});

/** Two paths at which we and a Python program meet. */
class Meeting implements Disposable {
  readonly #directory = new TempDir();
  readonly #deadline = new Deadline();
  readonly #ends: Disposable[] = [];
  readonly signal: AbortSignal = this.#deadline.signal;
  readonly requests: string = this.#directory.join("requests");
  readonly answers: string = this.#directory.join("answers");

  makeFifos(): void {
    Fifo.create(this.requests);
    Fifo.create(this.answers);
  }

  async haveFifos(): Promise<void> {
    await appears(this.requests, this.signal);
    await appears(this.answers, this.signal);
  }

  start(program: string): Peer {
    const args = ["-c", program, this.requests, this.answers];
    return new Peer("python3", args, this);
  }

  async open(from: string, to: string): Promise<[PipeReader, PipeWriter]> {
    const ends = await Promise.all([
      Fifo.open(from).openReader(this),
      Fifo.open(to).openWriter(this),
    ]);
    this.#ends.push(...ends);
    return ends;
  }

  [Symbol.dispose](): void {
    for (const end of this.#ends) end[Symbol.dispose]();
    const left = descriptorsIn(this.#directory.path);
    this.#deadline[Symbol.dispose]();
    this.#directory[Symbol.dispose]();
    assertEquals(left, []);
  }
}
