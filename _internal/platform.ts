/**
 * What differs between the machines this package runs on. This is the only file
 * that reads `Deno.build`; platform numbers are here and in `platform_*.ts`, and
 * nowhere else.
 *
 * The tables are checked in `tests/platform_test.ts` against a C compiler of
 * the running system and against the recorded headers of the others.
 */

import { DARWIN_AARCH64, DARWIN_X86_64 } from "./platform_darwin.ts";
import { LINUX_AARCH64, LINUX_X86_64 } from "./platform_linux.ts";
import type { Platform } from "./platform_table.ts";

export * from "./platform_constants.ts";
export type { Platform };

/** Every table, by `${os}-${arch}`, so that a test can read them anywhere. */
export const PLATFORMS: Readonly<Record<string, Platform>> = {
  "linux-x86_64": LINUX_X86_64,
  "linux-aarch64": LINUX_AARCH64,
  "darwin-x86_64": DARWIN_X86_64,
  "darwin-aarch64": DARWIN_AARCH64,
};

/** The operating system, in Deno's words. */
export const os: typeof Deno.build.os = Deno.build.os;
/** The processor, in Deno's words. */
export const arch: typeof Deno.build.arch = Deno.build.arch;

const table: Platform | undefined = PLATFORMS[`${os}-${arch}`];

/** Whether this package works here at all. */
export const supported: boolean = table !== undefined;

/**
 * The table of this machine. Where the package is not supported it is some
 * table, for its shape: no call gets far enough to use it.
 */
export const platform: Platform = table ?? LINUX_X86_64;

/** Throws the error for something that this operating system does not have. */
export function notSupported(what: string, instead?: string): never {
  throw new Deno.errors.NotSupported(
    `${what} is not supported on ${os}` + (instead ? `: ${instead}` : ""),
  );
}
