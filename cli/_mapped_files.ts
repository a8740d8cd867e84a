/** Who has which files of `/dev/shm` mapped. Linux. */

/** How many programs have a file there mapped, by its inode: proc_pid_maps(5). */
export function countUsers(): Map<number, number> {
  const counts = new Map<number, number>();
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    for (const inode of inodesIn(name)) {
      counts.set(inode, (counts.get(inode) ?? 0) + 1);
    }
  }
  return counts;
}

function inodesIn(pid: string): Set<number> {
  const inodes = new Set<number>();
  for (const line of mapsOf(pid).split("\n")) {
    // The address, permissions, offset and device, then the inode and the path.
    const [, inode, path] = line.match(/^\S+ \S+ \S+ \S+ (\d+) +(\/.*)/) ?? [];
    if (path?.startsWith("/dev/shm/")) inodes.add(Number(inode));
  }
  return inodes;
}

function mapsOf(pid: string): string {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/maps`);
  } catch {
    // It has ended, or is somebody else's.
    return "";
  }
}
