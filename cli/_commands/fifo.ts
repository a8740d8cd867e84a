import { Fifo } from "../../fifo/mod.ts";
import {
  type Actions,
  type Command,
  dispatch,
  OK,
  only,
  parse,
} from "../_command.ts";
import { print, roomToPrint, whileRead } from "../_print.ts";

/** As much as is in a pipe: pipe(7). */
const CHUNK = 65_536;

const ACTIONS: Actions = { cat, tee };

/** Named pipes. */
export const fifo: Command = {
  summary: "read from a named pipe, or write to it",
  usage: `ipc fifo cat PATH [--create] [--follow]
ipc fifo tee PATH [--create]

cat  prints what comes through the pipe, until its writers have gone
tee  waits for a reader, and then copies the input both there and to the output

  --create  make the pipe if it is not there
  --follow  do not end when the writers have gone: others may come`,
  run: (args) => dispatch(ACTIONS, args),
};

async function cat(args: readonly string[]): Promise<number> {
  const { values, positionals } = parse(args, {
    create: { type: "boolean" },
    follow: { type: "boolean" },
  });
  using fifo = open(positionals, values.create);
  const { follow: persistent } = values;
  using reader = await fifo.openReader({ persistent });
  const bytes = new Uint8Array(CHUNK);
  for (;;) {
    await roomToPrint();
    let length = reader.tryRead(bytes);
    if (length === undefined) {
      length = await whileRead((signal) => reader.read(bytes, { signal }));
    }
    if (length === null) return OK;
    print(bytes.subarray(0, length));
  }
}

async function tee(args: readonly string[]): Promise<number> {
  const { values, positionals } = parse(args, { create: { type: "boolean" } });
  using fifo = open(positionals, values.create);
  using writer = await fifo.openWriter();
  for await (const chunk of Deno.stdin.readable) {
    print(chunk);
    await writer.writeAll(chunk);
  }
  return OK;
}

function open(positionals: readonly string[], create?: boolean): Fifo {
  const path = only(positionals, "the path");
  return create ? Fifo.ensure(path) : Fifo.open(path);
}
