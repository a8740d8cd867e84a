import { libc } from "../../_internal/_ffi.ts";
import { check } from "../../_internal/errno.ts";
import { openFile } from "../../_internal/file.ts";
import { O_RDWR, platform } from "../../_internal/platform.ts";
import { PipeReader } from "../../pipe/mod.ts";
import { Pty } from "../../pty/mod.ts";
import type { Case, Endpoint, Link, Place, Transfer } from "../case.ts";
import { streamEndpoint } from "../stream_endpoint.ts";
import { pipe } from "./pipe.ts";

/**
 * A pseudo-terminal that passes everything on as it is: `a` is the program,
 * whose output is measured, `b` the terminal. Compared with a plain pipe, too.
 */
export const pty: Case = {
  name: "pty",
  voices: ["sync", "async", "async, no spin"],
  c: { source: "stream.c", link: openedTerminal },
  peers: [pipe],
  async open(place, role) {
    if (role === "a") return programSide(await nameOf(place));
    const terminal = openRaw();
    await Deno.writeTextFile(`${pathOf(place)}.new`, terminal.name);
    await Deno.rename(`${pathOf(place)}.new`, pathOf(place));
    return streamEndpoint(terminal, terminal);
  },
};

function openRaw(): Pty {
  const terminal = Pty.open();
  terminal.setRaw(true);
  return terminal;
}

function pathOf({ directory }: Place): string {
  return `${directory}/terminal`;
}

/** Waits for the terminal's name. */
async function nameOf(place: Place): Promise<string> {
  for (;;) {
    try {
      return await Deno.readTextFile(pathOf(place));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** The side that programs have. */
function openSlave(name: string): number {
  return openFile(name, O_RDWR | platform.O_NOCTTY);
}

/** Reads and writes as programs in a terminal do, which is blocking. */
function programSide(name: string): Endpoint {
  const fd = openSlave(name);
  function move(call: typeof libc.read, p: Uint8Array<ArrayBuffer>): void {
    for (let moved = 0; moved < p.length;) {
      const rest = p.subarray(moved);
      moved += check(call(fd, rest, BigInt(rest.length)), "read or write");
    }
  }
  const sync: Transfer<void> = {
    send: (p) => move(libc.write, p as Uint8Array<ArrayBuffer>),
    receive: (p) => move(libc.read, p as Uint8Array<ArrayBuffer>),
  };
  return {
    sync,
    async: {
      send: (p) => Promise.resolve(sync.send(p)),
      receive: (p) => Promise.resolve(sync.receive(p)),
    },
  };
}

/** The C program takes open descriptors. */
function openedTerminal(): Link {
  const terminal = openRaw();
  const slave = PipeReader.fromFd(openSlave(terminal.name));
  return {
    fds: {
      a: { 3: slave, 4: slave },
      b: { 3: terminal, 4: terminal },
    },
    [Symbol.dispose]() {
      slave.close();
      terminal.close();
    },
  };
}
