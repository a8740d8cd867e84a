/** To be loaded before a program that is to do without WebAssembly. */

delete (globalThis as Partial<typeof globalThis>).WebAssembly;
