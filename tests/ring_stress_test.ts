import { assertEquals } from "@std/assert";
import { RingBuffer } from "@ipc/core/shm";
import { memoryName } from "./_util/memory_name.ts";
import { Deadline, Peer } from "./_util/peer.ts";
import { denoArgs } from "./_util/peers.ts";

/** A hundred million take half a minute and have been seen to pass. */
const MESSAGES = 5_000_000;
const WORDS = 16;

const COMMON = `
  import { RingBuffer } from "@ipc/core/shm";
  const ring = RingBuffer.open(Deno.args[0]);
  const count = Number(Deno.args[1]);
  const p = new Uint8Array(${4 * WORDS});
  const words = new Uint32Array(p.buffer);
  let sum = 0;
  /** All words of a message depend on its number, and the sum on all of them. */
  function add(number) {
    for (let i = 0; i < ${WORDS}; i++) {
      sum = Math.imul(sum ^ words[i], 16777619) + number | 0;
    }
  }
`;

const PRODUCER = COMMON + `
  for (let number = 0; number < count; number++) {
    for (let i = 0; i < ${WORDS}; i++) words[i] = Math.imul(number + i, 2654435761);
    add(number);
    ring.sendSync(p);
  }
  ring.close();
  console.log(sum);
`;

const CONSUMER = COMMON + `
  let wrong = 0;
  let number = 0;
  const options = { into: p };
  for (; ring.receiveSync(options) === p; number++) {
    for (let i = 0; i < ${WORDS}; i++) {
      if (words[i] !== (Math.imul(number + i, 2654435761) >>> 0)) wrong++;
    }
    add(number);
  }
  console.log(number, wrong, sum);
`;

Deno.test("millions of messages come in order, and none is lost or torn", async () => {
  using deadline = new Deadline(280_000);
  const name = memoryName();
  const options = { capacity: 65_536, temporary: true };
  using _ring = RingBuffer.create(name, options);
  const [producer, consumer] = [PRODUCER, CONSUMER].map((source) => {
    const args = [...denoArgs(source), name, `${MESSAGES}`];
    return new Peer(Deno.execPath(), args, deadline);
  });
  await using _producer = producer;
  await using _consumer = consumer;
  const sent = await producer.outcome;
  const received = await consumer.outcome;
  assertEquals([sent.stderr, received.stderr], ["", ""]);
  assertEquals(received.stdout, `${MESSAGES} 0 ${sent.stdout}`);
});
