/**
 * What keeps the signals that only the collector handles from being blocked in
 * children: see _children.ts. Each line is as in _machine_code.ts.
 */

/** What the code is recognized by, by every copy of this package. */
export const MARK = "ipc children 001";

/** Where what the child runs begins, after fork(2). */
export const FORKED = 16;

/** Where what is called instead of posix_spawnp(3) begins. */
export const SPAWNING = 48;

/**
 * Two functions. Their data are, behind the code:
 *
 *   0  uint64  the bits of the signals that children do not block
 *   8  uint64  posix_spawnp itself
 *
 * The first unblocks them, by a system call: in the child of a process with
 * threads, only what is async-signal-safe may be called. fork(2)
 *
 * The second adds to the `posix_spawnattr_t` that the child is to block what
 * the thread does, but for these; unless that says already what to block, or
 * there is none. The thread itself goes on blocking them: a signal that came
 * meanwhile would be its, and not the collector's.
 */
const X86_64 = `
                     | .ascii "ipc children 001"
bf 01 00 00 00       |   mov edi, 1                # SIG_UNBLOCK
48 8d 35 e4 ff 00 00 |   lea rsi, [rip+set]
31 d2                |   xor edx, edx
41 ba 08 00 00 00    |   mov r10d, 8
b8 0e 00 00 00       |   mov eax, 14               # rt_sigprocmask(2)
0f 05                |   syscall
c3                   |   ret
00 00 00 00          | .balign 16, 0
48 85 c9             |   test rcx, rcx             # the attributes
74 39                |   jz go
f6 01 08             |   test byte ptr [rcx], 8    # POSIX_SPAWN_SETSIGMASK
75 34                |   jnz go
57                   |   push rdi
56                   |   push rsi
52                   |   push rdx
51                   |   push rcx
31 ff                |   xor edi, edi              # SIG_BLOCK
31 f6                |   xor esi, esi              # nothing
48 8d 91 88 00 00 00 |   lea rdx, [rcx+136]        # __ss: gets what is blocked
41 ba 08 00 00 00    |   mov r10d, 8
b8 0e 00 00 00       |   mov eax, 14               # rt_sigprocmask(2)
0f 05                |   syscall
59                   |   pop rcx
5a                   |   pop rdx
5e                   |   pop rsi
5f                   |   pop rdi
48 8b 05 9f ff 00 00 |   mov rax, [rip+set]
48 f7 d0             |   not rax
48 21 81 88 00 00 00 |   and [rcx+136], rax
80 09 08             |   or byte ptr [rcx], 8
                     | go:
ff 25 94 ff 00 00    |   jmp [rip+next]
                     | .set set, .text+65536
                     | .set next, .text+65544
`;

const AARCH64 = `
            | .ascii "ipc children 001"
20 00 80 d2 |   mov x0, #1                // SIG_UNBLOCK
61 ff 07 10 |   adr x1, .text+65536       // set
02 00 80 d2 |   mov x2, #0
03 01 80 d2 |   mov x3, #8
e8 10 80 d2 |   mov x8, #135              // rt_sigprocmask(2)
01 00 00 d4 |   svc #0
c0 03 5f d6 |   ret
00 00 00 00 | .balign 16, 0
89 fe 07 10 |   adr x9, .text+65536       // set
e3 02 00 b4 |   cbz x3, go                // the attributes
6a 00 40 79 |   ldrh w10, [x3]
aa 02 18 37 |   tbnz w10, #3, go          // POSIX_SPAWN_SETSIGMASK
eb 03 00 aa |   mov x11, x0
ec 03 01 aa |   mov x12, x1
ed 03 02 aa |   mov x13, x2
ee 03 03 aa |   mov x14, x3
00 00 80 d2 |   mov x0, #0                // SIG_BLOCK
01 00 80 d2 |   mov x1, #0                // nothing
c2 21 02 91 |   add x2, x14, #136         // __ss: gets what is blocked
03 01 80 d2 |   mov x3, #8
e8 10 80 d2 |   mov x8, #135              // rt_sigprocmask(2)
01 00 00 d4 |   svc #0
20 01 40 f9 |   ldr x0, [x9]
c1 45 40 f9 |   ldr x1, [x14, #136]
21 00 20 8a |   bic x1, x1, x0
c1 45 00 f9 |   str x1, [x14, #136]
4a 01 1d 32 |   orr w10, w10, #8
ca 01 00 79 |   strh w10, [x14]
e0 03 0b aa |   mov x0, x11
e1 03 0c aa |   mov x1, x12
e2 03 0d aa |   mov x2, x13
e3 03 0e aa |   mov x3, x14
            | go:
30 05 40 f9 |   ldr x16, [x9, #8]         // next
00 02 1f d6 |   br x16
`;

/** All of it, by Deno's names for the processors. */
export const CHILDREN: Readonly<Record<string, string>> = {
  x86_64: X86_64,
  aarch64: AARCH64,
};
