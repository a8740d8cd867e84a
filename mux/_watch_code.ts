/**
 * What the thread runs that watches an epoll: machine code, as nothing that V8
 * runs may run there. For each batch of events it makes one call into the
 * isolate, which wakes the event loop; so it costs no hand-over to a pool thread
 * and back.
 *
 * Each line is the bytes, a bar, and the instruction that an assembler makes
 * them of; a test has one do so.
 */

import { arch, os } from "../_internal/platform.ts";

/** Where in its argument the thread finds what it needs, in words. */
export const EPOLL = 0;
/** What it may do. */
export const GATE = 1;
/** Whether it sleeps until the gate changes. */
export const HELD = 2;
/** How many events there is room for. */
export const ROOM = 3;
/** The function to call with the number of events: two words. */
export const CALLBACK = 4;
/** How long to sleep before it goes: a `timespec`, four words. */
export const PATIENCE = 6;
/** The events, which it leaves alone while it calls. */
export const EVENTS = 10;

/** It may call. */
export const OPEN = 0;
/** It is calling, and whoever is called says how to go on. */
export const CALLING = 1;
/** What it has got has to wait until the gate is open. */
export const SHUT = 2;
/** It is to end as soon as it looks. */
export const ENDED = 3;
/** It has ended, also by itself when it had nothing to do. */
export const GONE = 4;

/**
 * Begins with blocking all signals: what is sent to the program is for others
 * to handle. Those of faults cannot be, and 32 and 33 are the C library's own:
 * setuid(2) waits until every thread has handled one, nptl(7).
 */
const X86_64 = `
53                            |   push rbx
41 54                         |   push r12
50                            |   push rax                        # room for the mask
48 89 fb                      |   mov rbx, rdi
48 b8 37 fb ff 7f fe ff ff ff |   mov rax, 0xfffffffe7ffffb37     # but faults, and what libc has
48 89 04 24                   |   mov [rsp], rax
31 ff                         |   xor edi, edi                    # SIG_BLOCK
48 89 e6                      |   mov rsi, rsp
31 d2                         |   xor edx, edx
41 ba 08 00 00 00             |   mov r10d, 8
b8 0e 00 00 00                |   mov eax, 14                     # rt_sigprocmask(2)
0f 05                         |   syscall
                              | rest:
45 31 e4                      |   xor r12d, r12d                  # nothing to tell
8b 43 04                      |   mov eax, [rbx+4]                # gate
85 c0                         |   test eax, eax
75 38                         |   jnz shut
8b 3b                         |   mov edi, [rbx]                  # epoll
48 8d 73 28                   |   lea rsi, [rbx+40]               # events
8b 53 0c                      |   mov edx, [rbx+12]               # room
49 c7 c2 ff ff ff ff          |   mov r10, -1                     # no time-out
45 31 c0                      |   xor r8d, r8d                    # no other mask
b8 19 01 00 00                |   mov eax, 281                    # epoll_pwait(2)
0f 05                         |   syscall
83 f8 fc                      |   cmp eax, -4                     # EINTR
74 d7                         |   je rest
41 89 c4                      |   mov r12d, eax
                              | tell:
31 c0                         |   xor eax, eax                    # OPEN
b9 01 00 00 00                |   mov ecx, 1                      # CALLING
f0 0f b1 4b 04                |   lock cmpxchg [rbx+4], ecx       # gate
75 08                         |   jne shut
44 89 e7                      |   mov edi, r12d
ff 53 10                      |   call [rbx+16]                   # callback
eb be                         |   jmp rest
                              | shut:
83 f8 03                      |   cmp eax, 3                      # ENDED
74 4e                         |   je end
b9 01 00 00 00                |   mov ecx, 1
87 4b 08                      |   xchg [rbx+8], ecx               # held
48 8d 7b 04                   |   lea rdi, [rbx+4]                # gate
31 f6                         |   xor esi, esi                    # FUTEX_WAIT
ba 02 00 00 00                |   mov edx, 2                      # SHUT
45 31 d2                      |   xor r10d, r10d                  # no time-out
45 85 e4                      |   test r12d, r12d
75 04                         |   jnz sleep
4c 8d 53 18                   |   lea r10, [rbx+24]               # patience
                              | sleep:
b8 ca 00 00 00                |   mov eax, 202                    # futex(2)
0f 05                         |   syscall
c7 43 08 00 00 00 00          |   mov dword ptr [rbx+8], 0        # held
83 f8 92                      |   cmp eax, -110                   # ETIMEDOUT
75 11                         |   jne woken
b8 02 00 00 00                |   mov eax, 2                      # SHUT
b9 04 00 00 00                |   mov ecx, 4                      # GONE
f0 0f b1 4b 04                |   lock cmpxchg [rbx+4], ecx       # gate
74 12                         |   je gone
                              | woken:
45 85 e4                      |   test r12d, r12d
0f 84 6d ff ff ff             |   jz rest
eb 97                         |   jmp tell
                              | end:
c7 43 04 04 00 00 00          |   mov dword ptr [rbx+4], 4        # gate: GONE
                              | gone:
31 c0                         |   xor eax, eax
59                            |   pop rcx
41 5c                         |   pop r12
5b                            |   pop rbx
c3                            |   ret
`;

