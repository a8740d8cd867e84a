/** The inventory as a table. */

import type { Item } from "./_item.ts";
import { keyText } from "./_object_name.ts";
import { ageText, escapeControls, sizeText, visibleText } from "./_text.ts";
import { type Align, textTable } from "./_text_table.ts";
import { userName } from "./_users.ts";

const HEADINGS = [
  "KIND",
  "NAME",
  "KEY",
  "OWNER",
  "MODE",
  "SIZE",
  "AGE",
  "USE",
];

const ALIGNS: readonly Align[] = [
  "left",
  "left",
  "left",
  "left",
  "left",
  "right",
  "right",
  "left",
];

const UNKNOWN = "?";

/** A line of headings, and one for each object. */
export function inventoryTable(items: readonly Item[]): string[] {
  return textTable([HEADINGS, ...items.map(cells)], ALIGNS).split("\n");
}

function cells(item: Item): string[] {
  const { kind, uid, mode, size, since } = item;
  return [
    kind,
    visibleText(item.name ?? `${item.id}`),
    item.key ? keyText(item.key) : "",
    uid === undefined ? UNKNOWN : userName(uid),
    mode === undefined ? UNKNOWN : modeText(mode),
    size === undefined ? "" : sizeText(size),
    since === undefined ? UNKNOWN : ageText(since),
    useText(item),
  ];
}

/** Permission bits as chmod(1) takes them. */
export function modeText(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}

/** So many values of a set are shown; there can be thousands. */
const MOST_VALUES = 8;

function useText(item: Item): string {
  const { kind, messages, maxMessages, users, moreUsers, values } = item;
  const texts: string[] = [];
  if (messages !== undefined) {
    const most = maxMessages === undefined ? "" : ` of ${maxMessages}`;
    texts.push(`${messages}${most} messages`);
  }
  if (values !== undefined) texts.push(`value ${valuesText(values)}`);
  else if (kind === "sem") texts.push(`value ${UNKNOWN}`);
  if (users !== undefined) {
    texts.push(`mapped by ${users}${moreUsers ? " or more" : ""}`);
  }
  if (texts.length === 0) return kind === "shm" ? "" : UNKNOWN;
  return texts.join(", ");
}

function valuesText(values: readonly number[]): string {
  const shown = values.slice(0, MOST_VALUES).join(" ");
  return values.length > MOST_VALUES ? `${shown} … of ${values.length}` : shown;
}

/** The same for programs: what is not known is null. */
export function inventoryJson(items: readonly Item[]): string {
  return escapeControls(JSON.stringify(items.map(record), null, 2));
}

function record(item: Item): Record<string, unknown> {
  const { kind, uid, mode, key } = item;
  return {
    kind,
    system: item.name === undefined ? "sysv" : "posix",
    name: item.name ?? null,
    id: item.id ?? null,
    key: key ? keyText(key) : null,
    uid: uid ?? null,
    owner: uid === undefined ? null : userName(uid),
    mode: mode === undefined ? null : modeText(mode),
    size: item.size ?? null,
    messages: item.messages ?? null,
    maxMessages: item.maxMessages ?? null,
    users: item.moreUsers ? null : item.users ?? null,
    values: item.values ?? null,
    since: item.since?.toISOString() ?? null,
  };
}
