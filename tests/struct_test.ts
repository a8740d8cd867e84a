import { assertEquals, assertThrows } from "@std/assert";
import { SharedMemory, Struct } from "@ipc/core/shm";
import { compile, missing, run, runDeno } from "./_util/peers.ts";
import { memoryName } from "./_util/memory_name.ts";
import { TempDir } from "./_util/temp.ts";

const ALL = {
  tag: "u8",
  wide: "u64",
  flag: "bool",
  small: "i16",
  name: { type: "text", length: 5 },
  ratio: "f32",
  counts: { type: "u16", length: 3 },
  signed: "i64",
  last: "i8",
  bits: "u32",
  number: "i32",
  exact: "f64",
  points: { type: "f64", length: 2 },
  port: "u16",
} as const;

Deno.test("every type of field reads what was written", () => {
  const All = new Struct(ALL);
  using memory = SharedMemory.anonymous(All.size);
  const one = All.view(memory);
  const other = All.view(memory);
  const values = {
    tag: 255,
    wide: 2n ** 64n - 1n,
    flag: true,
    small: -32_768,
    name: "größe"[0] + "ab",
    ratio: 0.5,
    signed: -(2n ** 63n),
    last: -128,
    bits: 2 ** 32 - 1,
    number: -(2 ** 31),
    exact: Math.PI,
    port: 65_535,
  };
  Object.assign(one, values);
  one.counts.set([1, 2, 3]);
  one.points[1] = 2.5;
  assertEquals({ ...other }, {
    ...values,
    counts: new Uint16Array([1, 2, 3]),
    points: new Float64Array([0, 2.5]),
  });
});

Deno.test("a struct lies as C lays it out, and C reads what we write", {
  ignore: missing("cc"),
}, async () => {
  const All = new Struct(ALL);
  using dir = new TempDir();
  const program = await compile(
    `
    #include <stddef.h>
    #include <stdint.h>
    #include <stdio.h>
    #include <sys/mman.h>
    struct all {
      uint8_t tag; uint64_t wide; _Bool flag; int16_t small; char name[5];
      float ratio; uint16_t counts[3]; int64_t is_signed; int8_t last;
      uint32_t bits; int32_t number; double exact; double points[2];
      uint16_t port;
    };
    #define OFFSET(member) printf("%zu ", offsetof(struct all, member))
    int main(void) {
      OFFSET(tag); OFFSET(wide); OFFSET(flag); OFFSET(small); OFFSET(name);
      OFFSET(ratio); OFFSET(counts); OFFSET(is_signed); OFFSET(last);
      OFFSET(bits); OFFSET(number); OFFSET(exact); OFFSET(points);
      OFFSET(port);
      printf("%zu\\n", sizeof(struct all));
      return 0;
    }`,
    dir.path,
  );
  const { stdout } = await run(program, []);
  const numbers = stdout.trim().split(" ").map(Number);
  assertEquals([...Object.values(All.offsets), All.size], numbers);
});

Deno.test("atomic fields count exactly among processes", async () => {
  const fields = {
    pad: "u8",
    small: "u16",
    count: "u32",
    wide: "i64",
  } as const;
  const Counters = new Struct(fields);
  const name = memoryName();
  const options = { size: Counters.size + 8, temporary: true };
  using memory = SharedMemory.create(name, options);
  const source = `
    import { SharedMemory, Struct } from "@ipc/core/shm";
    const Counters = new Struct(JSON.parse(Deno.args[1]));
    using memory = SharedMemory.open(Deno.args[0]);
    const { small, count, wide } = Counters.atomics(memory, 8);
    for (let i = 0; i < 50_000; i++) {
      small.add(1);
      count.sub(1);
      wide.add(3n);
    }
  `;
  const args = [name, JSON.stringify(fields)];
  await Promise.all([1, 2].map(() => runDeno(source, args)));
  const view = Counters.view(memory, 8);
  assertEquals(
    [view.small, view.count, view.wide],
    [100_000 % 65_536, 2 ** 32 - 100_000, 300_000n],
  );
});

Deno.test("every atomic operation does what its name says", () => {
  const Word = new Struct({ u: "u8", big: "u64", f: "f64" });
  using memory = SharedMemory.anonymous(Word.size);
  const { u, big, ...rest } = Word.atomics(memory);
  assertEquals(rest, {}, "a float has none");
  u.store(12);
  assertEquals([u.add(3), u.sub(1), u.load()], [12, 15, 14]);
  assertEquals([u.and(6), u.or(9), u.xor(1), u.load()], [14, 6, 15, 14]);
  assertEquals([u.exchange(300), u.load()], [14, 300 % 256]);
  assertEquals([u.compareExchange(1, 2), u.load()], [44, 44]);
  assertEquals([u.compareExchange(44, 2), u.load()], [44, 2]);
  big.store(2n ** 63n);
  assertEquals(big.add(2n ** 63n), 2n ** 63n);
  assertEquals(big.load(), 0n);
});

Deno.test("a text is cut at its end and fills its room", () => {
  const Named = new Struct({ name: { type: "text", length: 4 }, end: "u8" });
  using memory = SharedMemory.anonymous(Named.size);
  const named = Named.view(memory);
  assertEquals(named.name, "");
  named.name = "abcd";
  assertEquals(named.name, "abcd");
  named.name = "é";
  assertEquals(memory.bytes.slice(), new Uint8Array([0xc3, 0xa9, 0, 0, 0]));
  assertThrows(() => named.name = "abcde", RangeError, "at most 4 bytes");
  assertThrows(() => named.name = "ééé", RangeError, "it has 6");
  assertThrows(() => named.name = "a\0b", TypeError, "a NUL character");
  assertThrows(() => named.name = "\ud800", TypeError, "UTF-8 can encode");
  assertEquals(named.name, "é");
});

Deno.test("fields and places that cannot be are refused", () => {
  assertThrows(
    () => new Struct({ a: "u128" as "u64" }),
    TypeError,
    "must be one of i8",
  );
  for (const length of [0, -1, 1.5, NaN]) {
    assertThrows(() => new Struct({ a: { type: "u8", length } }), RangeError);
  }
  const Pair = new Struct({ a: "u32", b: "u64" });
  using memory = SharedMemory.anonymous(32);
  for (const offset of [-1, 4, 1.5, 17, 24, NaN]) {
    assertThrows(() => Pair.view(memory, offset), RangeError, "the offset");
    assertThrows(() => Pair.atomics(memory, offset), RangeError);
  }
  using tiny = SharedMemory.anonymous(15);
  assertThrows(
    () => Pair.view(tiny),
    RangeError,
    "must have 16 bytes: there are 15",
  );
  const view = Pair.view(memory, 16) as Record<string, unknown>;
  assertThrows(() => view.c = 1, TypeError);
});

Deno.test("a struct whose memory was closed says so", () => {
  const All = new Struct(ALL);
  const memory = SharedMemory.anonymous(All.size);
  const view = All.view(memory) as Record<string, unknown>;
  const { bits } = All.atomics(memory);
  memory.close();
  for (const name of Object.keys(ALL)) {
    assertThrows(() => view[name], Deno.errors.BadResource, "closed");
    if (name === "counts" || name === "points") continue;
    assertThrows(() => view[name] = 1, Deno.errors.BadResource);
  }
  assertThrows(() => bits.load(), TypeError);
  assertThrows(() => All.view(memory), Deno.errors.BadResource);
});