const AARCH64 = `
fd 7b be a9 |   stp x29, x30, [sp, #-32]!
f3 53 01 a9 |   stp x19, x20, [sp, #16]
f3 03 00 aa |   mov x19, x0
e9 66 9f d2 |   mov x9, #0xfb37                 // but faults, and what libc has
e9 ff af f2 |   movk x9, #0x7fff, lsl #16
c9 ff df f2 |   movk x9, #0xfffe, lsl #32
e9 ff ff f2 |   movk x9, #0xffff, lsl #48
e9 0f 1f f8 |   str x9, [sp, #-16]!
00 00 80 d2 |   mov x0, #0                      // SIG_BLOCK
e1 03 00 91 |   mov x1, sp
02 00 80 d2 |   mov x2, #0
03 01 80 d2 |   mov x3, #8
e8 10 80 d2 |   mov x8, #135                    // rt_sigprocmask(2)
01 00 00 d4 |   svc #0
ff 43 00 91 |   add sp, sp, #16
            | rest:
14 00 80 52 |   mov w20, #0                     // nothing to tell
69 12 00 91 |   add x9, x19, #4                 // gate
2a fd df 88 |   ldar w10, [x9]
aa 02 00 35 |   cbnz w10, shut
60 02 40 b9 |   ldr w0, [x19]                   // epoll
61 a2 00 91 |   add x1, x19, #40                // events
62 0e 40 b9 |   ldr w2, [x19, #12]              // room
03 00 80 92 |   mov x3, #-1                     // no time-out
04 00 80 d2 |   mov x4, #0                      // no other mask
c8 02 80 d2 |   mov x8, #22                     // epoll_pwait(2)
01 00 00 d4 |   svc #0
1f 10 00 31 |   cmn w0, #4                      // EINTR
80 fe ff 54 |   b.eq rest
f4 03 00 2a |   mov w20, w0
            | tell:
69 12 00 91 |   add x9, x19, #4                 // gate
2a fd 5f 88 |   ldaxr w10, [x9]
0a 01 00 35 |   cbnz w10, shut                  // not OPEN
2b 00 80 52 |   mov w11, #1                     // CALLING
2b fd 0c 88 |   stlxr w12, w11, [x9]
6c ff ff 35 |   cbnz w12, tell
e0 03 14 2a |   mov w0, w20
70 0a 40 f9 |   ldr x16, [x19, #16]             // callback
00 02 3f d6 |   blr x16
e9 ff ff 17 |   b rest
            | shut:
5f 3f 03 d5 |   clrex
5f 0d 00 71 |   cmp w10, #3                     // ENDED
40 03 00 54 |   b.eq end
6d 22 00 91 |   add x13, x19, #8                // held
2b 00 80 52 |   mov w11, #1
ab fd 9f 88 |   stlr w11, [x13]
bf 3b 03 d5 |   dmb ish
e0 03 09 aa |   mov x0, x9                      // gate
01 00 80 d2 |   mov x1, #0                      // FUTEX_WAIT
42 00 80 d2 |   mov x2, #2                      // SHUT
03 00 80 d2 |   mov x3, #0                      // no time-out
54 00 00 35 |   cbnz w20, sleep
63 62 00 91 |   add x3, x19, #24                // patience
            | sleep:
48 0c 80 d2 |   mov x8, #98                     // futex(2)
01 00 00 d4 |   svc #0
7f 0a 00 b9 |   str wzr, [x19, #8]              // held
1f b8 01 31 |   cmn w0, #110                    // ETIMEDOUT
21 01 00 54 |   b.ne woken
            | leave:
2a fd 5f 88 |   ldaxr w10, [x9]                 // gate
5f 09 00 71 |   cmp w10, #2                     // SHUT
a1 00 00 54 |   b.ne stay
8b 00 80 52 |   mov w11, #4                     // GONE
2b fd 0c 88 |   stlxr w12, w11, [x9]
6c ff ff 35 |   cbnz w12, leave
06 00 00 14 |   b gone
            | stay:
5f 3f 03 d5 |   clrex
            | woken:
d4 f9 ff 34 |   cbz w20, rest
db ff ff 17 |   b tell
            | end:
8b 00 80 52 |   mov w11, #4                     // GONE
2b fd 9f 88 |   stlr w11, [x9]                  // gate
            | gone:
00 00 80 d2 |   mov x0, #0
f3 53 41 a9 |   ldp x19, x20, [sp, #16]
fd 7b c2 a8 |   ldp x29, x30, [sp], #32
c0 03 5f d6 |   ret
`;

/** The code by Deno's names for the processors. */
export const LISTINGS: Readonly<Record<string, string>> = {
  x86_64: X86_64,
  aarch64: AARCH64,
};

/** The code for this machine, if there is any. */
export const watchCode: string | undefined = os === "linux"
  ? LISTINGS[arch]
  : undefined;
