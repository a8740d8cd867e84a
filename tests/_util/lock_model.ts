/**
 * A model of `Mutex` and `RwLock`: each step is one access to shared memory, or
 * one system call, in the order of `_owned_word.ts`, `_rw_state.ts` and
 * `_reader_slots.ts`. A mutex is such a lock that nobody reads.
 *
 * What is written plainly waits in the store buffer of whoever writes it, and is
 * seen by the others at any time after that, in the order in which it was
 * written, and at the latest when he does something atomically, as x86-64 has
 * it. Who is killed has written what he has written.
 */

import type { Model } from "./explore.ts";

/** Who takes part, and what may happen to them. */
export interface LockModelOptions {
  /** For each who writes, how often. */
  readonly writers: readonly number[];
  /** For each who reads, how often. */
  readonly readers?: readonly number[];
  /** How many are killed, at any moment. */
  readonly kills?: number;
  /** How many waits are aborted, at any moment. */
  readonly aborts?: number;
  /** Whether those who sleep have a look from time to time. */
  readonly looks?: boolean;
  /**
   * Whether the number of the first is given to another when he is dead, who
   * wants the lock, too. What is relied on is not tried: that this does not
   * come between somebody's seeing that the owner is dead and taking over, and
   * that the first was not killed just when he had taken the lock and had not
   * said since when he is.
   */
  readonly numberComesBack?: boolean;
  /** Whether it is given back by atomic steps only, as not on x86-64. */
  readonly atomic?: boolean;
  /** How many slots are kept; one for each who reads, unless given. */
  readonly kept?: number;
  /** How many slots are not kept; none unless given. */
  readonly shared?: number;
  /** The name of a step that is left out, to see that it is needed. */
  readonly without?: string;
}

/** A word that somebody owns or nobody, and the second one beside it. */
interface Owned {
  owner: number;
  waitedFor: boolean;
  takenOver: boolean;
  start: number;
  /** Whether a slot is kept by one who does not read. */
  idle: boolean;
}

/** Something that was written and is not yet seen: what, and in which slot. */
type Write = readonly [
  what: "stamp" | "unstamp" | "free" | "enter" | "leave" | "busy" | "idle",
  slot: number,
];

/** Somebody who wants the lock, and what he does next. */
interface Actor {
  readonly reads: boolean;
  readonly id: number;
  readonly born: number;
  next: string;
  left: number;
  slept: boolean;
  suspicious: boolean;
  draining: boolean;
  /** What was in the word when it was read, or how often slots became free. */
  saw: string;
  slot: number;
  /** Which slot he keeps; -1 if none. */
  keeps: number;
  /** What he has written and others do not see yet. */
  readonly buffer: Write[];
  /** What to do when the word or the slot has been given back. */
  then: string;
}

/** All that there is. */
export interface LockState {
  readonly word: Owned;
  readonly slots: Owned[];
  /** How many of them are kept: the first ones. */
  readonly kept: number;
  readonly atomic: boolean;
  readonly actors: Actor[];
  /** The word that says that a writer is inside. */
  inside: boolean;
  drained: number;
  /** Whether one has died inside, and no writer has been told. */
  damaged: boolean;
  kills: number;
  aborts: number;
  wrong: string;
}

const GONE = ["done", "dead", "unborn"];
/** Where a wait may be found to be aborted. */
const WAITING = ["asleep", "asleep for readers", "take", "look"];

