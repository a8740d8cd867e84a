/**
 * A server that is told by signals what to do, and by whom:
 *
 *     deno run -A examples/signal_server.ts
 *     kill -HUP PID       # in another terminal: read the settings again
 *     kill -USR2 PID      # say what is going on
 *     kill PID            # or Ctrl-C: finish what is under way, and end
 */

import { capabilities, SignalStream } from "@ipc/core/signal";

// Not SIGUSR1: by that Deno starts its debugger.
using signals = SignalStream.open(["SIGHUP", "SIGUSR2", "SIGTERM", "SIGINT"]);
console.log(`running as ${Deno.pid}`);

let settings = 1;
loop: for await (const { signal, pid, uid } of signals) {
  const who = capabilities.data ? ` from process ${pid} of user ${uid}` : "";
  console.log(`${signal}${who}`);
  switch (signal) {
    case "SIGHUP":
      settings++;
      break;
    case "SIGUSR2":
      console.log(`settings were read ${settings} times`);
      break;
    default:
      break loop;
  }
}
console.log("finished");
