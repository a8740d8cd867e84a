/**
 * Gives a child descriptors under numbers that it was told: a secret comes in
 * on one, where no list of processes shows it, and its progress comes out on
 * another, apart from what it prints.
 *
 *     deno run -A examples/pass_descriptors.ts
 */

import { Pipe, spawn } from "@ipc/core/pipe";

const SECRET = 7;
const PROGRESS = 9;

using secret = Pipe.open();
using progress = Pipe.open();

await using child = spawn("sh", {
  args: [
    "-c",
    `echo "progress: reading" >&${PROGRESS}
     read -r word <&${SECRET}
     echo "the secret has \${#word} letters"
     echo "progress: done" >&${PROGRESS}`,
  ],
  fds: { 0: "null", [SECRET]: secret.reader, [PROGRESS]: progress.writer },
});
secret.reader.close();
progress.writer.close();

await secret.writer.writeAll(new TextEncoder().encode("swordfish\n"));
secret.writer.close();

// Ends when the child does, since nobody else has the other end.
await progress.reader.readable
  .pipeTo(Deno.stderr.writable, { preventClose: true });
const { code } = await child.status;
console.log(`the child ended with code ${code}`);
