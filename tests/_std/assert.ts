/**
 * `@std/assert`, typed as far as it is used here: the package that carries
 * @std to npm has no types.
 */
// @ts-types="./assert.d.ts"
export {
  assert,
  assertEquals,
  assertGreater,
  assertGreaterOrEqual,
  assertInstanceOf,
  assertLess,
  assertLessOrEqual,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
  fail,
} from "npm:deno-std@1.3.1/assert/mod.js";
