/**
 * One program tells the news, any number of others listen, each at its own
 * pace. Start as many as you like, and stop them as you like:
 *
 *     deno run -A examples/shm_ticker.ts tell /news
 *     deno run -A examples/shm_ticker.ts listen /news
 */

import { Broadcast } from "@ipc/core/shm";

const [role, name, count = "100"] = Deno.args;
if (!["tell", "listen"].includes(role) || name === undefined) {
  console.error("usage: shm_ticker.ts tell|listen NAME [COUNT]");
  Deno.exit(2);
}

if (role === "tell") {
  // Readable by everybody: listeners only read.
  const options = { capacity: 4096, mode: 0o644, temporary: true };
  using broadcast = Broadcast.create(name, options);
  for (let number = 1; number <= Number(count); number++) {
    broadcast.send(`item ${number}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
} else {
  using broadcast = Broadcast.open(name, { readOnly: true });
  using reader = broadcast.subscribe({ from: "oldest" });
  const decoder = new TextDecoder();
  for await (const { data, missed } of reader) {
    if (missed > 0) console.log(`(${missed} missed)`);
    console.log(decoder.decode(data));
  }
  console.log("that was all");
}
