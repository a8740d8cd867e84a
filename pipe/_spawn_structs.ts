/** The two structs that tell posix_spawn(3) what to do. */

import { fdNumber } from "../_internal/arguments.ts";
import { libc as base } from "../_internal/_ffi.ts";
import { isOwned } from "../_internal/descriptor.ts";
import { checkReturned } from "../_internal/errno.ts";
import { cString } from "../_internal/memory.ts";
import {
  F_GETFD,
  O_RDWR,
  os,
  platform,
  POSIX_SPAWN_SETSIGDEF,
  POSIX_SPAWN_SETSIGMASK,
} from "../_internal/platform.ts";
import { fdOf } from "../mux/watchable.ts";
import { blockingDuplicate, duplicate } from "./_handover.ts";
import { libc } from "./_ffi.ts";
import type { ChildDescriptor } from "./child_descriptor.ts";

// Both are structs of at most this size on Linux, and a pointer on macOS.
const STRUCT_SIZE = 336;

/** Input, output and errors. */
const STANDARD: readonly number[] = [0, 1, 2];

/** `posix_spawn_file_actions_t`: what the child does before the program. */
export class FileActions implements Disposable {
  readonly struct = new Uint8Array(STRUCT_SIZE);
  readonly #duplicates: number[] = [];

  constructor() {
    checkReturned(
      libc.posix_spawn_file_actions_init(this.struct),
      "posix_spawn_file_actions_init",
    );
  }

  changeDirectory(path: string): void {
    checkReturned(
      libc.posix_spawn_file_actions_addchdir_np(this.struct, cString(path)),
      "posix_spawn_file_actions_addchdir_np",
    );
  }

  /**
   * @param fds What the child gets under which number.
   * @param terminal The path of a terminal that it gets under 0, 1 and 2. It
   * opens that itself, and so, as the leader of a session, is controlled by it.
   */
  give(
    fds: Readonly<Record<number, ChildDescriptor>>,
    terminal?: string,
  ): void {
    const wanted = Object.entries(fds).map(([key, source]) =>
      [fdNumber(Number(key), "spawn"), source] as const
    );
    // Above all of the child's numbers, so that putting one descriptor in its
    // place never overwrites another that is still to be put in its own.
    const least = 1 +
      wanted.reduce((most, [target]) => Math.max(most, target), 2);
    if (terminal !== undefined) this.#openTerminal(terminal);
    for (const [target, source] of wanted) this.#giveOne(target, source, least);
    const named = new Set(wanted.map(([target]) => target));
    if (terminal !== undefined) STANDARD.forEach((fd) => named.add(fd));
    if (os === "darwin") this.#inheritStandard(named);
    else this.#closeOthers(named, least);
  }

  /** With POSIX_SPAWN_CLOEXEC_DEFAULT what is not asked for is closed. */
  #inheritStandard(named: ReadonlySet<number>): void {
    for (const fd of STANDARD) {
      if (named.has(fd) || base.fcntl(fd, F_GETFD, 0n) < 0) continue;
      checkReturned(
        libc.posix_spawn_file_actions_addinherit_np(this.struct, fd),
        "posix_spawn_file_actions_addinherit_np",
      );
    }
  }

  /** What this process has inherited itself is not close-on-exec. */
  #closeOthers(named: ReadonlySet<number>, least: number): void {
    for (let fd = 3; fd < least; fd++) {
      if (named.has(fd) || base.fcntl(fd, F_GETFD, 0n) < 0) continue;
      checkReturned(
        libc.posix_spawn_file_actions_addclose(this.struct, fd),
        "posix_spawn_file_actions_addclose",
      );
    }
    try {
      checkReturned(
        libc.posix_spawn_file_actions_addclosefrom_np(this.struct, least),
        "posix_spawn_file_actions_addclosefrom_np",
      );
    } catch (error) {
      // Before glibc 2.34: said in the documentation of `fds`.
      if (!(error instanceof Deno.errors.NotSupported)) throw error;
    }
  }

  #giveOne(target: number, source: ChildDescriptor, least: number): void {
    if (source === "null") {
      return this.#open("/dev/null", target);
    }
    const from = source === "inherit" ? target : fdOf(source, "spawn");
    // What came from elsewhere is handed on as it is.
    const ours = source !== "inherit" || isOwned(target);
    const fd = ours ? blockingDuplicate(from, least) : duplicate(from, least);
    this.#duplicates.push(fd);
    this.#duplicate(fd, target);
  }

  #openTerminal(path: string): void {
    const [input, ...others] = STANDARD;
    this.#open(path, input);
    for (const fd of others) this.#duplicate(input, fd);
  }

  #open(path: string, fd: number): void {
    const name = cString(path);
    const { struct } = this;
    checkReturned(
      libc.posix_spawn_file_actions_addopen(struct, fd, name, O_RDWR, 0),
      "posix_spawn_file_actions_addopen",
      { on: `fd ${fd}`, hint: "it must be within `ulimit -n`" },
    );
  }

  #duplicate(from: number, to: number): void {
    checkReturned(
      libc.posix_spawn_file_actions_adddup2(this.struct, from, to),
      "posix_spawn_file_actions_adddup2",
    );
  }

  [Symbol.dispose](): void {
    libc.posix_spawn_file_actions_destroy(this.struct);
    for (const fd of this.#duplicates) base.close(fd);
  }
}

/** `posix_spawnattr_t`: what must not leak from this process to the child. */
export class Attributes implements Disposable {
  readonly struct = new Uint8Array(STRUCT_SIZE);

  constructor(newSession: boolean) {
    checkReturned(
      libc.posix_spawnattr_init(this.struct),
      "posix_spawnattr_init",
    );
    const flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK |
      platform.POSIX_SPAWN_CLOEXEC_DEFAULT |
      (newSession ? platform.POSIX_SPAWN_SETSID : 0);
    libc.posix_spawnattr_setflags(this.struct, flags);
    libc.posix_spawnattr_setsigdefault(this.struct, signalSet(SIGPIPE));
    libc.posix_spawnattr_setsigmask(this.struct, signalSet());
  }

  [Symbol.dispose](): void {
    libc.posix_spawnattr_destroy(this.struct);
  }
}

const SIGPIPE = 13;

/** `sigset_t`: one bit a signal, 128 bytes on Linux and 4 on macOS. */
function signalSet(...signals: number[]): Uint8Array<ArrayBuffer> {
  const set = new Uint8Array(128);
  for (const signal of signals) set[signal - 1 >> 3] |= 1 << (signal - 1 & 7);
  return set;
}