/** The model. */
export function lockModel(options: LockModelOptions): Model<LockState> {
  const { writers, readers = [], without = "" } = options;
  const { kills = 0, aborts = 0, looks = false, atomic = false } = options;
  const { kept = readers.length, shared = 0 } = options;
  const actors = [
    ...writers.map((left, i) => newActor(false, i, left)),
    ...readers.map((left, i) => newActor(true, writers.length + i, left)),
  ];
  if (options.numberComesBack) {
    const again = newActor(false, actors.length, 1);
    actors.push({ ...again, id: actors[0].id, next: "unborn" });
  }
  return {
    initial: {
      word: newOwned(),
      slots: Array.from({ length: kept + shared }, newOwned),
      kept,
      atomic,
      actors,
      inside: false,
      drained: 0,
      damaged: false,
      kills,
      aborts,
      wrong: "",
    },
    key: keyOf,
    *next(state) {
      for (const [i, { next, slept, buffer }] of state.actors.entries()) {
        if (buffer.length > 0) yield shown(state, i);
        for (const outcome of step(state, i, looks, without)) yield outcome;
        if (GONE.includes(next)) continue;
        if (state.kills > 0) yield killed(state, i);
        if (state.aborts > 0 && slept && WAITING.includes(next)) {
          yield aborted(state, i);
        }
      }
    },
    wrong({ wrong, actors }) {
      const inside = actors.filter(({ next }) => next === "inside").length;
      const reading = actors.filter(({ next }) => next === "reading").length;
      if (inside > 1) return "two write at a time";
      if (inside > 0 && reading > 0) return "one reads while another writes";
      return wrong || undefined;
    },
    ended: ({ actors }) => actors.every(({ next }) => GONE.includes(next)),
  };
}

function newActor(reads: boolean, i: number, left: number): Actor {
  return {
    reads,
    id: i + 1,
    born: 10 + i,
    next: reads ? "look" : "take",
    left,
    slept: false,
    suspicious: false,
    draining: false,
    saw: "",
    slot: 0,
    keeps: -1,
    buffer: [],
    then: "",
  };
}

function newOwned(): Owned {
  return {
    owner: 0,
    waitedFor: false,
    takenOver: false,
    start: 0,
    idle: false,
  };
}

/** All that can change, written out by hand: this takes most of the time. */
function keyOf(state: LockState): string {
  const { inside, drained, damaged, kills, aborts, wrong } = state;
  let key = ownedKey(state.word) +
    `${+inside}${+damaged},${drained},${kills},${aborts},${wrong}`;
  for (const slot of state.slots) key += ownedKey(slot);
  for (const actor of state.actors) key += actorKey(actor);
  return key;
}

function ownedKey(
  { owner, waitedFor, takenOver, start, idle }: Owned,
): string {
  return `${owner},${start},${+waitedFor}${+takenOver}${+idle};`;
}

function actorKey(actor: Actor): string {
  const { next, left, slept, suspicious, draining } = actor;
  const { saw, slot, keeps, buffer, then } = actor;
  let key = `|${next},${left},${+slept}${+suspicious}${+draining}${saw},` +
    `${slot},${keeps},${then}`;
  for (const [what, slot] of buffer) key += `,${what}${slot}`;
  return key;
}

function copy(state: LockState): LockState {
  return {
    ...state,
    word: { ...state.word },
    slots: state.slots.map((slot) => ({ ...slot })),
    actors: state.actors.map((actor) => ({
      ...actor,
      buffer: [...actor.buffer],
    })),
  };
}

/** The others see the first of what one has written. */
function shown(state: LockState, i: number): LockState {
  const after = copy(state);
  showFirst(after, after.actors[i]);
  return after;
}

function showFirst(state: LockState, { buffer, born }: Actor): void {
  const [what, slot] = buffer.shift()!;
  const owned = slot < 0 ? state.word : state.slots[slot];
  if (what === "stamp") owned.start = born;
  else if (what === "unstamp") owned.start = 0;
  else if (what === "free") owned.owner = 0;
  else if (what === "idle" || what === "busy") owned.idle = what === "idle";
  else state.inside = what === "enter";
  // All of it is one word.
  if (what === "free") owned.waitedFor = false;
}

/** Before something atomic, all that was written is seen. */
function showAll(state: LockState, actor: Actor): void {
  while (actor.buffer.length > 0) showFirst(state, actor);
}

/** The writer's word, as one sees it who may have written there. */
function ownerSeenBy({ word }: LockState, { buffer }: Actor): number {
  const isFreed = buffer.some(([what, slot]) => what === "free" && slot < 0);
  return isFreed ? 0 : word.owner;
}

/** Whether somebody reads there, as a writer sees it. */
function isTaken({ owner, idle }: Owned): boolean {
  return owner !== 0 && !idle;
}

