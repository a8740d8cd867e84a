/** Addresses and ancillary data, in the layouts of all systems. */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertThrows,
} from "@std/assert";
import { type Platform, PLATFORMS } from "../_internal/platform.ts";
import { decodeAddress, encodeAddress } from "../socket/_address.ts";
import {
  controlSize,
  encodeControl,
  MOST_FDS,
  parseControl,
} from "../socket/_control.ts";
import { Random } from "./_util/random.ts";

const LINUX = PLATFORMS["linux-x86_64"];
const DARWIN = PLATFORMS["darwin-aarch64"];
const CREDENTIALS = { pid: 1234, uid: 4_294_967_294, gid: 7 };

function words(bytes: Uint8Array<ArrayBuffer>): Int32Array {
  return new Int32Array(bytes.buffer);
}

Deno.test("descriptors are laid out as <sys/socket.h> of Linux has them", () => {
  const bytes = encodeControl({ fds: [5], credentials: undefined }, LINUX);
  const expected = [20, 0, 1, 1, 5, 0];
  assertEquals([...words(bytes)], expected);
  const both = encodeControl({ fds: [5, 6], credentials: CREDENTIALS }, LINUX);
  assertEquals(
    [...words(both)],
    [24, 0, 1, 1, 5, 6, 28, 0, 1, 2, 1234, -2, 7, 0],
  );
});

Deno.test("descriptors are laid out as <sys/socket.h> of macOS has them", () => {
  const bytes = encodeControl({ fds: [5, 6], credentials: undefined }, DARWIN);
  assertEquals([...words(bytes)], [20, 0xffff, 1, 5, 6]);
});

for (const [name, table] of Object.entries(PLATFORMS)) {
  Deno.test(`ancillary data is read as it was written on ${name}`, () => {
    for (let count = 0; count <= MOST_FDS; count++) {
      const fds = Array.from({ length: count }, (_, i) => i * 3);
      const hasCredentials = table.SCM_CREDENTIALS !== 0 && count % 2 === 1;
      const credentials = hasCredentials ? CREDENTIALS : undefined;
      const bytes = encodeControl({ fds, credentials }, table);
      assert(bytes.length <= controlSize(table));
      const parsed = parseControl(words(bytes), bytes.length, table);
      assertEquals(parsed, { fds, credentials });
    }
  });

  Deno.test(`descriptors in several parts are all found on ${name}`, () => {
    const one = encodeControl({ fds: [3], credentials: undefined }, table);
    const two = encodeControl({ fds: [4, 5], credentials: undefined }, table);
    const both = new Uint8Array([...one, ...two]);
    assertEquals(parseControl(words(both), both.length, table).fds, [3, 4, 5]);
    // The last may lack its padding, or be cut off: what is whole is open.
    const header = table.cmsghdr.size;
    const cut = one.length + header + 4;
    assertEquals(parseControl(words(both), cut, table).fds, [3, 4]);
    assertEquals(parseControl(words(both), cut - 1, table).fds, [3]);
  });

  Deno.test(`250,000 random ancillary data do no harm on ${name}`, () => {
    fuzzControl(table, 250_000);
  });
}

/**
 * Whatever the bytes are, every descriptor comes from them, in order, and none
 * from behind their end.
 */
function fuzzControl(table: Platform, rounds: number): void {
  const random = new Random(2463534242);
  const guard = 0x5a5a5a5a;
  const memory = new Int32Array(80);
  const { level, type } = table.cmsghdr;
  let found = 0;
  let withCredentials = 0;
  for (let round = 0; round < rounds; round++) {
    const size = random.upTo(64);
    memory.fill(guard);
    for (let i = 0; i < size; i++) memory[i] = randomWord(random);
    // Something of a shape that is looked into further.
    if (round % 2 === 0) {
      const at = random.upTo(8);
      memory[at + level / 4] = table.SOL_SOCKET;
      memory[at + type / 4] = 1 + random.upTo(1);
      memory[at] = random.upTo(120);
    }
    const seen = memory.slice();
    const length = size * 4 + random.upTo(3);
    const part = memory.subarray(0, 64);
    const { fds, credentials } = parseControl(part, length, table);
    assert(memory.every((word, i) => word === seen[i]), "it is only read");
    const there = seen.subarray(0, Math.ceil(length / 4));
    assert(fds.every((fd) => fd >= 0 && there.includes(fd)));
    assert(fds.length <= size);
    found += fds.length;
    if (credentials) withCredentials++;
  }
  assert(found > rounds / 10, "descriptors were found at all");
  assertEquals(withCredentials > 0, table.SCM_CREDENTIALS !== 0);
}

function randomWord(random: Random): number {
  const kind = random.upTo(5);
  return kind === 0 ? random.next() | 0 : random.upTo(40);
}

Deno.test("an address is laid out as <sys/un.h> has it", () => {
  const linux = encodeAddress("/a", "bind", LINUX);
  assertEquals([...linux], [1, 0, 47, 97, 0]);
  const abstract = encodeAddress("\0a", "bind", LINUX);
  assertEquals([...abstract], [1, 0, 0, 97]);
  const darwin = encodeAddress("/a", "bind", DARWIN);
  assertEquals([...darwin], [5, 1, 47, 97, 0]);
});

for (const [name, table] of Object.entries(PLATFORMS)) {
  Deno.test(`an address is read as it was written on ${name}`, () => {
    const names = ["/tmp/a", "ü", "x".repeat(103), "a b\n"];
    if (table === LINUX) names.push("\0a", "\0\0b\0", "\0" + "x".repeat(107));
    for (const name of names) {
      const address = encodeAddress(name, "bind", table);
      assertEquals(decodeAddress(address, address.length, table), name);
      const padded = new Uint8Array(128);
      padded.set(address);
      const length = address.length;
      assertEquals(decodeAddress(padded, length, table), name);
    }
    assertEquals(decodeAddress(new Uint8Array(128), 2, table), undefined);
    assertEquals(decodeAddress(new Uint8Array(128), 0, table), undefined);
    const unnamed = new Uint8Array(128);
    if (table.sockaddrUn.family === 1) {
      assertEquals(decodeAddress(unnamed, 16, table), undefined);
    }
  });

  Deno.test(`25,000 random addresses are read or reported on ${name}`, () => {
    const random = new Random(88172645);
    const address = new Uint8Array(128);
    let read = 0;
    for (let round = 0; round < 25_000; round++) {
      const ascii = round % 2 === 0 ? 0x7f : 0xff;
      for (let i = 0; i < 16; i++) address[i] = random.next() & ascii;
      const length = random.upTo(140);
      try {
        const name = decodeAddress(address, length, table);
        if (name !== undefined) read++;
      } catch (error) {
        assertInstanceOf(error, Deno.errors.InvalidData);
      }
    }
    assert(read > 1000);
  });
}

Deno.test("a name that is too long for one system may do for the other", () => {
  const name = "x".repeat(104);
  encodeAddress(name, "bind", LINUX);
  assertThrows(() => encodeAddress(name, "bind", DARWIN), RangeError, "103");
});
