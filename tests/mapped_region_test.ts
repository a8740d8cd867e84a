import { assert, assertEquals, assertThrows } from "@std/assert";
import { MappedRegion, onUnmap } from "../_internal/mapped_region.ts";
import { map, pageSize, protect } from "../_internal/mapping.ts";
import {
  MAP_SHARED,
  platform,
  PROT_READ,
  PROT_WRITE,
} from "../_internal/platform.ts";
import { denoArgs, run } from "./_util/peers.ts";

const LINUX = Deno.build.os === "linux";
const ANONYMOUS = MAP_SHARED | platform.MAP_ANONYMOUS;

function anonymous(length: number = pageSize()): MappedRegion {
  const address = map(length, PROT_READ | PROT_WRITE, ANONYMOUS);
  return new MappedRegion(address, length);
}

Deno.test("a mapping is zeros that can be written, as long as was asked for", () => {
  using mapping = anonymous(5);
  assertEquals(mapping.bytes, new Uint8Array(5));
  mapping.bytes[4] = 7;
  assertEquals(new Uint8Array(mapping.buffer)[4], 7);
  assertEquals(mapping.address % BigInt(pageSize()), 0n);
});

Deno.test("closing a mapping empties every view of it", () => {
  const mapping = anonymous();
  const { bytes, buffer } = mapping;
  const words = new Int32Array(buffer, 8, 4);
  const view = new DataView(buffer);
  mapping.close();
  mapping.close();
  assert(mapping.closed);
  assertEquals([bytes.length, words.length, buffer.byteLength], [0, 0, 0]);
  assertEquals([bytes[0], words[0]], [undefined, undefined]);
  bytes[0] = 1;
  assertThrows(() => view.getUint8(0), TypeError);
  assertThrows(() => Atomics.load(words, 0), TypeError);
  assertThrows(() => mapping.bytes, Deno.errors.BadResource, "closed");
  assertThrows(() => mapping.buffer, Deno.errors.BadResource);
  assertThrows(() => mapping.address, Deno.errors.BadResource);
});

Deno.test("who uses a mapping is told before its views are empty, once", () => {
  const mapping = anonymous();
  const { bytes } = mapping;
  const seen: unknown[] = [];
  onUnmap(bytes.subarray(8), () => seen.push(bytes.length), "use it");
  const cancel = onUnmap(bytes, () => seen.push("called off"), "use it");
  cancel();
  mapping.close();
  mapping.close();
  assertEquals(seen, [pageSize()]);
});

Deno.test("memory that is not mapped is refused", () => {
  for (const bytes of [new Uint8Array(8), undefined, new ArrayBuffer(8)]) {
    assertThrows(
      () => onUnmap(bytes as Uint8Array<ArrayBuffer>, () => {}, "make a ring"),
      TypeError,
      "Cannot make a ring: the memory must be a SharedMemory",
    );
  }
});

Deno.test("what cannot be mapped is a clear error", () => {
  const error = assertThrows(() =>
    map(2 ** 52, PROT_READ, ANONYMOUS, -1, 0, { on: "/huge" })
  );
  assertEquals((error as Error).message, `ENOMEM: ${memoryText()} '/huge'`);
});

function memoryText(): string {
  return LINUX
    ? "cannot allocate memory, mmap"
    : "Cannot allocate memory, mmap";
}

Deno.test("what is protected can be read and is not written by the kernel", () => {
  using mapping = anonymous();
  mapping.bytes[0] = 7;
  const address = Deno.UnsafePointer.create(mapping.address)!;
  protect(address, pageSize(), PROT_READ);
  assertEquals(mapping.bytes[0], 7);
  using zeros = Deno.openSync("/dev/zero");
  // The kernel is refused as everybody is, but it does not die of it: EFAULT.
  assertThrows(() => zeros.readSync(mapping.bytes));
  assertEquals(mapping.bytes[0], 7);
});

Deno.test("a buffer that was transferred is zeros after closing, and no crash", () => {
  const mapping = anonymous();
  mapping.bytes[0] = 7;
  const moved = structuredClone(mapping.buffer, { transfer: [mapping.buffer] });
  assertEquals(new Uint8Array(moved)[0], 7);
  mapping.close();
  assertEquals(new Uint8Array(moved)[0], 0);
  new Uint8Array(moved)[0] = 8;
});

Deno.test("memory that was forgotten is given back when no view is left", {
  ignore: !LINUX,
}, async () => {
  const region = new URL("../_internal/mapped_region.ts", import.meta.url);
  const mapping = new URL("../_internal/mapping.ts", import.meta.url);
  const [verb, ...rest] = denoArgs(`
    import { MappedRegion } from "${region}";
    import { map } from "${mapping}";
    function resident() {
      const status = Deno.readTextFileSync("/proc/self/status");
      return Number(status.match(/RssShmem:\\s+(\\d+)/)[1]);
    }
    function mapped() {
      const length = 1 << 24;
      return new MappedRegion(map(length, 3, ${ANONYMOUS}), length);
    }
    const bytes = mapped().bytes.fill(1);
    (function forget() {
      for (let i = 0; i < 10; i++) mapped().bytes.fill(1);
    })();
    while (resident() > 1 << 15) {
      globalThis.gc();
      await new Promise((done) => setTimeout(done));
    }
    console.log(bytes[5], bytes.length);
  `);
  const args = [verb, "--v8-flags=--expose-gc", ...rest];
  const { stdout, stderr } = await run(Deno.execPath(), args);
  assertEquals([stdout, stderr], ["1 16777216\n", ""]);
});
