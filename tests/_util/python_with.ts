import { missing, run } from "./peers.ts";

/** The system's own comes last: others may be before it in the path. */
const PYTHONS = ["python3", "/usr/bin/python3"];

/**
 * A Python that has a module; undefined if there is none, unless peers are
 * required: then the test is to fail for it.
 */
export async function pythonWith(module: string): Promise<string | undefined> {
  for (const python of PYTHONS) {
    try {
      const { code } = await run(python, ["-c", `import ${module}`]);
      if (code === 0) return python;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return missing(`python3 with ${module}`) ? undefined : PYTHONS[0];
}