function killed(state: LockState, i: number): LockState {
  const after = copy(state);
  after.kills--;
  showAll(after, after.actors[i]);
  if (after.actors[i].next === "inside") after.damaged = true;
  after.actors[i] = { ...newActor(false, i, 0), id: after.actors[i].id };
  after.actors[i].next = "dead";
  return after;
}

function aborted(state: LockState, i: number): LockState {
  const after = copy(state);
  const actor = after.actors[i];
  after.aborts--;
  actor.left = 1;
  actor.then = "finish";
  actor.next = actor.draining ? "give back" : "pass on";
  return after;
}

/** What may come of the next step of one; nothing if he sleeps. */
function* step(
  state: LockState,
  i: number,
  looks: boolean,
  without: string,
): Generator<LockState> {
  const { next } = state.actors[i];
  if (next === "done" || next === "dead") return;
  if (isHeldBack(state, i)) return;
  if (next.startsWith("asleep") && !looks) return;
  const after = copy(state);
  const actor = after.actors[i];
  if (!PLAIN.includes(next) && next !== without) showAll(after, actor);
  if (!WAKES.includes(next)) {
    if (next === without) actor.next = SKIPPED[next];
    else STEPS[next](after, actor);
    return yield after;
  }
  actor.next = next === "chain"
    ? "reading"
    : next === "pass on"
    ? "done"
    : actor.then;
  // Whoever is about to pass a wake-up on may be woken himself.
  const others = state.actors.flatMap(({ next }, j) =>
    j !== i && (next === "asleep" || next === "pass on") ? [j] : []
  );
  if (others.length === 0 || next === without) return yield after;
  for (const j of others) {
    const one = copy(after);
    if (one.actors[j].next === "asleep") {
      one.actors[j].next = first(one.actors[j]);
    }
    yield one;
  }
}

/** Steps that wake one of those who sleep on the word. */
const WAKES = ["wake one", "chain", "pass on"];

/** What comes after a step that is left out. */
const SKIPPED: Readonly<Record<string, string>> = {
  "stamp": "see",
  "say so": "see",
  "unstamp": "free plainly",
  "unstamp slowly": "exchange",
  "mark": "sleep",
  "fence": "look again",
  "look again": "reading",
  "count": "wake drained",
};

/** Whether one who has the number of the first has to wait. */
function isHeldBack({ actors, word }: LockState, i: number): boolean {
  if (i === 0 || actors[i].id !== actors[0].id) return false;
  const unknown = word.owner === actors[0].id &&
    (word.start === 0 || word.takenOver);
  return actors[0].next !== "dead" ||
    actors[i].next === "unborn" && unknown ||
    actors.some(({ next }, j) =>
      j !== i && (next === "judge" || next === "take over")
    );
}

type Step = (state: LockState, actor: Actor) => void;

/** Steps that only read, or write plainly: what was written may wait. */
const PLAIN = [
  "unborn",
  "stamp",
  "inspect",
  "judge",
  "stamp over",
  "see",
  "scan",
  "enter",
  "inside",
  "leave",
  "give back",
  "unstamp",
  "free plainly",
  "unstamp slowly",
  "finish",
  "look",
  "take again",
  "take slot",
  "stamp slot",
  "look again",
  "reading",
  "leave slot",
  "unstamp slot",
  "look who waits",
  "prepare",
];

