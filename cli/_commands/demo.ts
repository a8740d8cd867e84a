import { type Command, FAILED, noMore, OK, parse } from "../_command.ts";

/** The demo. */
export const demo: Command = {
  summary: "let real processes talk through every mechanism",
  usage: `ipc demo

For every mechanism, two processes say "ping" and "pong" to each other a hundred
times. A line each tells how long the answers took.`,
  async run(args) {
    noMore(parse(args, {}).positionals);
    const { demo } = await import("../demo.ts");
    return await demo() ? OK : FAILED;
  },
};
