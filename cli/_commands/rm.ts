import { MessageQueue, SysvMessageQueue } from "../../mq/mod.ts";
import { Semaphore, SysvSemaphoreSet } from "../../sem/mod.ts";
import { SharedMemory, SysvSharedMemory } from "../../shm/mod.ts";
import { type Command, FAILED, OK, parse, UsageError } from "../_command.ts";
import {
  findSysv,
  type Kind,
  NAMING,
  type ObjectName,
  toKind,
  toObjectName,
} from "../_object_name.ts";

/** Removes objects. */
export const rm: Command = {
  summary: "remove some of them",
  usage: `ipc rm [--force] KIND NAME…

Removes objects of a kind: mq, shm or sem.
${NAMING}

Who uses a POSIX object or System V memory can go on with it; who waits in a
System V queue or semaphore is woken by an error.

  -f, --force  say nothing of objects that are not there`,
  run(args) {
    const { values, positionals } = parse(args, {
      force: { type: "boolean", short: "f" },
    });
    const [kindText, ...texts] = positionals;
    if (kindText === undefined) throw new UsageError("the kind is missing");
    const kind = toKind(kindText);
    if (texts.length === 0) throw new UsageError("the name is missing");
    const objects = texts.map(toObjectName);
    let code = OK;
    for (const object of objects) {
      try {
        remove(kind, object);
      } catch (error) {
        if (values.force && isGone(error)) continue;
        console.error(`ipc rm: ${(error as Error).message}`);
        code = FAILED;
      }
    }
    return code;
  },
};

const POSIX = { mq: MessageQueue, shm: SharedMemory, sem: Semaphore };

function remove(kind: Kind, object: ObjectName): void {
  if ("name" in object) return POSIX[kind].unlink(object.name);
  switch (kind) {
    case "mq":
      return findSysv(SysvMessageQueue, object)!.remove();
    case "shm":
      // Without mapping it, which may be forbidden.
      return removeMemory(object);
    case "sem":
      return findSysv(SysvSemaphoreSet, object)!.remove();
  }
}

function removeMemory(object: ObjectName): void {
  using memory = findSysv(SysvSharedMemory, object)!;
  memory.remove();
}

/** Ids that are not there are invalid arguments to System V. */
function isGone(error: unknown): boolean {
  const { code } = error as { code?: string };
  return ["ENOENT", "EINVAL", "EIDRM"].includes(code ?? "");
}