/** Every step by its name. */
const STEPS: Readonly<Record<string, Step>> = {
  unborn(_, actor) {
    actor.next = "take";
  },
  take({ word }, actor) {
    if (word.owner === 0) {
      word.owner = actor.id;
      word.waitedFor = actor.slept;
      actor.next = "stamp";
    } else refused(actor);
  },
  stamp(_, actor) {
    actor.buffer.push(["stamp", -1]);
    actor.draining = true;
    actor.next = "see";
  },
  inspect(state, actor) {
    actor.saw = textOf(state.word);
    actor.next = ownerSeenBy(state, actor) === 0 ? "prepare" : "judge";
  },
  judge(state, actor) {
    const [owner, , takenOver] = JSON.parse(actor.saw);
    const { start } = state.word;
    const dead = isDead(state, { owner, takenOver, start });
    actor.next = dead ? "take over" : "prepare";
  },
  "take over"({ word }, actor) {
    if (textOf(word) !== actor.saw) {
      actor.next = "prepare";
      return;
    }
    word.owner = actor.id;
    word.waitedFor = word.takenOver = true;
    actor.next = "stamp over";
  },
  "stamp over"(_, actor) {
    actor.buffer.push(["stamp", -1]);
    actor.next = "say so";
  },
  "say so"({ word }, actor) {
    word.takenOver = false;
    actor.draining = !actor.reads;
    actor.next = actor.reads ? "give back" : "see";
    actor.then = "look";
  },
  see({ drained }, actor) {
    actor.draining = true;
    actor.saw = `${drained}`;
    actor.slot = 0;
    actor.next = actor.suspicious ? "bury" : "scan";
    actor.suspicious = false;
  },
  bury(state, actor) {
    bury(state);
    actor.next = "scan";
  },
  scan({ slots }, actor) {
    if (actor.slot === slots.length) actor.next = "enter";
    else if (isTaken(slots[actor.slot])) actor.next = "prepare";
    else actor.slot++;
  },
  enter(state, actor) {
    if (state.damaged && !state.inside) state.wrong = "a writer was not told";
    state.damaged = false;
    actor.buffer.push(["enter", -1]);
    actor.draining = actor.slept = false;
    actor.next = "inside";
  },
  inside(_, actor) {
    actor.next = "leave";
  },
  leave(_, actor) {
    actor.buffer.push(["leave", -1]);
    actor.next = "give back";
    actor.then = "finish";
  },
  "give back"(state, actor) {
    const { word, atomic } = state;
    if (word.owner !== actor.id) state.wrong = "somebody has taken it away";
    actor.draining = false;
    actor.next = atomic || word.waitedFor ? "unstamp slowly" : "unstamp";
  },
  unstamp(_, actor) {
    actor.buffer.push(["unstamp", -1]);
    actor.next = "free plainly";
  },
  "free plainly"(_, actor) {
    actor.buffer.push(["free", -1]);
    actor.next = actor.then;
  },
  "unstamp slowly"(_, actor) {
    actor.buffer.push(["unstamp", -1]);
    actor.next = "exchange";
  },
  exchange(state, actor) {
    const { word } = state;
    if (word.owner !== actor.id) state.wrong = "somebody has taken it away";
    if (word.waitedFor) actor.next = "free";
    else {
      word.owner = 0;
      actor.next = actor.then;
    }
  },
  free({ word }, actor) {
    word.owner = 0;
    word.waitedFor = false;
    actor.next = "wake one";
  },
  finish(_, actor) {
    actor.left--;
    actor.next = actor.left > 0 ? first(actor) : "done";
  },
  look(state, actor) {
    if (ownerSeenBy(state, actor) !== 0) refused(actor);
    else actor.next = actor.keeps < 0 ? "take slot" : "take again";
  },
  "take again"(_, actor) {
    actor.slot = actor.keeps;
    actor.buffer.push(["busy", actor.slot]);
    actor.next = "fence";
  },
  fence(_, actor) {
    actor.next = "look again";
  },
  "take slot"(state, actor) {
    actor.slot = state.slots.findIndex((slot) => isToBeHad(state, slot));
    actor.next = actor.slot < 0 ? "asleep in the crowd" : "claim";
  },
  claim(state, actor) {
    const slot = state.slots[actor.slot];
    if (!isToBeHad(state, slot)) {
      actor.next = "take slot";
      return;
    }
    slot.owner = actor.id;
    slot.takenOver = true;
    slot.idle = false;
    actor.next = "stamp slot";
  },
  "stamp slot"(_, actor) {
    actor.buffer.push(["stamp", actor.slot]);
    actor.next = "show slot";
  },
  "show slot"({ slots, kept }, actor) {
    slots[actor.slot].takenOver = false;
    if (actor.slot < kept) actor.keeps = actor.slot;
    actor.next = "look again";
  },
  "look again"(state, actor) {
    if (ownerSeenBy(state, actor) !== 0) {
      actor.then = "prepare";
      actor.next = actor.keeps < 0 ? "unstamp slot" : "leave slowly";
    } else actor.next = actor.slept ? "chain" : "reading";
  },
  reading(state, actor) {
    if (state.damaged && !state.inside) state.wrong = "a reader was not told";
    actor.slept = false;
    actor.then = "finish";
    actor.next = actor.keeps < 0
      ? "unstamp slot"
      : state.atomic
      ? "leave slowly"
      : "leave slot";
  },
  "leave slot"(_, actor) {
    actor.buffer.push(["idle", actor.slot]);
    actor.next = "look who waits";
  },
  "leave slowly"({ slots }, actor) {
    slots[actor.slot].idle = true;
    actor.next = "look who waits";
  },
  "unstamp slot"(_, actor) {
    actor.buffer.push(["unstamp", actor.slot]);
    actor.next = "free slot";
  },
  "free slot"({ slots }, actor) {
    slots[actor.slot].owner = 0;
    actor.next = "look who waits";
  },
  "look who waits"(state, actor) {
    actor.next = ownerSeenBy(state, actor) === 0 ? actor.then : "count";
  },
  count(state, actor) {
    state.drained++;
    actor.next = "wake drained";
  },
  "wake drained"({ actors }, actor) {
    for (const other of actors) {
      if (other.next === "asleep for readers") other.next = "see";
    }
    actor.next = actor.then;
  },
  prepare(state, actor) {
    const { word, drained } = state;
    actor.slept = true;
    if (actor.draining) {
      actor.next = `${drained}` === actor.saw ? "fall asleep" : "see";
      return;
    }
    actor.saw = textOf(word);
    actor.next = ownerSeenBy(state, actor) === 0
      ? first(actor)
      : word.waitedFor
      ? "sleep"
      : "mark";
  },
  "fall asleep"({ drained }, actor) {
    actor.next = `${drained}` === actor.saw ? "asleep for readers" : "see";
  },
  mark({ word }, actor) {
    if (textOf(word) === actor.saw) {
      word.waitedFor = true;
      actor.saw = textOf(word);
      actor.next = "sleep";
    } else actor.next = first(actor);
  },
  sleep({ word }, actor) {
    actor.next = textOf(word) === actor.saw ? "asleep" : first(actor);
  },
  asleep(state, actor) {
    const { word } = state;
    if (word.owner !== 0 && word.waitedFor && !isDead(state, word)) return;
    actor.suspicious = true;
    actor.next = first(actor);
  },
  "asleep in the crowd"(state, actor) {
    bury(state);
    actor.slept = true;
    actor.next = "look";
  },
  "asleep for readers"(state, actor) {
    const taken = state.slots.filter(isTaken);
    const haunted = taken.some((slot) => isDead(state, slot));
    if (taken.length > 0 && !haunted) return;
    actor.suspicious = true;
    actor.next = "see";
  },
};

/** In three steps, but nobody else takes a slot that is taken. */
function bury(state: LockState): void {
  for (const slot of state.slots) {
    if (isTaken(slot) && isDead(state, slot)) Object.assign(slot, newOwned());
  }
}

/** Whether one who wants to read may take a slot that is not his. */
function isToBeHad(state: LockState, slot: Owned): boolean {
  return slot.owner === 0 || slot.idle && isDead(state, slot);
}

function first({ reads }: Actor): string {
  return reads ? "look" : "take";
}

/** It is another's: see whether he is dead, or go to sleep. */
function refused(actor: Actor): void {
  actor.next = actor.suspicious ? "inspect" : "prepare";
  actor.suspicious = false;
}

/** What is in the first word. */
function textOf({ owner, waitedFor, takenOver }: Owned): string {
  return JSON.stringify([owner, waitedFor, takenOver]);
}

function isDead(
  { actors }: LockState,
  { owner, start, takenOver }: Pick<Owned, "owner" | "start" | "takenOver">,
): boolean {
  return !actors.some(({ id, born, next }) =>
    id === owner && next !== "dead" && next !== "unborn" &&
    (takenOver || start === 0 || start === born)
  );
}
