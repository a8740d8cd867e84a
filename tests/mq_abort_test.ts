/** Receives and sends given up by the thousand, while a peer is at work. */

import { assert, assertEquals } from "@std/assert";
import { MessageQueue, SysvMessageQueue } from "@ipc/core/mq";
import { fileURLToPath } from "node:url";
import { Deadline, Peer } from "./_util/peer.ts";
import { queueName } from "./_util/queues.ts";

/** How many waits each kind of queue has given up in the end. */
const ABORTS = 10_000;
const LINUX = Deno.build.os === "linux";

const program = fileURLToPath(
  new URL("./testdata/abort_storm.ts", import.meta.url),
);

/** A queue so small that sends have to wait, and what it is found by. */
interface Small extends Disposable {
  readonly found: string;
}

function posixQueue(): Small {
  const options = { maxMessages: 2, messageSize: 32, temporary: true };
  const queue = MessageQueue.create(queueName(), options);
  return { found: queue.name, [Symbol.dispose]: () => queue.close() };
}

function sysvQueue(): Small {
  const queue = SysvMessageQueue.createPrivate({ temporary: true });
  queue.setMaxBytes(10);
  return { found: `${queue.id}`, [Symbol.dispose]: () => queue.close() };
}

interface Kind {
  readonly name: string;
  readonly make: () => Small;
  readonly ordered: boolean;
}

const KINDS: readonly Kind[] = [
  { name: "posix", make: posixQueue, ordered: true },
  { name: "sysv", make: sysvQueue, ordered: true },
  // What a wait has taken when it is given up may go to the end.
  { name: "empty", make: sysvQueue, ordered: false },
];

for (const { name, make, ordered } of KINDS) {
  Deno.test(
    `${ABORTS} aborted receives and sends lose and double nothing: ${name}`,
    {
      ignore: name === "posix" && !LINUX,
    },
    async () => {
      using deadline = new Deadline(60_000);
      using toStorm = make();
      using toFeeder = make();
      const start = (role: string) => {
        const args = [role, name, toStorm.found, toFeeder.found, `${ABORTS}`];
        const all = ["run", "-A", "--quiet", program, ...args];
        return new Peer(Deno.execPath(), all, deadline);
      };
      await using feeder = start("feeder");
      await using storm = start("storm");
      const [fed, stormed] = await Promise.all([feeder.outcome, storm.outcome]);
      assertEquals([fed.stderr, stormed.stderr], ["", ""]);
      const [report, sent] = stormed.stdout.trim().split("\n");
      const { complete, inOrder } = JSON.parse(report);
      assert(complete, "the storm has not received all, or something twice");
      assert(inOrder || !ordered);
      // Exactly what was said to be sent: nothing of a send that was aborted.
      assertEquals(fed.stdout.trim(), sent);
      assert(JSON.parse(sent).length > 100);
    },
  );
}
