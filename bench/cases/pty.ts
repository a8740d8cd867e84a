import { openFile } from "../../_internal/file.ts";
import { O_RDWR, platform } from "../../_internal/platform.ts";
import { PipeReader, PipeWriter } from "../../pipe/mod.ts";
import { Pty } from "../../pty/mod.ts";
import type { Case, Link, Place } from "../case.ts";
import { streamEndpoint } from "../stream_endpoint.ts";
import { pipe } from "./pipe.ts";

/**
 * A pseudo-terminal that passes everything on as it is: `a` is the terminal,
 * `b` the program in it. Compared with a plain pipe, too.
 */
export const pty: Case = {
  name: "pty",
  voices: ["sync", "async", "async, no spin"],
  c: { source: "stream.c", link: openedTerminal },
  peers: [pipe],
  async open(place, role) {
    if (role === "b") return programSide(await nameOf(place));
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
  return openFile(name, O_RDWR | platform.O_NOCTTY | platform.O_NONBLOCK);
}

function programSide(name: string) {
  return streamEndpoint(
    PipeReader.fromFd(openSlave(name)),
    PipeWriter.fromFd(openSlave(name)),
  );
}

/** The C program takes open descriptors. */
function openedTerminal(): Link {
  const terminal = openRaw();
  const slave = PipeReader.fromFd(openSlave(terminal.name));
  return {
    fds: {
      a: { 3: terminal, 4: terminal },
      b: { 3: slave, 4: slave },
    },
    [Symbol.dispose]() {
      slave.close();
      terminal.close();
    },
  };
}
