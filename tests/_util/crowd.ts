/** Many processes that enter a critical section, some of which get killed. */

import { fileURLToPath } from "node:url";
import {
  Condition,
  Mutex,
  RwLock,
  Semaphore,
  SysvSemaphoreSet,
  UnnamedSemaphore,
} from "@ipc/core/sem";
import { SharedMemory } from "@ipc/core/shm";
import {
  CONDITION_OFFSET,
  type Guard,
  GUARD_OFFSET,
  type Membership,
} from "./crowd_member.ts";
import { Ledger } from "./ledger.ts";
import { TempDir } from "./temp.ts";

/** How many there are, and what they go through. */
export interface CrowdOptions {
  readonly guard: Guard;
  readonly members: number;
  /** How often each enters. */
  readonly entries: number;
  /** How many are killed, one after the other, if they live long enough. */
  readonly kills: number;
  /** Between two kills, in milliseconds. */
  readonly interval: number;
  readonly signal: AbortSignal;
}

/** What came of it. */
export interface CrowdResult {
  /** What memory, file and members say how often the section was entered. */
  readonly sums: readonly number[];
  /** How many were killed. */
  readonly kills: number;
  /** How many of them in the section, or just about to leave it. */
  readonly killedInside: number;
  /** How often somebody found that one had died inside. */
  readonly repairs: number;
  /** How often something was wrong that no death explains. */
  readonly surprises: number;
  /** How many units of a semaphore were lost with who had them. */
  readonly lost: number;
  /** How long it took, in seconds. */
  readonly seconds: number;
}

const program = pathOf("./crowd_member.ts");

/** Who has an index with this bit does without WebAssembly. */
const SLOW = 2;
const slowly = ["--preload", pathOf("./without_wasm.ts")];

/** After so long without an entry a semaphore's unit is taken for lost, in ms. */
const STALLED = 500;
const LOOK = 5;

/** Lets them run until all have entered as often as they should. */
export async function runCrowd(options: CrowdOptions): Promise<CrowdResult> {
  await using crowd = new Crowd(options);
  return await crowd.run();
}

interface Member {
  readonly index: number;
  readonly process: Deno.ChildProcess;
  /** When it was first seen to be there; infinite if it has been killed. */
  arrived: number | undefined;
}

class Crowd implements AsyncDisposable {
  readonly #options: CrowdOptions;
  readonly #stack = new DisposableStack();
  readonly #ledger: Ledger;
  readonly #membership: Omit<Membership, "index">;
  readonly #semaphore: Semaphore | UnnamedSemaphore | undefined;
  readonly #members = new Set<Member>();
  #failure: Error | undefined;
  #ended = false;
  #kills = 0;
  #killedInside = 0;
  #lost = 0;

  constructor(options: CrowdOptions) {
    const { guard, entries } = options;
    this.#options = options;
    const stack = this.#stack;
    const directory = stack.use(new TempDir()).path;
    const name = `/ipc-test-${crypto.randomUUID()}`;
    const memory = stack.use(
      SharedMemory.create(name, { size: 8192, temporary: true }),
    );
    this.#ledger = stack.use(new Ledger(memory.buffer, directory));
    const set = stack.use(SysvSemaphoreSet.createPrivate({
      count: 1,
      values: [1],
      temporary: true,
    }));
    if (guard === "Mutex" || guard === "Condition") {
      Mutex.init(memory, GUARD_OFFSET);
      Condition.init(memory, CONDITION_OFFSET);
    }
    if (guard === "RwLock") RwLock.init(memory, GUARD_OFFSET);
    if (guard === "Semaphore") {
      this.#semaphore = stack.use(Semaphore.create(name, { temporary: true }));
    }
    if (guard === "UnnamedSemaphore") {
      this.#semaphore = UnnamedSemaphore.init(memory, GUARD_OFFSET, 1);
    }
    this.#membership = { guard, name, directory, set: set.id, entries };
  }

  async run(): Promise<CrowdResult> {
    const { members, signal } = this.#options;
    const begin = performance.now();
    for (let index = 0; index < members; index++) this.#start(index);
    let kill = begin;
    let progress = { at: begin, entries: 0 };
    while (this.#members.size > 0) {
      await new Promise((resolve) => setTimeout(resolve, LOOK));
      signal.throwIfAborted();
      if (this.#failure) throw this.#failure;
      const now = performance.now();
      const entries = this.#ledger.sums[2];
      if (entries !== progress.entries) progress = { at: now, entries };
      else if (now - progress.at > STALLED && this.#replaceLost()) {
        progress = { at: now, entries };
      }
      if (now > kill && this.#killOne(now)) {
        kill = now + this.#options.interval;
      }
    }
    this.#ledger.settle();
    const { sums, repairs, surprises } = this.#ledger;
    return {
      sums,
      repairs,
      surprises,
      kills: this.#kills,
      killedInside: this.#killedInside,
      lost: this.#lost,
      seconds: (performance.now() - begin) / 1000,
    };
  }

  /** Nobody gets on, and nobody but a dead one can have what is missing. */
  #replaceLost(): boolean {
    const semaphore = this.#semaphore;
    if (semaphore?.value !== 0 || this.#lost === this.#kills) return false;
    const all = [...this.#members];
    if (all.some(({ index }) => this.#ledger.isInside(index))) return false;
    this.#lost++;
    semaphore.release();
    return true;
  }

  #killOne(now: number): boolean {
    if (this.#kills >= this.#options.kills) return false;
    const all = [...this.#members].filter((one) => this.#hasBegun(one, now));
    const victim = all.at(Math.floor(Math.random() * all.length));
    if (victim === undefined) return false;
    const isInside = this.#ledger.isInside(victim.index);
    try {
      victim.process.kill("SIGKILL");
    } catch (error) {
      // It has just ended by itself.
      if (error instanceof TypeError) return false;
      throw error;
    }
    victim.arrived = Infinity;
    this.#kills++;
    if (isInside) this.#killedInside++;
    return true;
  }

  /** Those that are killed at once would never come to anything. */
  #hasBegun(member: Member, now: number): boolean {
    if (this.#ledger.isThere(member.index)) member.arrived ??= now;
    return now - (member.arrived ?? now) >= this.#options.interval;
  }

  #start(index: number): void {
    const membership: Membership = { ...this.#membership, index };
    this.#ledger.absent(index);
    const process = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", "--no-check"]
        .concat(index & SLOW ? slowly : [], program)
        .concat(JSON.stringify(membership)),
      stdin: "null",
      stdout: "null",
    }).spawn();
    const member: Member = { index, process, arrived: undefined };
    this.#members.add(member);
    void process.status.then(({ code, signal }) => {
      this.#members.delete(member);
      if (this.#ended) return;
      if (signal === "SIGKILL") this.#start(index);
      else if (code !== 0) this.#failure = new Error(`ended with ${code}`);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true;
    for (const { process } of this.#members) {
      await using _killed = process;
    }
    this.#stack.dispose();
  }
}

function pathOf(relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url));
}
