/** Temporary objects take their names along, and nobody else's. */

import { assert, assertEquals } from "@std/assert";
import { MessageQueue } from "@ipc/core/mq";
import { Semaphore } from "@ipc/core/sem";
import { SharedMemory } from "@ipc/core/shm";

/** What can be made under a name. */
const KINDS = {
  MessageQueue: {
    ignore: Deno.build.os !== "linux",
    create: (name: string, temporary: boolean) =>
      MessageQueue.create(name, { temporary, maxMessages: 1, messageSize: 8 }),
    list: () => MessageQueue.list(),
  },
  Semaphore: {
    ignore: Deno.build.os !== "linux",
    create: (name: string, temporary: boolean) =>
      Semaphore.create(name, { temporary }),
    list: () => Semaphore.list(),
  },
  SharedMemory: {
    ignore: Deno.build.os !== "linux",
    create: (name: string, temporary: boolean) =>
      SharedMemory.create(name, { temporary, size: 4096 }),
    list: () => SharedMemory.list(),
  },
};

for (const [kind, { ignore, create, list }] of Object.entries(KINDS)) {
  Deno.test(`closing a temporary ${kind} removes its name, and only that`, {
    ignore,
  }, () => {
    const name = `/ipc-test-${crypto.randomUUID()}`;
    create(name, true).close();
    assertEquals(list().includes(name), false);

    const replaced = create(name, true);
    replaced.unlink();
    using others = create(name, false);
    replaced.close();
    assert(list().includes(name));

    others.unlink();
    const gone = create(name, true);
    gone.unlink();
    gone.close();
    assertEquals(list().includes(name), false);
  });
}
