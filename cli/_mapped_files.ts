/** Who has which files of `/dev/shm` mapped. Linux. */

/** Who has a file mapped. */
export interface Users {
  /** How many programs. */
  readonly users: number;
  /** Whether there may be more, in programs that are not ours to see. */
  readonly moreUsers: boolean;
}

/** Looks up how many programs have a file mapped, by its inode: proc_pid_maps(5). */
export function countUsers(): (inode: number) => Users {
  const counts = new Map<number, number>();
  let moreUsers = false;
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const maps = mapsOf(name);
    moreUsers ||= maps === undefined;
    for (const inode of inodesIn(maps ?? "")) {
      counts.set(inode, (counts.get(inode) ?? 0) + 1);
    }
  }
  return (inode) => ({ users: counts.get(inode) ?? 0, moreUsers });
}

function inodesIn(maps: string): Set<number> {
  const inodes = new Set<number>();
  for (const line of maps.split("\n")) {
    // The address, permissions, offset and device, then the inode and the path.
    const [, inode, path] = line.match(/^\S+ \S+ \S+ \S+ (\d+) +(\/.*)/) ?? [];
    if (path?.startsWith("/dev/shm/")) inodes.add(Number(inode));
  }
  return inodes;
}

/** The superuser is kept out of nothing but what runs the container. */
const SUPERUSER = 0;

/** Undefined if it is somebody else's; nothing if it has ended. */
function mapsOf(pid: string): string | undefined {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/maps`);
  } catch (error) {
    const forbidden = error instanceof Deno.errors.PermissionDenied;
    return forbidden && Deno.uid() !== SUPERUSER ? undefined : "";
  }
}
