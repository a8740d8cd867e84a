/**
 * Every order in which the steps of a few who want a lock can come, some of
 * whom are killed or change their mind at any moment.
 */

import { assert, assertEquals } from "@std/assert";
import { explored } from "./_util/explored.ts";
import type { LockModelOptions } from "./_util/lock_model.ts";

const MUTEX: LockModelOptions = { writers: [2, 1, 1], aborts: 1 };
const DEATHS: LockModelOptions = { writers: [1, 1, 1], kills: 2, looks: true };
const NUMBERS: LockModelOptions = {
  writers: [1, 1],
  kills: 2,
  looks: true,
  numberComesBack: true,
};
const READERS: LockModelOptions = { writers: [1], readers: [1, 1] };
const ABORTS: LockModelOptions = { writers: [1, 1], readers: [1], aborts: 1 };
const DEAD_READERS: LockModelOptions = {
  writers: [1],
  readers: [1],
  kills: 1,
  aborts: 1,
  looks: true,
};

const AGAIN: LockModelOptions = {
  writers: [1],
  readers: [2],
  kills: 1,
  aborts: 1,
  looks: true,
};
const CROWD: LockModelOptions = {
  writers: [],
  readers: [2, 2],
  kills: 1,
  looks: true,
  kept: 1,
  shared: 1,
};

const RIGHT: Readonly<Record<string, LockModelOptions>> = {
  "three lock a mutex, and nobody has to look who wakes him": MUTEX,
  "three lock a mutex, and two are killed": DEATHS,
  "two lock a mutex, and one has the number of a dead one": NUMBERS,
  "one writes and two read, and nobody has to look who wakes him": READERS,
  "two write and one reads, with an abort": ABORTS,
  "one writes and one reads, and one is killed": DEAD_READERS,
};

/** The same where plain writes may be seen late, and be overlooked. */
const PLAIN: Readonly<Record<string, LockModelOptions>> = {
  "three lock a mutex": { ...MUTEX, looks: true },
  "three lock a mutex, and two are killed": DEATHS,
  "two lock a mutex, and one has the number of a dead one": NUMBERS,
  "one writes and two read": { ...READERS, looks: true },
  "two write and one reads, with an abort": { ...ABORTS, looks: true },
  "one writes and one reads, and one is killed": DEAD_READERS,
  "one writes and one reads twice, with a kill and an abort": AGAIN,
  "one writes and two read, of whom one has to give his slot back": {
    ...READERS,
    looks: true,
    kept: 1,
    shared: 1,
  },
  "two read twice, and one is killed, whose slot another takes": CROWD,
};

function holds(what: string, options: LockModelOptions): void {
  Deno.test(`in every order: ${what}`, async () => {
    const { states, why, trail } = await explored(options);
    assertEquals(why, undefined, JSON.stringify(trail, null, 2));
    assert(states > 1000, `${states} states`);
  });
}

for (const [what, options] of Object.entries(RIGHT)) {
  holds(what, { ...options, atomic: true });
}

for (const [what, options] of Object.entries(PLAIN)) {
  holds(`${what}, and writes are seen late`, options);
}

const SLOWLY = { atomic: true };

/** What goes wrong without a step, by its name. */
const NEEDED: readonly (readonly [string, LockModelOptions, string])[] = [
  ["unstamp slowly", { ...NUMBERS, ...SLOWLY }, "somebody has taken it away"],
  ["unstamp", NUMBERS, "somebody has taken it away"],
  ["mark", { ...MUTEX, ...SLOWLY }, "somebody waits for ever"],
  ["wake one", { ...MUTEX, ...SLOWLY }, "somebody waits for ever"],
  ["pass on", { ...MUTEX, ...SLOWLY }, "somebody waits for ever"],
  ["look again", READERS, "one reads while another writes"],
  ["fence", AGAIN, "one reads while another writes"],
  ["count", { ...ABORTS, ...SLOWLY }, "somebody waits for ever"],
  ["chain", { ...READERS, ...SLOWLY }, "somebody waits for ever"],
];

for (const [without, options, why] of NEEDED) {
  Deno.test(`without the step "${without}", ${why}`, async () => {
    const found = await explored({ ...options, without });
    assertEquals(found.why, why);
  });
}

/** What goes wrong where something is not as it is. */
const RELIED_ON: Readonly<Record<string, LockModelOptions>> = {
  "who has been overlooked does not look": MUTEX,
  "a writer who has been overlooked does not look": {
    writers: [1],
    readers: [2],
  },
  "all slots are kept": { ...CROWD, kills: 0, shared: 0 },
};

for (const [what, options] of Object.entries(RELIED_ON)) {
  Deno.test(`somebody waits for ever where ${what}`, async () => {
    const found = await explored(options);
    assertEquals(found.why, "somebody waits for ever");
  });
}
