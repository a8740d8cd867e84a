/**
 * A model of `Mutex` and `RwLock`: each step is one access to shared memory, or
 * one system call, in the order of `_owned_word.ts`, `_rw_state.ts` and
 * `_reader_slots.ts`. A mutex is such a lock that nobody reads.
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
  /** The name of a step that is left out, to see that it is needed. */
  readonly without?: string;
}

/** A word that somebody owns or nobody, and the second one beside it. */
interface Owned {
  owner: number;
  waitedFor: boolean;
  takenOver: boolean;
  start: number;
}

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
  /** What to do when the word or the slot has been given back. */
  then: string;
}

/** All that there is. */
export interface LockState {
  readonly word: Owned;
  readonly slots: Owned[];
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
  const { kills = 0, aborts = 0, looks = false } = options;
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
      slots: readers.map(newOwned),
      actors,
      inside: false,
      drained: 0,
      damaged: false,
      kills,
      aborts,
      wrong: "",
    },
    *next(state) {
      for (const [i, { next, slept }] of state.actors.entries()) {
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
    then: "",
  };
}

function newOwned(): Owned {
  return { owner: 0, waitedFor: false, takenOver: false, start: 0 };
}

function copy(state: LockState): LockState {
  return {
    ...state,
    word: { ...state.word },
    slots: state.slots.map((slot) => ({ ...slot })),
    actors: state.actors.map((actor) => ({ ...actor })),
  };
}

function killed(state: LockState, i: number): LockState {
  const after = copy(state);
  after.kills--;
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
  actor.next = actor.draining ? "unstamp" : "pass on";
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
  "unstamp": "give back",
  "mark": "sleep",
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
  stamp({ word }, actor) {
    word.start = actor.born;
    actor.draining = true;
    actor.next = "see";
  },
  inspect({ word }, actor) {
    actor.saw = textOf(word);
    actor.next = word.owner === 0 ? "prepare" : "judge";
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
  "stamp over"({ word }, actor) {
    word.start = actor.born;
    actor.next = "say so";
  },
  "say so"({ word }, actor) {
    word.takenOver = false;
    actor.draining = !actor.reads;
    actor.next = actor.reads ? "unstamp" : "see";
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
    // In three steps, but nobody else takes a slot that is taken.
    for (const slot of state.slots) {
      if (slot.owner !== 0 && isDead(state, slot)) {
        Object.assign(slot, newOwned());
      }
    }
    actor.next = "scan";
  },
  scan({ slots }, actor) {
    if (actor.slot === slots.length) actor.next = "enter";
    else if (slots[actor.slot].owner !== 0) actor.next = "prepare";
    else actor.slot++;
  },
  enter(state, actor) {
    if (state.damaged && !state.inside) state.wrong = "a writer was not told";
    state.damaged = false;
    state.inside = true;
    actor.draining = actor.slept = false;
    actor.next = "inside";
  },
  inside(_, actor) {
    actor.next = "leave";
  },
  leave(state, actor) {
    state.inside = false;
    actor.next = "unstamp";
    actor.then = "finish";
  },
  unstamp({ word }, actor) {
    word.start = 0;
    actor.draining = false;
    actor.next = "give back";
  },
  "give back"(state, actor) {
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
  look({ word }, actor) {
    if (word.owner === 0) actor.next = "take slot";
    else refused(actor);
  },
  "take slot"({ slots }, actor) {
    actor.slot = slots.findIndex(({ owner }) => owner === 0);
    if (actor.slot < 0) actor.next = "prepare";
    else {
      slots[actor.slot].owner = actor.id;
      actor.next = "stamp slot";
    }
  },
  "stamp slot"({ slots }, actor) {
    slots[actor.slot].start = actor.born;
    actor.next = "look again";
  },
  "look again"({ word }, actor) {
    if (word.owner !== 0) {
      actor.then = "prepare";
      actor.next = "unstamp slot";
    } else actor.next = actor.slept ? "chain" : "reading";
  },
  reading(state, actor) {
    if (state.damaged && !state.inside) state.wrong = "a reader was not told";
    actor.slept = false;
    actor.then = "finish";
    actor.next = "unstamp slot";
  },
  "unstamp slot"({ slots }, actor) {
    slots[actor.slot].start = 0;
    actor.next = "free slot";
  },
  "free slot"({ slots }, actor) {
    slots[actor.slot].owner = 0;
    actor.next = "look who waits";
  },
  "look who waits"({ word }, actor) {
    actor.next = word.owner === 0 ? actor.then : "count";
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
  prepare({ word, drained }, actor) {
    actor.slept = true;
    if (actor.draining) {
      actor.next = `${drained}` === actor.saw ? "asleep for readers" : "see";
      return;
    }
    actor.saw = textOf(word);
    actor.next = word.owner === 0
      ? first(actor)
      : word.waitedFor
      ? "sleep"
      : "mark";
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
    if (word.owner !== 0 && !isDead(state, word)) return;
    actor.suspicious = true;
    actor.next = first(actor);
  },
  "asleep for readers"(state, actor) {
    const taken = state.slots.filter(({ owner }) => owner !== 0);
    const haunted = taken.some((slot) => isDead(state, slot));
    if (taken.length > 0 && !haunted) return;
    actor.suspicious = true;
    actor.next = "see";
  },
};

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
