import { Semaphore, SysvSemaphoreSet } from "../../sem/mod.ts";
import {
  type Actions,
  type Command,
  dispatch,
  fileMode,
  given,
  noMore,
  OK,
  only,
  parse,
  required,
  UsageError,
  wholeNumber,
} from "../_command.ts";
import { NAMING, toNewName } from "../_object_name.ts";
import { nothing, PATIENCE, patience, PATIENCE_USAGE } from "../_patience.ts";
import { printLine } from "../_print.ts";
import { runProgram } from "../_program.ts";
import { openSemaphore } from "../_semaphore.ts";

const ACTIONS: Actions = { create, value, acquire, release, run };

/** Semaphores. */
export const sem: Command = {
  summary: "create a semaphore, look at it, acquire and release it",
  usage: `ipc sem create NAME [VALUE…] [--mode OCTAL]
ipc sem value NAME
ipc sem acquire NAME
ipc sem release NAME [COUNT]
ipc sem run NAME -- COMMAND [ARGUMENT…]

${NAMING}

create   with the value 1 unless another is given; several make a System V set
value    prints it, or those of a set on one line
acquire  takes one for good, until somebody releases it
release  adds COUNT, or 1
run      acquires one while the command runs, and exits as that does

  --index N          which one of a System V set: 0
  --mode OCTAL       who may use it: 0600
${PATIENCE_USAGE}`,
  run: (args) => dispatch(ACTIONS, args),
};

const INDEX = { index: { type: "string" } } as const;

function create(args: readonly string[]): number {
  const { values, positionals } = parse(args, { mode: { type: "string" } });
  const [name, ...texts] = positionals;
  const object = toNewName(required([name], "the name"));
  const mode = given(values.mode, fileMode);
  const initial = texts.map((text) => wholeNumber(text, "a value"));
  if (initial.length === 0) initial.push(1);
  if ("name" in object) {
    noMore(texts.slice(1));
    Semaphore.create(object.name, { value: initial[0], mode }).close();
    return OK;
  }
  const options = { count: initial.length, values: initial, mode };
  using set = SysvSemaphoreSet.create(object.key, options);
  printLine(`${set.id}`);
  return OK;
}

function value(args: readonly string[]): number {
  const { positionals } = parse(args, {});
  const name = only(positionals, "the name");
  using semaphore = openSemaphore(name);
  printLine(semaphore.values.join(" "));
  return OK;
}

async function acquire(args: readonly string[]): Promise<number> {
  const { values, positionals } = parse(args, { ...INDEX, ...PATIENCE });
  const name = only(positionals, "the name");
  const patiently = patience(values);
  using semaphore = openSemaphore(name, values.index);
  const taken = await patiently({
    attempt: () => semaphore.tryTake(),
    wait: (signal) => semaphore.take(signal),
  });
  return taken ? OK : nothing("sem acquire", `'${name}' was not to be had`);
}

function release(args: readonly string[]): number {
  const { values, positionals } = parse(args, INDEX);
  const [name, text = "1", ...rest] = positionals;
  noMore(rest);
  const count = wholeNumber(text, "the count", 1);
  using semaphore = openSemaphore(required([name], "the name"), values.index);
  semaphore.release(count);
  return OK;
}

async function run(args: readonly string[]): Promise<number> {
  const end = args.indexOf("--");
  if (end < 0) throw new UsageError("the command is missing, after --");
  const { values, positionals } = parse(args.slice(0, end), {
    ...INDEX,
    ...PATIENCE,
  });
  const name = only(positionals, "the name");
  const [command, ...rest] = args.slice(end + 1);
  if (command === undefined) throw new UsageError("the command is missing");
  const patiently = patience(values);
  using semaphore = openSemaphore(name, values.index);
  using permit = await patiently({
    attempt: () => semaphore.tryAcquire(),
    wait: (signal) => semaphore.acquire(signal),
  });
  if (!permit) return nothing("sem run", `'${name}' was not to be had`);
  return await runProgram(command, rest);
}
