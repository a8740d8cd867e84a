import type { Case, Played } from "./case.ts";
import { Stage, type StageOptions } from "./stage.ts";

/** What to tell about a case. */
export type Result =
  | { readonly outcome: "ok"; readonly played: Played }
  | { readonly outcome: "skipped" | "failed"; readonly reason: string };

/** Plays a case; never throws and never takes much longer than the time-out. */
export async function runCase(
  subject: Case,
  options: StageOptions,
): Promise<Result> {
  const { needs } = subject;
  if (needs !== undefined && !isInstalled(needs)) {
    return { outcome: "skipped", reason: `no ${needs}` };
  }
  try {
    await using stage = new Stage(options);
    // A wait that overlooks the signal must not hang the demo either.
    const played = await Promise.race([play(subject, stage), stage.failed()]);
    return { outcome: "ok", played };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { outcome: "failed", reason };
  }
}

async function play(subject: Case, stage: Stage): Promise<Played> {
  const played = await subject.play(stage);
  await stage.ended();
  if (played.rounds !== stage.rounds) {
    throw new Error(`${played.rounds} rounds instead of ${stage.rounds}`);
  }
  return played;
}

function isInstalled(program: string): boolean {
  const directories = (Deno.env.get("PATH") ?? "").split(":");
  return directories.some((directory) => {
    try {
      return Deno.statSync(`${directory}/${program}`).isFile;
    } catch {
      return false;
    }
  });
}
