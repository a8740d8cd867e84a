import {
  type Command,
  given,
  OK,
  parse,
  seconds,
  wholeNumber,
} from "../_command.ts";
import { takeInventory } from "../_inventory.ts";
import { inventoryTable } from "../_inventory_table.ts";
import { KINDS, toKind } from "../_object_name.ts";
import { bold, print, printLine } from "../_print.ts";
import { count } from "../_text.ts";

const INTERVAL = "1";

const HOME_AND_CLEAR = "\x1b[H\x1b[J";

/** The inventory, again and again. */
export const top: Command = {
  summary: "watch all of them",
  usage: `ipc top [KIND…] [--interval SECONDS] [--count N]

Prints what \`ipc ls\` does again and again, on a terminal always in the same
place. Lines that have changed are bold. Ctrl-C ends it.

  --interval SECONDS  between two times: 1
  --count N           so many times`,
  async run(args) {
    const { values, positionals } = parse(args, {
      interval: { type: "string", default: INTERVAL },
      count: { type: "string" },
    });
    const kinds = positionals.map(toKind);
    const pause = seconds(values.interval, "--interval");
    const most = given(values.count, (n) => wholeNumber(n, "--count", 1)) ??
      Infinity;
    let before = new Set<string>();
    for (let round = 1;; round++) {
      const { items } = takeInventory(kinds.length ? kinds : KINDS);
      const [headings, ...lines] = inventoryTable(items);
      const time = new Date().toLocaleTimeString("sv");
      if (Deno.stdout.isTerminal()) {
        print(new TextEncoder().encode(HOME_AND_CLEAR));
      }
      printLine(`${time}  ${count(items.length, "object")}`);
      printLine(headings);
      for (const line of lines) {
        printLine(round > 1 && !before.has(line) ? bold(line) : line);
      }
      if (round >= most) return OK;
      before = new Set(lines);
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  },
};
