/** The package's own files: what they import, and their code. */

const root = new URL("../../", import.meta.url);

/** One file that an entry point loads, by its path from the root. */
export interface Module {
  readonly path: string;
  readonly imports: readonly Import[];
}

/** One import, of values or of types only. */
export interface Import {
  /** As it is written. */
  readonly specifier: string;
  /** The path from the root, if it is a file of this package. */
  readonly path?: string;
}

/** The entry points in deno.json by their names, such as `"./pipe"`. */
export function entryPoints(): Record<string, string> {
  return JSON.parse(readSource("deno.json")).exports;
}

/** Every file that the entry points load, by its path. */
export async function loadModules(): Promise<Map<string, Module>> {
  const entries = new Set(["./mod.ts", ...Object.values(entryPoints())]);
  const graphs = await Promise.all([...entries].map(graphOf));
  const modules = graphs.flat().map((module) => [module.path, module] as const);
  return new Map(modules);
}

interface Dependency {
  readonly specifier: string;
  readonly code?: { readonly specifier?: string; readonly error?: string };
  readonly type?: { readonly specifier?: string; readonly error?: string };
}

async function graphOf(entry: string): Promise<Module[]> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", entry],
    cwd: root,
  });
  const { success, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(decoder.decode(stderr));
  const modules: Module[] = [];
  for (const module of JSON.parse(decoder.decode(stdout)).modules) {
    if (module.error) throw new Error(module.error);
    const path = pathFromRoot(module.specifier);
    if (path === undefined) continue;
    const dependencies: Dependency[] = module.dependencies ?? [];
    modules.push({ path, imports: dependencies.map(toImport) });
  }
  return modules;
}

function toImport({ specifier, code, type }: Dependency): Import {
  const error = code?.error ?? type?.error;
  if (error !== undefined) throw new Error(error);
  const target = code?.specifier ?? type?.specifier ?? specifier;
  return { specifier, path: pathFromRoot(target) };
}

function pathFromRoot(specifier: string): string | undefined {
  if (!specifier.startsWith(root.href)) return undefined;
  return decodeURIComponent(specifier.slice(root.href.length));
}

/** The folders in the root that have TypeScript in them. */
export function sourceFolders(): string[] {
  return [...Deno.readDirSync(root)]
    .filter((entry) => entry.isDirectory && !entry.name.startsWith("."))
    .map((entry) => entry.name)
    .filter((folder) => sourceFiles(folder).length > 0)
    .sort();
}

/** The TypeScript files of a folder, as paths from the root. */
export function sourceFiles(folder: string): string[] {
  const files: string[] = [];
  for (const { name, isDirectory } of Deno.readDirSync(new URL(folder, root))) {
    const path = `${folder}/${name}`;
    if (isDirectory) files.push(...sourceFiles(path));
    else if (name.endsWith(".ts")) files.push(path);
  }
  return files.sort();
}

/** A file's text. */
export function readSource(path: string): string {
  return Deno.readTextFileSync(new URL(path, root));
}

const STRING_OR_COMMENT =
  /("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`)|\/\*[^]*?\*\/|\/\/[^\n]*/g;

/** A file's text without comments. */
export function readCode(path: string): string {
  return readSource(path).replaceAll(
    STRING_OR_COMMENT,
    (_, string = "") => string,
  );
}
