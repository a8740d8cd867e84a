import type { Watchable } from "../mux/watchable.ts";

/**
 * What a child gets under a descriptor's number: a descriptor of ours,
 * `"inherit"` for the one that has the same number here, or `"null"` for
 * `/dev/null`.
 */
export type ChildDescriptor = Watchable | "inherit" | "null";
