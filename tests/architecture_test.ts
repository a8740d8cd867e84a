/** Who may import whom, and which file alone may do what. */

import { fail } from "@std/assert";
import {
  entryPoints,
  type Import,
  loadModules,
  type Module,
  readCode,
  sourceFiles,
  sourceFolders,
} from "./_util/modules.ts";

/** Folders that are no part of the library: they may import anything. */
const FREE = ["bench", "cli", "docs", "examples", "tests"];

/** The only mechanisms that are built on another. */
const BUILT_ON: Readonly<Record<string, readonly string[]>> = {
  fifo: ["pipe"],
  pty: ["pipe"],
};

const modules = await loadModules();
const entries = entryPoints();
const folders = sourceFolders().filter((folder) => !FREE.includes(folder));
/** The folders that have a public face: the mechanisms and `mux`. */
const rooms = folders.filter((folder) => folder !== "_internal");
const mechanisms = rooms.filter((folder) => folder !== "mux");
const libraryFiles = ["mod.ts", ...folders.flatMap(sourceFiles)];
const library = libraryFiles
  .map((path) => modules.get(path))
  .filter((module) => module !== undefined);

Deno.test("_internal/ imports nothing above it", () => {
  assertNone(importsBeyond("_internal", []));
});

Deno.test("mux/ imports only _internal/", () => {
  assertNone(importsBeyond("mux", ["_internal"]));
});

Deno.test("a mechanism imports only _internal/, mux/ and what it is built on", () => {
  assertNone(
    mechanisms.flatMap((folder) =>
      importsBeyond(folder, ["_internal", "mux", ...BUILT_ON[folder] ?? []])
    ),
  );
});

Deno.test("nothing imports the root mod.ts", () => {
  assertNone(
    library
      .filter(({ imports }) => imports.some(({ path }) => path === "mod.ts"))
      .map(({ path }) => `${path} imports the root mod.ts`),
  );
});

Deno.test("no file imports itself, not even by way of others", () => {
  assertNone(cycles());
});

Deno.test("a library file imports only relative files and node: modules", () => {
  const relative = /^(\.\.?\/|node:)/;
  assertNone(
    offendingImports(library, ({ specifier }) => !relative.test(specifier)),
  );
});

Deno.test("every file of a mechanism is reachable from its mod.ts", () => {
  assertNone(
    mechanisms.flatMap((folder) => {
      const reached = reachableFrom(`${folder}/mod.ts`);
      return sourceFiles(folder)
        .filter((path) => !reached.has(path))
        .map((path) => `${path} is not reachable from ${folder}/mod.ts`);
    }),
  );
});

Deno.test("every library file is reachable from an entry point", () => {
  assertNone(
    libraryFiles
      .filter((path) => !modules.has(path))
      .map((path) => `${path} is not reachable from any entry point`),
  );
});

Deno.test("every mod.ts contains only exports of other files", () => {
  const only =
    /^(\s*export (type )?(\{[^}]*\}|\*( as \w+)?) from "[^"]+";)*\s*$/;
  assertNone(
    libraryFiles
      .filter((path) => path === "mod.ts" || path.endsWith("/mod.ts"))
      .filter((path) => !only.test(readCode(path)))
      .map((path) => `${path} contains more than exports of other files`),
  );
});

Deno.test("the root mod.ts exports every folder, and nothing else", () => {
  const exported = new Set(targetsOf("mod.ts"));
  const expected = new Set(rooms.map((folder) => `${folder}/mod.ts`));
  assertNone([
    ...[...expected.difference(exported)]
      .map((path) => `mod.ts must export ${path}`),
    ...[...exported.difference(expected)]
      .map((path) => `mod.ts must not export ${path}`),
  ]);
});

Deno.test("every entry in deno.json is the mod.ts of its folder", () => {
  assertNone(
    Object.entries(entries)
      .filter(([name, path]) => path !== `${name}/mod.ts`)
      .map(([name, path]) => `deno.json: "${name}" must not be ${path}`),
  );
});

Deno.test("every folder has an entry in deno.json", () => {
  assertNone(
    rooms
      .filter((folder) => !(`./${folder}` in entries))
      .map((folder) => `deno.json: exports lacks "./${folder}"`),
  );
});

Deno.test("only platform.ts reads Deno.build", () => {
  assertNone(mentions(/\bDeno\.build\b/, ["_internal/platform.ts"]));
});

Deno.test("only errno.ts reads errno", () => {
  assertNone(
    mentions(/\b(__errno_location|__error)\b/, [
      "_internal/_ffi.ts",
      "_internal/errno.ts",
      "_internal/platform_darwin.ts",
    ]),
  );
});

Deno.test("only libc.ts opens libraries", () => {
  assertNone(mentions(/\bdlopen\b/, ["_internal/libc.ts"]));
});

function assertNone(violations: readonly string[]): void {
  if (violations.length > 0) fail(violations.join("\n"));
}

function folderOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.indexOf("/")) : path;
}

/** The imports of a folder's files that lead out of it and into no other. */
function importsBeyond(folder: string, others: readonly string[]): string[] {
  const allowed = [folder, ...others];
  return offendingImports(
    library.filter(({ path }) => folderOf(path) === folder),
    ({ path }) => path !== undefined && !allowed.includes(folderOf(path)),
  );
}

function offendingImports(
  importers: readonly Module[],
  offends: (dependency: Import) => boolean,
): string[] {
  return importers.flatMap(({ path, imports }) =>
    imports.filter(offends).map(({ specifier }) =>
      `${path} must not import ${specifier}`
    )
  );
}

function reachableFrom(path: string, reached = new Set<string>()): Set<string> {
  if (reached.has(path)) return reached;
  reached.add(path);
  for (const target of targetsOf(path)) reachableFrom(target, reached);
  return reached;
}

function targetsOf(path: string): string[] {
  return (modules.get(path)?.imports ?? [])
    .map((dependency) => dependency.path)
    .filter((target) => target !== undefined);
}

/** Each circle of imports once, as the way round it. */
function cycles(): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  function visit(path: string, trail: readonly string[]): void {
    const start = trail.indexOf(path);
    if (start >= 0) found.push([...trail.slice(start), path].join(" → "));
    if (start >= 0 || done.has(path)) return;
    for (const target of targetsOf(path)) visit(target, [...trail, path]);
    done.add(path);
  }
  for (const path of modules.keys()) visit(path, []);
  return found;
}

function mentions(what: RegExp, allowed: readonly string[]): string[] {
  return libraryFiles
    .filter((path) => !allowed.includes(path))
    .flatMap((path) => {
      const mention = readCode(path).match(what)?.[0];
      return mention ? [`${path} must not mention ${mention}`] : [];
    });
}
