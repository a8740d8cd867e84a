/**
 * Shared memory and mapped files, and messages on top of them.
 *
 * @example
 * ```ts
 * import { SharedMemory } from "@ipc/core/shm";
 *
 * using memory = SharedMemory.anonymous(4096);
 * memory.bytes[0] = 7;
 * ```
 *
 * @module
 */

export {
  Broadcast,
  type BroadcastOpenOptions,
  type BroadcastOptions,
  type SubscribeOptions,
} from "./broadcast.ts";
export { type BroadcastMessage, BroadcastReader } from "./broadcast_reader.ts";
export type {
  ArrayOf,
  ArrayType,
  AtomicField,
  FieldType,
  FieldValue,
  ScalarType,
  TextType,
} from "./field.ts";
export { MappedFile, type MappedFileOptions } from "./mapped_file.ts";
export {
  type Advice,
  MappedMemory,
  type SyncOptions,
} from "./mapped_memory.ts";
export { RingBuffer, type RingBufferOptions } from "./ring_buffer.ts";
export type { RingReceiveOptions } from "./ring_receive_options.ts";
export {
  SharedMemory,
  type SharedMemoryOpenOptions,
  type SharedMemoryOptions,
} from "./shared_memory.ts";
export {
  Struct,
  type StructAtomics,
  type StructFields,
  type StructView,
} from "./struct.ts";
export {
  SysvSharedMemory,
  type SysvSharedMemoryOpenOptions,
  type SysvSharedMemoryOptions,
} from "./sysv_shared_memory.ts";
export type {
  SysvSharedMemoryEntry,
  SysvSharedMemoryStat,
} from "./sysv_stat.ts";
export type { SysvOwnership } from "../_internal/sysv.ts";
export type { MemfdOptions } from "./memfd_options.ts";
export type { Seal } from "./seal.ts";
export type { SyncWaitOptions, WaitOptions } from "../_internal/wait.ts";
export type { MemoryRegion } from "../_internal/mapped_region.ts";
export { IpcError, type SystemErrorFields } from "../_internal/error.ts";
