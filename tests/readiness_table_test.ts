/** What Linux reports is what `docs/readiness.md` says it reports. */

import { assertEquals, assertGreater } from "@std/assert";
import { missing, runDeno } from "./_util/peers.ts";
import type { Line } from "./_util/readiness.ts";
import { readSource } from "./_util/modules.ts";

Deno.test("select, poll and epoll report what the table of the guide says", {
  ignore: Deno.build.os !== "linux" || missing("sleep"),
}, async () => {
  const documented = tableOf(readSource("docs/readiness.md"));
  // In a process that starts no others: those have copies for a moment, and so
  // nobody would be gone at once.
  const observed: Line[] = JSON.parse(
    await runDeno(`
      import { observed } from "tests/_util/readiness.ts";
      console.log(JSON.stringify(await observed()));
    `),
  );
  assertGreater(documented.length, 40);
  assertEquals(observed, documented);
});

function tableOf(guide: string): Line[] {
  const rows = guide.split("\n")
    .filter((line) => line.startsWith("|"))
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
  const [headings, _rule, ...lines] = rows;
  assertEquals(headings.slice(0, 5), [
    "descriptor",
    "state",
    "select",
    "poll",
    "epoll",
  ]);
  return lines.map(([descriptor, state, select, poll, epoll]) => ({
    descriptor,
    state,
    select,
    poll,
    epoll,
  }));
}
