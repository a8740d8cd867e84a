/** The longest that is waited at once, in milliseconds: about a month. */
const LONGEST = 2 ** 31;

// struct timespec { time_t tv_sec; long tv_nsec; }
const buffer = new BigInt64Array(2);

/**
 * A `struct timespec` that is good until the next call; null, which stands for
 * no limit, for more than a month.
 */
export function timespec(
  milliseconds: number,
): BigInt64Array<ArrayBuffer> | null {
  if (milliseconds >= LONGEST) return null;
  buffer[0] = BigInt(Math.trunc(milliseconds / 1000));
  buffer[1] = BigInt(Math.trunc(milliseconds % 1000 * 1e6));
  return buffer;
}
