/**
 * What keeps a JavaScript engine busy: allocating and collecting, files, and
 * calls in other threads.
 */

const { usleep } = Deno.dlopen(
  Deno.build.os === "darwin" ? "/usr/lib/libSystem.B.dylib" : "libc.so.6",
  { usleep: { parameters: ["u32"], result: "i32", nonblocking: true } },
).symbols;

/** Allocates things of all kinds for a moment, and checks that they are right. */
export function allocate(seed: number): void {
  const things = Array.from({ length: 300 }, (_, i) => ({
    number: seed + i,
    text: `${seed + i}`.repeat(3),
    bytes: new Uint8Array(64).fill(seed + i),
    map: new Map([[i, [i, i + 1]], [-i, [i]]]),
  }));
  const copy: typeof things = structuredClone(things);
  const texts: string[] = JSON.parse(JSON.stringify(copy.map((it) => it.text)));
  for (const [i, { number, text, bytes, map }] of copy.entries()) {
    const right = number === seed + i && texts[i] === text &&
      text.match(/^(\d+)\1\1$/)?.[1] === `${number}` &&
      bytes[63] === (number & 0xff) && map.get(i)?.[0] === i;
    if (!right) throw new Error(`the heap is not what it was: ${number}`);
  }
}

/** Reads files and calls functions in other threads until it is aborted. */
export async function otherWork(signal: AbortSignal): Promise<void> {
  for (let round = 0; !signal.aborted; round++) {
    // Now and then so many at once that there have to be more threads.
    const calls = round % 20 === 0 ? 12 : 2;
    await Promise.all([
      Deno.readTextFile(new URL(import.meta.url)),
      ...Array.from({ length: calls }, () => usleep(200)),
    ]);
  }
}
