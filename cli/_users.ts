/** The names of users. */

let names: Map<number, string> | undefined;

/** The name of a user, or his number if it has none here: passwd(5). */
export function userName(uid: number): string {
  names ??= readNames();
  return names.get(uid) ?? `${uid}`;
}

function readNames(): Map<number, string> {
  const found = new Map<number, string>();
  try {
    for (const line of Deno.readTextFileSync("/etc/passwd").split("\n")) {
      const [name, , uid] = line.split(":");
      // The first of several is the one that others show, too.
      if (uid && !found.has(Number(uid))) found.set(Number(uid), name);
    }
  } catch {
    // Numbers do as well.
  }
  return found;
}
