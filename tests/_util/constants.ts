/** The numbers of C that the library's files hold. */

import * as platformModule from "../../_internal/platform.ts";
import { readCode, sourceFiles, sourceFolders } from "./modules.ts";

/** A number by the name under which it is declared. */
export interface Constant {
  /** The number's own name, or where it is in a table: `epollEvent.size`. */
  readonly name: string;
  readonly value: number;
  /** The file that declares it. */
  readonly file: string;
  /** Whether it is in no table: systems that do not have it do not use it. */
  readonly shared?: boolean;
}

const PLATFORM_FILE = "_internal/platform.ts";

/** The machines that have a table in `platform.ts`. */
export const machines: readonly string[] = Object.keys(
  platformModule.PLATFORMS,
);

/** What `platform.ts` holds for a machine. */
export function platformConstants(machine: string): Constant[] {
  const shared = Object.entries(platformModule)
    .filter(([_, value]) => isNumber(value));
  return [
    ...constantsOf(Object.fromEntries(shared), "")
      .map((constant) => ({ ...constant, shared: true })),
    ...constantsOf(platformModule.PLATFORMS[machine], ""),
  ];
}

function constantsOf(table: object, prefix: string): Constant[] {
  return Object.entries(table).flatMap(([key, value]) => {
    const name = prefix + key;
    if (isNumber(value)) {
      return [{ name, value: Number(value), file: PLATFORM_FILE }];
    }
    return typeof value === "object" ? constantsOf(value, `${name}.`) : [];
  });
}

function isNumber(value: unknown): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}

const DECLARATION =
  /^(?:export )?const ([A-Z][A-Z0-9_]*) = (-?\w+?)n?(?: << (\d+))?;/gm;

/** What the other files hold, private constants too. */
export function otherConstants(): Constant[] {
  return libraryFiles()
    .filter((file) => !file.startsWith("_internal/platform"))
    .flatMap((file) =>
      [...readCode(file).matchAll(DECLARATION)].map(
        ([_, name, number, shift = "0"]) => {
          const value = Number(number.replaceAll("_", "")) * 2 ** Number(shift);
          return { name, value, file };
        },
      )
    )
    .filter(({ value }) => !Number.isNaN(value));
}

/** The names of all error numbers that the library asks for. */
export function errorNames(): Set<string> {
  const names = libraryFiles().flatMap((file) =>
    [...readCode(file).matchAll(/\bE\.(E[A-Z0-9]+)\b/g)].map(([_, name]) =>
      name
    )
  );
  return new Set(names);
}

function libraryFiles(): string[] {
  return sourceFolders()
    .filter((folder) => !["bench", "examples", "tests"].includes(folder))
    .flatMap(sourceFiles);
}
