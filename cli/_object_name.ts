/** Which object a command is about. */

import { UsageError } from "./_command.ts";

/** The kinds of objects that have names or numbers of their own. */
export type Kind = "mq" | "shm" | "sem";

/** All of them. */
const KINDS: readonly Kind[] = ["mq", "shm", "sem"];

/** A POSIX object by its name, or a System V one by its id or key. */
export type ObjectName =
  | { readonly name: string }
  | { readonly id: number }
  | { readonly key: number };

/** How objects are called, for the texts of commands. */
export const NAMING =
  "NAME is /name of a POSIX object, or the id or 0x… key of a System V one.";

/** What an argument calls a kind. */
export function toKind(text: string): Kind {
  const kind = KINDS.find((each) => each === text);
  if (kind !== undefined) return kind;
  throw new UsageError(`there is no kind '${text}': ${KINDS.join(", ")}`);
}

/** What arguments call kinds: all, if there are none. */
export function toKinds(texts: readonly string[]): readonly Kind[] {
  return texts.length > 0 ? texts.map(toKind) : KINDS;
}

/** What an argument calls an object. */
export function toObjectName(text: string): ObjectName {
  if (text.startsWith("/")) return { name: text };
  if (/^\d+$/.test(text)) return { id: Number(text) };
  if (/^0x[\da-f]{1,8}$/i.test(text)) return { key: toKey(text) };
  throw new UsageError(`'${text}' is no name of an object: ${NAMING}`);
}

/** What an argument calls an object that is to be made. */
export function toNewName(text: string): Exclude<ObjectName, { id: number }> {
  const object = toObjectName(text);
  if (!("id" in object)) return object;
  throw new UsageError("the system gives the id: create it by a 0x… key");
}

/** The key of all that have none: ftok(3), msgget(2). */
const IPC_PRIVATE = 0;

function toKey(text: string): number {
  const key = Number(text);
  if (key !== IPC_PRIVATE) return key;
  throw new UsageError(`${text} is no key: those without one have an id only`);
}

/** How a key is written. */
export function keyText(key: number): string {
  return `0x${(key >>> 0).toString(16).padStart(8, "0")}`;
}

/** The classes of System V objects have this in common. */
export interface SysvClass<T> {
  fromId(id: number): T;
  open(key: number): T;
}

/** Finds a System V object; undefined if it is a POSIX one. */
export function findSysv<T>(
  what: SysvClass<T>,
  object: ObjectName,
): T | undefined {
  if ("id" in object) return what.fromId(object.id);
  if ("key" in object) return what.open(object.key);
  return undefined;
}
