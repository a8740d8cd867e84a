/** For scripts, which may import from here. */

export { mapCode } from "../../_internal/executable.ts";
