import { type Command, FAILED, OK, parse } from "../_command.ts";
import { takeInventory } from "../_inventory.ts";
import { inventoryJson, inventoryTable } from "../_inventory_table.ts";
import { toKinds } from "../_object_name.ts";
import { bold, printLine } from "../_print.ts";

/** Lists objects. */
export const ls: Command = {
  summary: "list queues, shared memory and semaphores",
  usage: `ipc ls [KIND…] [--json]

Lists all POSIX and System V objects of the given kinds, which are mq, shm and
sem; without any, all of them. A POSIX object has a name, a System V one an id,
and a key unless it is private. Of objects that others own not everything can be
found out: then there is a question mark. Odd characters in names are shown as
\\u and their number.

  SIZE  bytes; of a queue how many there is room for
  AGE   since it was made, or if the system does not know that, changed or used
  USE   messages in a queue, values of semaphores, how many have it mapped

  --json  all that is known, for programs; sizes in bytes`,
  run(args) {
    const { values, positionals } = parse(args, { json: { type: "boolean" } });
    const kinds = toKinds(positionals);
    const { items, errors } = takeInventory(kinds);
    if (values.json) printLine(inventoryJson(items));
    else {
      const [headings, ...lines] = inventoryTable(items);
      printLine(bold(headings));
      for (const line of lines) printLine(line);
    }
    for (const { message } of errors) console.error(`ipc ls: ${message}`);
    return errors.every(isNotSupported) ? OK : FAILED;
  },
};

/** Where there are no such objects, nothing is amiss. */
function isNotSupported(error: Error): boolean {
  return error instanceof Deno.errors.NotSupported;
}
