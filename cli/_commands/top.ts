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
import { toKinds } from "../_object_name.ts";
import { bold, printLine } from "../_print.ts";
import { count } from "../_text.ts";

const INTERVAL = "1";

const HOME_AND_CLEAR = "\x1b[H\x1b[J";
const CUT_LONG_LINES = "\x1b[?7l";
const WRAP_LONG_LINES = "\x1b[?7h";

/** The inventory, again and again. */
export const top: Command = {
  summary: "watch all of them",
  usage: `ipc top [KIND…] [--interval SECONDS] [--count N]

Prints what \`ipc ls\` does again and again, on a terminal always in the same
place, as far as there is room. Objects that have changed are bold. Ctrl-C ends
it.

  --interval SECONDS  between two times: 1
  --count N           so many times`,
  async run(args) {
    const { values, positionals } = parse(args, {
      interval: { type: "string", default: INTERVAL },
      count: { type: "string" },
    });
    const kinds = toKinds(positionals);
    const pause = seconds(values.interval, "--interval");
    const most = given(values.count, (n) => wholeNumber(n, "--count", 1)) ??
      Infinity;
    let before = new Set<string>();
    for (let round = 1;; round++) {
      const { items, errors } = takeInventory(kinds);
      // Without their age, which is another every time.
      const now = items.map((item) => JSON.stringify(item));
      const [headings, ...lines] = inventoryTable(items);
      const time = new Date().toLocaleTimeString("sv");
      printScreen([
        `${time}  ${count(items.length, "object")}`,
        ...errors.map(({ message }) => message),
        headings,
        ...lines.map((line, i) =>
          round > 1 && !before.has(now[i]) ? bold(line) : line
        ),
      ]);
      if (round >= most) return OK;
      before = new Set(now);
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  },
};

/** In place of the last one, if there are screens. */
function printScreen(lines: readonly string[]): void {
  if (!Deno.stdout.isTerminal()) return printLine(lines.join("\n"));
  // Some terminals do not say; and the cursor has a line for itself.
  const rows = Deno.consoleSize().rows || Infinity;
  const shown = lines.slice(0, rows - 1).join("\n");
  printLine(`${HOME_AND_CLEAR}${CUT_LONG_LINES}${shown}${WRAP_LONG_LINES}`);
}
