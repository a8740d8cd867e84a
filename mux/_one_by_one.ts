/**
 * Events one after the other, until what they come from is closed. They are
 * asked for one at a time: of several, the last might not be true any more
 * when its turn comes.
 *
 * @param next Waits for some.
 * @param isClosed Whether waiting failed because of that.
 */
export async function* oneByOne<T>(
  next: () => Promise<T[]>,
  isClosed: () => boolean,
): AsyncGenerator<T> {
  for (;;) {
    let events: T[];
    try {
      events = await next();
    } catch (error) {
      if (isClosed()) return;
      throw error;
    }
    yield* events;
  }
}
