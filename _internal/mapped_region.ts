/**
 * Mapped memory that cannot crash the program when it has gone: closing a
 * mapping detaches its buffer and with that every view, which are empty then.
 */

import { closedError } from "./errno.ts";
import { type Address, mapOver, unmap } from "./mapping.ts";
import { MAP_PRIVATE, platform, PROT_READ, PROT_WRITE } from "./platform.ts";

/**
 * Memory that several processes have mapped: what `SharedMemory`,
 * `SysvSharedMemory` and `MappedFile` are for the mechanisms that live in it.
 */
export interface MemoryRegion {
  /** All of it, live. Empty once it has been closed or resized. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /**
   * Whether what is written is seen by others.
   *
   * @default {true}
   */
  readonly writable?: boolean;
}

/** What is left to do for a mapping, which may have been collected. */
interface Holding {
  readonly address: Address;
  readonly length: number;
  readonly abandon: (address: Address, length: number) => void;
}

/** What there is to do for a buffer of ours. */
interface Duties {
  /** When it is about to be detached. */
  readonly callbacks: Set<() => void>;
  readonly mirror: Mirror | undefined;
}

const duties = new WeakMap<ArrayBuffer, Duties>();

/** By the buffer, which lives as long as any of its views. */
const forgotten = new FinalizationRegistry<Holding>(
  ({ address, length, abandon }) => abandon(address, length),
);

/**
 * Told that a part of the memory has been mapped once more; answers what to do
 * when that is unmapped, or undefined if it may not be used.
 */
export type Mirror = (
  address: Address,
  length: number,
) => (() => void) | undefined;

/**
 * Gives the memory back but not its addresses, where zeros are from now on: a
 * Worker may have the buffer, if it was transferred to it.
 */
export function blank(address: Address, length: number): void {
  const flags = MAP_PRIVATE | platform.MAP_ANONYMOUS | platform.MAP_NORESERVE;
  mapOver(address, length, PROT_READ | PROT_WRITE, flags);
}

/** How to take over mapped memory. */
export interface MappedRegionOptions {
  /** Ends the mapping; munmap(2) by default. */
  readonly unmap?: (address: Address, length: number) => void;
  /** Gives it back when it was forgotten; all but the addresses by default. */
  readonly abandon?: (address: Address, length: number) => void;
  /** What is mapped, for errors. */
  readonly name?: string;
  /** That it may be mapped once more, and what follows from that. */
  readonly mirror?: Mirror;
}

/** One range of mapped memory and the duty to unmap it. */
export class MappedRegion implements MemoryRegion, Disposable {
  readonly #holding: Holding;
  readonly #buffer: ArrayBuffer;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #options: MappedRegionOptions;
  #closed = false;

  /**
   * Takes over memory that has been mapped.
   *
   * @param address Where it is.
   * @param length How long it is, in bytes.
   * @param options How to unmap it, and what it is.
   */
  constructor(
    address: Address,
    length: number,
    options: MappedRegionOptions = {},
  ) {
    this.#buffer = Deno.UnsafePointerView.getArrayBuffer(address, length);
    this.#bytes = new Uint8Array(this.#buffer);
    this.#options = options;
    const { abandon = blank } = options;
    this.#holding = { address, length, abandon };
    const { mirror } = options;
    duties.set(this.#buffer, { callbacks: new Set(), mirror });
    forgotten.register(this.#buffer, this.#holding, this);
  }

  /** Where it is. */
  get address(): bigint {
    this.#requireOpen();
    return Deno.UnsafePointer.value(this.#holding.address);
  }

  /** All of it, as it is at any time. */
  get buffer(): ArrayBuffer {
    this.#requireOpen();
    return this.#buffer;
  }

  /** The bytes of {@linkcode buffer}. */
  get bytes(): Uint8Array<ArrayBuffer> {
    this.#requireOpen();
    return this.#bytes;
  }

  /** Whether it has been closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Detaches every view and unmaps it; a second call does nothing. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    forgotten.unregister(this);
    for (const callback of duties.get(this.#buffer)!.callbacks) callback();
    // Whoever has transferred the buffer has it still.
    const { address, length, abandon } = this.#holding;
    if (this.#buffer.detached) return abandon(address, length);
    // To a length of zero: of any other it would be counted as ours.
    this.#buffer.transfer(0);
    const { unmap: end = unmap } = this.#options;
    end(address, length);
  }

  /** Closes it. */
  [Symbol.dispose](): void {
    this.close();
  }

  #requireOpen(): void {
    if (this.#closed) throw closedError("use", this.#options.name);
  }
}

/**
 * Has `callback` called just before the memory that `bytes` are in is unmapped.
 *
 * @param bytes Bytes of a mapping.
 * @param callback Told once.
 * @param verb What is being done, for the error.
 * @returns Calls it off.
 * @throws {TypeError} If they are in no mapping of this package.
 */
export function onUnmap(
  bytes: Uint8Array<ArrayBuffer>,
  callback: () => void,
  verb: string,
): () => void {
  const callbacks = bytes instanceof Uint8Array
    ? duties.get(bytes.buffer)?.callbacks
    : undefined;
  if (callbacks === undefined) {
    throw new TypeError(
      `Cannot ${verb}: the memory must be a SharedMemory, ` +
        `a SysvSharedMemory or a MappedFile`,
    );
  }
  callbacks.add(callback);
  return () => callbacks.delete(callback);
}

/** Whom to tell if a part of some memory is mapped once more, if it may be. */
export function mirrorIn(buffer: ArrayBuffer): Mirror | undefined {
  return duties.get(buffer)?.mirror;
}
