/** Sizes and times as people read them. */

const KIBI = 1024;
const SIZES = ["B", "KiB", "MiB", "GiB", "TiB"];

/** A number of bytes. */
export function sizeText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= KIBI && unit < SIZES.length - 1) {
    value /= KIBI;
    unit++;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return `${value.toFixed(digits)} ${SIZES[unit]}`;
}

/** Seconds in the units of time, and how many of each are one of the next. */
const TIMES: readonly (readonly [string, number])[] = [
  ["s", 60],
  ["min", 60],
  ["h", 24],
  ["d", Infinity],
];

/** How long ago something was. */
export function ageText(since: Date, now: number = Date.now()): string {
  let value = Math.max(0, now - since.getTime()) / 1000;
  for (const [unit, most] of TIMES) {
    if (value < most) return `${Math.floor(value)} ${unit}`;
    value /= most;
  }
  return "";
}

/** A name as a terminal can show it, in one line and moving nothing. */
export function visibleText(name: string): string {
  return name.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, unicodeEscape);
}

/** JSON as a terminal can show it: what JSON itself leaves as it is. */
export function escapeControls(json: string): string {
  return json.replace(/[\x7f-\x9f]/g, unicodeEscape);
}

/** As in JSON and in the $'…' of shells. */
function unicodeEscape(character: string): string {
  return `\\u${character.codePointAt(0)!.toString(16).padStart(4, "0")}`;
}

/** So many of something. */
export function count(number: number, one: string): string {
  return `${number} ${one}${number === 1 ? "" : "s"}`;
}
