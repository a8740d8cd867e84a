/** How often an object may come and go while it is looked for. */
const TRIES = 100;

/** Makes something, or opens it if it is there already. */
export function ensure<T>(create: () => T, open: () => T): T {
  for (let tries = TRIES;; tries--) {
    try {
      return create();
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    }
    try {
      return open();
    } catch (error) {
      // Somebody has removed it since; or it is a link that leads nowhere.
      const gone = error instanceof Deno.errors.NotFound;
      if (!gone || tries === 0) throw error;
    }
  }
}
