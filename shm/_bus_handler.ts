/**
 * What is done when memory is used that is mapped but not there, because
 * somebody has made its object shorter: SIGBUS, which nothing that V8 runs could
 * handle.
 *
 * Each line is the bytes, a bar, and the instruction that an assembler makes
 * them of; a test has one do so.
 */

import { arch, os } from "../_internal/platform.ts";

/** Where the handler begins, after what it is recognized by. */
export const ENTRY = 16;

/** What it is recognized by, by every Worker that has this package. */
export const MARK = "ipc memory  0002";

/**
 * The handler. Its data are, behind the code:
 *
 *    0  uint64  the handler that was there before
 *    8  uint64  the size of a page
 *   16  uint64  how many of the ranges below have ever been used
 *   24  uint64  how many isolates have it
 *   32  of each range: three uint64, its begin, its end, and how many pages of
 *       it were not there
 *
 * If the address is in one of the ranges, a page of zeros is put there, and the
 * instruction is tried again. Else it is the business of whoever was there
 * before, and if nobody was, of the kernel, which ends the program.
 */
const HANDLER_X86_64 = `
                     | .set previous, .text+65536
                     | .set page, .text+65544
                     | .set used, .text+65552
                     | .set ranges, .text+65568
                     | .ascii "ipc memory  0002"
83 7e 08 02          |   cmp dword ptr [rsi+8], 2      # si_code: BUS_ADRERR
75 72                |   jne chain
48 8b 46 10          |   mov rax, [rsi+16]             # si_addr
4c 8d 05 ff ff 00 00 |   lea r8, [rip+ranges]
48 8b 0d e8 ff 00 00 |   mov rcx, [rip+used]
                     | next:
48 85 c9             |   test rcx, rcx
74 5b                |   jz chain
48 ff c9             |   dec rcx
49 3b 00             |   cmp rax, [r8]                 # begins here
72 06                |   jb skip
49 3b 40 08          |   cmp rax, [r8+8]               # ends here
72 06                |   jb found
                     | skip:
49 83 c0 18          |   add r8, 24
eb e7                |   jmp next
                     | found:
57                   |   push rdi                      # for the next handler
56                   |   push rsi
52                   |   push rdx
41 50                |   push r8
48 89 c7             |   mov rdi, rax
48 8b 35 b8 ff 00 00 |   mov rsi, [rip+page]
48 89 f0             |   mov rax, rsi
48 f7 d8             |   neg rax
48 21 c7             |   and rdi, rax
ba 03 00 00 00       |   mov edx, 3                    # PROT_READ | PROT_WRITE
41 ba 32 00 00 00    |   mov r10d, 0x32                # MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS
49 c7 c0 ff ff ff ff |   mov r8, -1
45 31 c9             |   xor r9d, r9d
b8 09 00 00 00       |   mov eax, 9                    # mmap(2)
0f 05                |   syscall
41 58                |   pop r8
5a                   |   pop rdx
5e                   |   pop rsi
5f                   |   pop rdi
48 3d 00 f0 ff ff    |   cmp rax, -4096
77 06                |   ja chain
f0 49 ff 40 10       |   lock inc qword ptr [r8+16]    # one page more
c3                   |   ret
                     | chain:
48 8b 05 71 ff 00 00 |   mov rax, [rip+previous]
48 83 f8 01          |   cmp rax, 1
76 02                |   jbe default
ff e0                |   jmp rax
                     | default:
31 c0                |   xor eax, eax                  # all zeros: SIG_DFL
50                   |   push rax
50                   |   push rax
50                   |   push rax
50                   |   push rax
bf 07 00 00 00       |   mov edi, 7                    # SIGBUS
48 89 e6             |   mov rsi, rsp
31 d2                |   xor edx, edx
41 ba 08 00 00 00    |   mov r10d, 8
b8 0d 00 00 00       |   mov eax, 13                   # rt_sigaction(2)
0f 05                |   syscall
48 83 c4 20          |   add rsp, 32
c3                   |   ret
`;

const HANDLER_AARCH64 = `
            | .ascii "ipc memory  0002"
29 08 40 b9 |   ldr w9, [x1, #8]              // si_code
3f 09 00 71 |   cmp w9, #2                    // BUS_ADRERR
c1 04 00 54 |   b.ne chain
29 08 40 f9 |   ldr x9, [x1, #16]             // si_addr
0d ff 07 10 |   adr x13, .text+65536
aa 81 00 91 |   add x10, x13, #32
ab 09 40 f9 |   ldr x11, [x13, #16]           // used
            | next:
2b 04 00 b4 |   cbz x11, chain
6b 05 00 d1 |   sub x11, x11, #1
4c 39 40 a9 |   ldp x12, x14, [x10]           // begins and ends
3f 01 0c eb |   cmp x9, x12
63 00 00 54 |   b.lo skip
3f 01 0e eb |   cmp x9, x14
63 00 00 54 |   b.lo found
            | skip:
4a 61 00 91 |   add x10, x10, #24
f8 ff ff 17 |   b next
            | found:
ef 03 00 aa |   mov x15, x0                   // for the next handler
f0 03 01 aa |   mov x16, x1
f1 03 02 aa |   mov x17, x2
a1 05 40 f9 |   ldr x1, [x13, #8]             // page
e3 03 01 cb |   neg x3, x1
20 01 03 8a |   and x0, x9, x3
62 00 80 d2 |   mov x2, #3                    // PROT_READ | PROT_WRITE
43 06 80 d2 |   mov x3, #0x32                 // MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS
04 00 80 92 |   mov x4, #-1
05 00 80 d2 |   mov x5, #0
c8 1b 80 d2 |   mov x8, #222                  // mmap(2)
01 00 00 d4 |   svc #0
e9 03 00 aa |   mov x9, x0
e0 03 0f aa |   mov x0, x15
e1 03 10 aa |   mov x1, x16
e2 03 11 aa |   mov x2, x17
3f fd 3f b1 |   cmn x9, #4095
e2 00 00 54 |   b.hs chain
4c 41 00 91 |   add x12, x10, #16             // one page more
            | count:
89 7d 5f c8 |   ldxr x9, [x12]
29 05 00 91 |   add x9, x9, #1
89 7d 0e c8 |   stxr w14, x9, [x12]
ae ff ff 35 |   cbnz w14, count
c0 03 5f d6 |   ret
            | chain:
8d fa 07 10 |   adr x13, .text+65536
a9 01 40 f9 |   ldr x9, [x13]                 // previous
3f 05 00 f1 |   cmp x9, #1
49 00 00 54 |   b.ls default
20 01 1f d6 |   br x9
            | default:
ff 7f be a9 |   stp xzr, xzr, [sp, #-32]!     // all zeros: SIG_DFL
ff 7f 01 a9 |   stp xzr, xzr, [sp, #16]
e0 00 80 d2 |   mov x0, #7                    // SIGBUS
e1 03 00 91 |   mov x1, sp
02 00 80 d2 |   mov x2, #0
03 01 80 d2 |   mov x3, #8
c8 10 80 d2 |   mov x8, #134                  // rt_sigaction(2)
01 00 00 d4 |   svc #0
ff 83 00 91 |   add sp, sp, #32
c0 03 5f d6 |   ret
`;

/** Handlers by the processor that they are for. */
export const LISTINGS: Readonly<Record<string, string>> = {
  x86_64: HANDLER_X86_64,
  aarch64: HANDLER_AARCH64,
};

/** The handler of this machine; undefined where there is none. */
export const busHandler: string | undefined = os === "linux"
  ? LISTINGS[arch]
  : undefined;
