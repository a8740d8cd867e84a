/**
 * Where Deno's executable keeps the addresses of what it calls in libraries,
 * as the dynamic linker has filled them in: elf(5). Linux.
 */

import { libc } from "./_ffi.ts";

const AT_PHDR = 3n;
const AT_PHNUM = 5n;

// Elf64_Phdr
const PHDR_SIZE = 56;
const PHDR_VADDR = 16;
const PHDR_MEMSZ = 40;
const PT_DYNAMIC = 2;
const PT_PHDR = 6;
const PT_GNU_RELRO = 0x6474e552;

// Elf64_Dyn: a tag and a value.
const DYN_SIZE = 16;
const DT_NULL = 0;
const DT_PLTRELSZ = 2;
const DT_STRTAB = 5;
const DT_SYMTAB = 6;
const DT_RELA = 7;
const DT_RELASZ = 8;
const DT_JMPREL = 23;
const DT_RELACOUNT = 0x6ffffff9;

// Elf64_Rela: where an address goes, and which symbol's that is.
const RELA_SIZE = 24;
const RELA_SYMBOL = 12;

// Elf64_Sym begins with where its name is.
const SYM_SIZE = 24;

/** Where the address of a function is. */
export interface Import {
  readonly where: bigint;
  /** Whether the linker had it made read-only once it was filled in. */
  readonly readOnly: boolean;
}

/** Where the addresses of a function are; nowhere, if it is not called. */
export function whereImported(name: string): Import[] {
  const executable = new Executable();
  const lists = [
    // The first ones of all, which are many, are of no symbol.
    executable.relocations(DT_RELA, DT_RELASZ, DT_RELACOUNT),
    executable.relocations(DT_JMPREL, DT_PLTRELSZ),
  ];
  return lists.flat()
    .filter(({ symbol }) => executable.nameOf(symbol) === name)
    .map(({ where }) => ({ where, readOnly: executable.isReadOnly(where) }));
}

/** An address that the dynamic linker has filled in. */
interface Relocation {
  readonly where: bigint;
  readonly symbol: number;
}

/** The program that this process runs. */
class Executable {
  /** What is to be added to the addresses in its file. */
  readonly #base: bigint;
  readonly #dynamic = new Map<number, bigint>();
  /** What is read-only by now, from where to where. */
  #readOnly: readonly [bigint, bigint] = [0n, 0n];

  constructor() {
    const headers = libc.getauxval(AT_PHDR);
    const addresses = new Map<number, bigint>();
    for (let i = 0; i < Number(libc.getauxval(AT_PHNUM)); i++) {
      const header = viewAt(headers + BigInt(i * PHDR_SIZE));
      const address = header.getBigUint64(PHDR_VADDR);
      addresses.set(header.getUint32(), address);
      if (header.getUint32() !== PT_GNU_RELRO) continue;
      this.#readOnly = [address, address + header.getBigUint64(PHDR_MEMSZ)];
    }
    this.#base = headers - (addresses.get(PT_PHDR) ?? headers);
    const dynamic = addresses.get(PT_DYNAMIC);
    if (dynamic === undefined) return;
    for (let entry = viewAt(this.#base + dynamic), at = 0;; at += DYN_SIZE) {
      const tag = Number(entry.getBigInt64(at));
      if (tag === DT_NULL) break;
      this.#dynamic.set(tag, entry.getBigUint64(at + 8));
    }
  }

  #number(tag: number): number {
    return Number(this.#dynamic.get(tag) ?? 0n);
  }

  #address(tag: number): bigint {
    const value = this.#dynamic.get(tag) ?? 0n;
    // The dynamic linker may have added it already.
    return value < this.#base ? this.#base + value : value;
  }

  /** The entries of a table, given by the tags of where it is and its size. */
  relocations(table: number, size: number, skipped?: number): Relocation[] {
    const all: Relocation[] = [];
    const bytes = this.#number(size);
    let at = skipped === undefined ? 0 : this.#number(skipped) * RELA_SIZE;
    for (; at < bytes; at += RELA_SIZE) {
      const entry = viewAt(this.#address(table) + BigInt(at));
      const where = this.#base + entry.getBigUint64();
      all.push({ where, symbol: entry.getUint32(RELA_SYMBOL) });
    }
    return all;
  }

  isReadOnly(where: bigint): boolean {
    const [from, to] = this.#readOnly;
    const address = where - this.#base;
    return from <= address && address < to;
  }

  nameOf(symbol: number): string {
    const entry = this.#address(DT_SYMTAB) + BigInt(symbol * SYM_SIZE);
    const name = viewAt(entry).getUint32();
    return viewAt(this.#address(DT_STRTAB) + BigInt(name)).getCString();
  }
}

function viewAt(address: bigint): Deno.UnsafePointerView {
  return new Deno.UnsafePointerView(Deno.UnsafePointer.create(address)!);
}
