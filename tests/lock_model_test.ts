/**
 * Every order in which the steps of a few who want a lock can come, some of
 * whom are killed or change their mind at any moment.
 */

import { assert, assertEquals } from "@std/assert";
import { explore } from "./_util/explore.ts";
import { lockModel, type LockModelOptions } from "./_util/lock_model.ts";

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

const RIGHT: Readonly<Record<string, LockModelOptions>> = {
  "three lock a mutex, and nobody has to look who wakes him": MUTEX,
  "three lock a mutex, and two are killed": DEATHS,
  "two lock a mutex, and one has the number of a dead one": NUMBERS,
  "one writes and two read, and nobody has to look who wakes him": READERS,
  "two write and one reads, with an abort": ABORTS,
  "one writes and one reads, and one is killed": DEAD_READERS,
};

for (const [what, options] of Object.entries(RIGHT)) {
  Deno.test(`in every order: ${what}`, () => {
    const { states, failure } = explore(lockModel(options));
    assertEquals(failure, undefined);
    assert(states > 1000, `${states} states`);
  });
}

/** What goes wrong without a step, by its name. */
const NEEDED: readonly (readonly [string, LockModelOptions, string])[] = [
  ["unstamp", NUMBERS, "somebody has taken it away"],
  ["mark", MUTEX, "somebody waits for ever"],
  ["wake one", MUTEX, "somebody waits for ever"],
  ["pass on", MUTEX, "somebody waits for ever"],
  ["look again", READERS, "one reads while another writes"],
  ["count", ABORTS, "somebody waits for ever"],
  ["chain", READERS, "somebody waits for ever"],
];

for (const [without, options, why] of NEEDED) {
  Deno.test(`without the step "${without}", ${why}`, () => {
    const model = lockModel({ ...options, without });
    assertEquals(explore(model).failure?.why, why);
  });
}
