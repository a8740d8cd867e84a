/** A name for shared memory that nobody else has, short enough for macOS. */
export function memoryName(): string {
  return `/ipc-test-${crypto.randomUUID().slice(0, 18)}`;
}
