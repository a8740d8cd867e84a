/** Options of {@linkcode SharedMemory.memfd}. */
export interface MemfdOptions {
  /** How many bytes; with huge pages, a multiple of their size. */
  readonly size: number;
  /**
   * What it is called in `/proc/PID/fd` and `/proc/PID/maps`; no name by which
   * it could be opened. Up to 249 bytes.
   *
   * @default {"ipc"}
   */
  readonly name?: string;
  /**
   * Whether {@linkcode SharedMemory.seal} can be used.
   *
   * @default {false}
   */
  readonly sealable?: boolean;
  /**
   * Whether it consists of huge pages, of which the administrator has to
   * reserve some: `sysctl vm.nr_hugepages`.
   *
   * @default {false}
   */
  readonly hugePages?: boolean;
}
