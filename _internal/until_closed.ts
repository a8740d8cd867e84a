/** Iterating over what has no end of its own. */

/**
 * What `next` answers, again and again, until what it comes from is closed
 * here. That is how such a loop is ended; what can end by itself, as a stream
 * of bytes does, rejects instead: it was not read to its end.
 *
 * @param next Waits for one.
 * @param isClosed Whether waiting failed because of that.
 */
export async function* untilClosed<T>(
  next: () => Promise<T>,
  isClosed: () => boolean,
): AsyncGenerator<T> {
  for (;;) {
    let value: T;
    try {
      value = await next();
    } catch (error) {
      if (isClosed()) return;
      throw error;
    }
    yield value;
  }
}
