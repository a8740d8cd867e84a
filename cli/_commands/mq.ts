import { MessageQueue, SysvMessageQueue } from "../../mq/mod.ts";
import {
  type Actions,
  type Command,
  dispatch,
  fileMode,
  given,
  OK,
  only,
  parse,
  required,
  seconds,
  UsageError,
  wholeNumber,
} from "../_command.ts";
import { linesOfInput, readInput } from "../_input.ts";
import { NAMING, toNewName } from "../_object_name.ts";
import { nothing, PATIENCE, patience, PATIENCE_USAGE } from "../_patience.ts";
import { print, printLine, roomToPrint, whileRead } from "../_print.ts";
import { openQueue, type Queue, type QueueMessage } from "../_queue.ts";
import { count } from "../_text.ts";

const ACTIONS: Actions = { create, send, recv, watch };

/** Message queues. */
export const mq: Command = {
  summary: "create a message queue, send, receive, or watch it fill",
  usage:
    `ipc mq create NAME [--max-messages N] [--message-size BYTES] [--mode OCTAL]
ipc mq send NAME [MESSAGE…] [--priority N | --type N] [--raw]
ipc mq recv NAME [--count N | --all | --follow] [--type N] [--raw | --json]
ipc mq watch NAME [--interval SECONDS] [--count N]

${NAMING}

create  of System V only with a key; its id is printed then
send    each MESSAGE, or each line of the input, as a message of its own
recv    one message, or more, and prints a line each; one that cannot be printed
        goes back into the queue
watch   takes nothing, and prints a line whenever there are more or fewer

  --priority N       of a POSIX message: higher ones come first
  --type N           of a System V message: to send, from 1 up; to receive, that
                     type only; --type=-N receives the lowest of those up to N
  --raw              all of the input is one message; print no line ends
  --json             print a line of JSON for each message
  --count N          so many messages, or changes
  --all              all that are there
  --follow           go on for ever
  --interval SECONDS between two looks: 0.1
${PATIENCE_USAGE}`,
  run: (args) => dispatch(ACTIONS, args),
};

function create(args: readonly string[]): number {
  const { values, positionals } = parse(args, {
    "max-messages": { type: "string" },
    "message-size": { type: "string" },
    mode: { type: "string" },
  });
  const { "max-messages": most, "message-size": size } = values;
  const name = only(positionals, "the name");
  const mode = given(values.mode, fileMode);
  const object = toNewName(name);
  if ("name" in object) {
    MessageQueue.create(object.name, {
      maxMessages: given(most, (n) => wholeNumber(n, "--max-messages", 1)),
      messageSize: given(size, (n) => wholeNumber(n, "--message-size", 1)),
      mode,
    }).close();
    return OK;
  }
  if (most !== undefined || size !== undefined) {
    throw new UsageError("sizes are for POSIX queues");
  }
  using queue = SysvMessageQueue.create(object.key, { mode });
  printLine(`${queue.id}`);
  return OK;
}

async function send(args: readonly string[]): Promise<number> {
  const { values, positionals } = parse(args, {
    priority: { type: "string" },
    type: { type: "string" },
    raw: { type: "boolean" },
    ...PATIENCE,
  });
  const [name, ...texts] = positionals;
  const patiently = patience(values);
  using queue = openQueue(required([name], "the name"), "send", values);
  const messages = texts.length > 0
    ? texts
    : values.raw
    ? [await readInput()]
    : linesOfInput();
  for await (const message of messages) {
    const sent = await patiently<true>({
      attempt: () => queue.trySend(message) || undefined,
      wait: async (signal) => {
        await queue.send(message, signal);
        return true;
      },
    });
    if (!sent) return nothing("mq send", `'${name}' is full`);
  }
  return OK;
}

async function recv(args: readonly string[]): Promise<number> {
  const { values, positionals } = parse(args, {
    type: { type: "string" },
    count: { type: "string" },
    all: { type: "boolean" },
    follow: { type: "boolean" },
    raw: { type: "boolean" },
    json: { type: "boolean" },
    ...PATIENCE,
  });
  const name = only(positionals, "the name");
  const { all, raw, json } = values;
  if (raw && json) throw new UsageError("--raw and --json exclude each other");
  const most = mostOf(values);
  const patiently = patience(all ? { "no-wait": true } : values);
  using queue = openQueue(name, "receive", { type: values.type });
  for (let received = 0; received < most; received++) {
    await roomToPrint();
    const message = await patiently({
      attempt: () => queue.tryReceive(),
      wait: async (signal) =>
        queue.tryReceive() ??
          await whileRead((either) => queue.receive(either), signal),
    });
    if (message === undefined) {
      return all ? OK : nothing("mq recv", `nothing in '${name}'`);
    }
    try {
      show(message, values);
    } catch (error) {
      putBack(queue, message);
      throw error;
    }
  }
  return OK;
}

/** What could not be printed is for others to receive. */
function putBack(queue: Queue, message: QueueMessage): void {
  try {
    if (queue.tryReturn(message)) return;
  } catch {
    // It may be that nobody but others may send.
  }
  console.error("ipc mq recv: a message was neither printed nor put back");
}

interface HowMany {
  readonly count?: string;
  readonly all?: boolean;
  readonly follow?: boolean;
}

function mostOf({ count, all, follow }: HowMany): number {
  if ([count, all, follow].filter((each) => each !== undefined).length > 1) {
    throw new UsageError("--count, --all and --follow exclude each other");
  }
  if (all || follow) return Infinity;
  return given(count, (n) => wholeNumber(n, "--count", 1)) ?? 1;
}

const LINE_FEED = 10;

interface Format {
  readonly raw?: boolean;
  readonly json?: boolean;
}

function show(message: QueueMessage, { raw, json }: Format): void {
  if (json) return printLine(JSON.stringify(record(message)));
  // In one piece, as others may print to the same place.
  print(raw ? message.data : new Uint8Array([...message.data, LINE_FEED]));
}

/** Leaves out nothing, not even a byte order mark. */
const textDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function record({ data, ...rest }: QueueMessage): Record<string, unknown> {
  try {
    return { data: textDecoder.decode(data), ...rest };
  } catch {
    return { base64: new Uint8Array(data).toBase64(), ...rest };
  }
}

const INTERVAL = "0.1";

async function watch(args: readonly string[]): Promise<number> {
  const { values, positionals } = parse(args, {
    interval: { type: "string", default: INTERVAL },
    count: { type: "string" },
  });
  const name = only(positionals, "the name");
  const pause = seconds(values.interval, "--interval");
  const most = given(values.count, (n) => wholeNumber(n, "--count", 1)) ??
    Infinity;
  using queue = openQueue(name, "look");
  let before: number | undefined;
  for (let changes = 0; changes < most;) {
    const now = queue.length;
    await roomToPrint();
    if (now !== before) {
      printLine(`${new Date().toISOString()}  ${count(now, "message")}`);
      before = now;
      changes++;
    } else await new Promise((resolve) => setTimeout(resolve, pause));
  }
  return OK;
}
