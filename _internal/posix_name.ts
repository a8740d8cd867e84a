/**
 * Names of POSIX objects: message queues, shared memory, semaphores. They look
 * like the path of a file in the root directory.
 */

import { cText } from "./arguments.ts";

const encoder = new TextEncoder();

/**
 * A name that the kernel will take. What it would say itself depends on the
 * kind of object and on the system, and often is just "invalid argument".
 *
 * @param name What the caller gave.
 * @param verb What it was given for.
 * @param longest How many bytes of UTF-8 it may have after the slash.
 */
export function posixName(name: string, verb: string, longest: number): string {
  cText(name, verb, "the name");
  const problem = name[0] !== "/"
    ? "must begin with a slash"
    : name.includes("/", 1)
    ? "must have no slash but the first"
    : ["/", "/.", "/.."].includes(name)
    ? "must have something after the slash that is no dot alone"
    : undefined;
  const current = `current value is ${JSON.stringify(name)}`;
  if (problem !== undefined) {
    throw new TypeError(
      `Cannot ${verb}: the name ${problem}, as in "/jobs": ${current}`,
    );
  }
  const length = encoder.encode(name).length - 1;
  if (length <= longest) return name;
  throw new RangeError(
    `Cannot ${verb}: the name must have at most ${longest} bytes after the ` +
      `slash: it has ${length}`,
  );
}
