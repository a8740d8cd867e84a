/** What the systems' headers say: on record, and here by a C compiler. */

import { readSource } from "./modules.ts";
import { compile, run } from "./peers.ts";
import { TempDir } from "./temp.ts";

/** Numbers by their expressions in C; undefined for what is not there. */
export type Headers = ReadonlyMap<string, number | undefined>;

/** The headers of a machine as recorded in `platforms.tsv`. */
export function recordedHeaders(machine: string): Headers {
  const [names, ...lines] = readSource("tests/testdata/platforms.tsv")
    .trimEnd().split("\n")
    .filter((line) => !line.startsWith("#"))
    .map((line) => line.split("\t"));
  // Both processors of macOS have the same numbers.
  const system = machine.startsWith("darwin-") ? "darwin" : machine;
  const column = names.indexOf(system);
  return new Map(lines.map((line) => [line[0], parse(line[column])]));
}

function parse(cell: string): number | undefined {
  return cell === "-" ? undefined : Number(cell);
}

const INCLUDES = {
  all: [
    "dirent.h",
    "dlfcn.h",
    "errno.h",
    "fcntl.h",
    "limits.h",
    "poll.h",
    "pthread.h",
    "semaphore.h",
    "signal.h",
    "spawn.h",
    "stddef.h",
    "stdio.h",
    "sys/file.h",
    "sys/ioctl.h",
    "sys/ipc.h",
    "sys/mman.h",
    "sys/msg.h",
    "sys/resource.h",
    "sys/select.h",
    "sys/sem.h",
    "sys/shm.h",
    "sys/socket.h",
    "sys/stat.h",
    "sys/syscall.h",
    "sys/time.h",
    "sys/uio.h",
    "sys/un.h",
    "sys/wait.h",
    "termios.h",
    "time.h",
    "unistd.h",
  ],
  __linux__: [
    "elf.h",
    "linux/futex.h",
    "mqueue.h",
    "sys/auxv.h",
    "sys/epoll.h",
    "sys/eventfd.h",
    "sys/inotify.h",
  ],
  __APPLE__: ["sys/event.h", "sys/filio.h", "sys/ttycom.h"],
};

/**
 * What the headers of this machine say.
 *
 * @param names Macros, which need not be there.
 * @param expressions What has to be there: types, enumerators, members.
 */
export async function compiledHeaders(
  names: Iterable<string>,
  expressions: Iterable<string>,
): Promise<Headers> {
  using directory = new TempDir();
  const program = await compile(
    source(new Set(names), new Set(expressions)),
    directory.path,
  );
  const { stdout } = await run(program, []);
  const lines = stdout.trimEnd().split("\n").map((line) => line.split("\t"));
  return new Map(lines.map(([name, value]) => [name, Number(value)]));
}

function source(names: Set<string>, expressions: Set<string>): string {
  const macros = [...names].filter((name) => /^[A-Z]\w*$/.test(name));
  return `#define _GNU_SOURCE
${includes(INCLUDES.all)}
#ifdef __linux__
${includes(INCLUDES.__linux__)}
#endif
#ifdef __APPLE__
${includes(INCLUDES.__APPLE__)}
#endif
int main(void) {
${macros.map((name) => `#ifdef ${name}\n${print(name)}\n#endif`).join("\n")}
${[...expressions].map(print).join("\n")}
return 0;
}
`;
}

function includes(headers: readonly string[]): string {
  return headers.map((header) => `#include <${header}>`).join("\n");
}

function print(expression: string): string {
  return `printf("${expression}\\t%lld\\n", (long long)(${expression}));`;
}
