/**
 * What handles signals: it must be able to run between any two instructions of
 * any thread, which nothing that V8 runs can.
 *
 * Each line is the bytes, a bar, and the instruction that an assembler makes
 * them of; a test has one do so.
 */

import { arch, os } from "../_internal/platform.ts";
import { CHILDREN } from "./_children_code.ts";

/** Where the handler begins, after what it is recognized by. */
export const ENTRY = 16;

/** What a handler is recognized by, by every copy of this package. */
export const MARK = "ipc signals 0001";

/**
 * The `si_code` of a signal that is none: one with which this process tells
 * one of its threads to block signals. Linux has this code for itself, and
 * never lets a program see it.
 */
export const SI_DETHREAD = -7;

/**
 * The handler. Its data are, behind the code:
 *
 *   0  int32   the pipe to write to; negative for none
 *   4  uint32  how many threads are using that pipe right now
 *   8  uint64  how many signals did not fit into it
 *  16          struct sigaction: what was there before; its first word is the
 *              handler to go on with, 0 (SIG_DFL) or 1 (SIG_IGN)
 * 168  uint64  the signal's bit, if only the collector is to handle it
 *
 * A thread that comes here although it is not the collector, which is known by
 * the standard signals that it blocks, blocks the signal from then on.
 *
 * It writes the first 32 bytes of the siginfo_t: all that is known of a signal
 * that was sent. write(2) is async-signal-safe, and because the system call is
 * made without libc, errno stays what it was.
 */
const HANDLER_X86_64 = `
                        | .ascii "ipc signals 0001"
48 8b 05 91 00 01 00    |   mov rax, [rip+own]           # the signal's bit
f6 82 28 01 00 00 01    |   test byte ptr [rdx+296], 1   # uc_sigmask: SIGHUP
75 07                   |   jnz chosen
48 09 82 28 01 00 00    |   or [rdx+296], rax
                        | chosen:
83 7e 08 f9             |   cmp dword ptr [rsi+8], -7    # si_code: SI_DETHREAD
74 47                   |   je done
57                      |   push rdi                    # for the next handler
56                      |   push rsi
52                      |   push rdx
f0 ff 05 cd ff 00 00    |   lock inc dword ptr [rip+users]
8b 3d c3 ff 00 00       |   mov edi, [rip+pipe]
85 ff                   |   test edi, edi
78 1a                   |   js leave
ba 20 00 00 00          |   mov edx, 32
b8 01 00 00 00          |   mov eax, 1                  # write(2)
0f 05                   |   syscall
48 83 f8 20             |   cmp rax, 32
74 08                   |   je leave
f0 48 ff 05 ad ff 00 00 |   lock inc qword ptr [rip+dropped]
                        | leave:
f0 ff 0d a2 ff 00 00    |   lock dec dword ptr [rip+users]
5a                      |   pop rdx
5e                      |   pop rsi
5f                      |   pop rdi
48 8b 05 a4 ff 00 00    |   mov rax, [rip+previous]
48 83 f8 01             |   cmp rax, 1
76 02                   |   jbe done
ff e0                   |   jmp rax
                        | done:
c3                      |   ret
                        | .set pipe, .text+65536
                        | .set users, .text+65540
                        | .set dropped, .text+65544
                        | .set previous, .text+65552
                        | .set own, .text+65704
`;

const HANDLER_AARCH64 = `
            | .ascii "ipc signals 0001"
8d ff 07 10 |   adr x13, .text+65536            // pipe
49 14 40 f9 |   ldr x9, [x2, #40]               // uc_sigmask
89 00 00 37 |   tbnz x9, #0, chosen          // SIGHUP
aa 55 40 f9 |   ldr x10, [x13, #168]            // own: the signal's bit
29 01 0a aa |   orr x9, x9, x10
49 14 00 f9 |   str x9, [x2, #40]
            | chosen:
29 08 40 b9 |   ldr w9, [x1, #8]                // si_code
3f 1d 00 31 |   cmn w9, #7                      // SI_DETHREAD
20 04 00 54 |   b.eq done
ea 03 00 aa |   mov x10, x0                     // for the next handler
eb 03 01 aa |   mov x11, x1
ec 03 02 aa |   mov x12, x2
ae 11 00 91 |   add x14, x13, #4                // users
            | enter:
c9 fd 5f 88 |   ldaxr w9, [x14]
29 05 00 11 |   add w9, w9, #1
c9 fd 0f 88 |   stlxr w15, w9, [x14]
af ff ff 35 |   cbnz w15, enter
bf 3b 03 d5 |   dmb ish
a0 01 40 b9 |   ldr w0, [x13]
60 01 f8 37 |   tbnz w0, #31, leave
02 04 80 d2 |   mov x2, #32
08 08 80 d2 |   mov x8, #64                     // write(2)
01 00 00 d4 |   svc #0
1f 80 00 f1 |   cmp x0, #32
c0 00 00 54 |   b.eq leave
b0 21 00 91 |   add x16, x13, #8                // dropped
            | drop:
09 7e 5f c8 |   ldxr x9, [x16]
29 05 00 91 |   add x9, x9, #1
09 7e 0f c8 |   stxr w15, x9, [x16]
af ff ff 35 |   cbnz w15, drop
            | leave:
c9 fd 5f 88 |   ldaxr w9, [x14]
29 05 00 51 |   sub w9, w9, #1
c9 fd 0f 88 |   stlxr w15, w9, [x14]
af ff ff 35 |   cbnz w15, leave
a9 09 40 f9 |   ldr x9, [x13, #16]              // previous
e0 03 0a aa |   mov x0, x10
e1 03 0b aa |   mov x1, x11
e2 03 0c aa |   mov x2, x12
3f 05 00 f1 |   cmp x9, #1
49 00 00 54 |   b.ls done
20 01 1f d6 |   br x9
            | done:
c0 03 5f d6 |   ret
`;

/**
 * What a thread runs that does nothing but handle real-time signals. It is given
 * where the mask is of what it blocks: the standard ones, and maybe others.
 */
const COLLECTOR_X86_64 = `
48 89 fe                |   mov rsi, rdi                # the mask
bf 02 00 00 00          |   mov edi, 2                  # SIG_SETMASK
31 d2                   |   xor edx, edx
41 ba 08 00 00 00       |   mov r10d, 8
b8 0e 00 00 00          |   mov eax, 14                 # rt_sigprocmask(2)
0f 05                   |   syscall
                        | wait:
31 ff                   |   xor edi, edi                # no descriptors
31 f6                   |   xor esi, esi
31 d2                   |   xor edx, edx                # no time-out
45 31 d2                |   xor r10d, r10d              # no other mask
b8 0f 01 00 00          |   mov eax, 271                # ppoll(2)
0f 05                   |   syscall
eb ee                   |   jmp wait
`;

const COLLECTOR_AARCH64 = `
e1 03 00 aa |   mov x1, x0                      // the mask
40 00 80 d2 |   mov x0, #2                      // SIG_SETMASK
02 00 80 d2 |   mov x2, #0
03 01 80 d2 |   mov x3, #8
e8 10 80 d2 |   mov x8, #135                    // rt_sigprocmask(2)
01 00 00 d4 |   svc #0
            | wait:
00 00 80 d2 |   mov x0, #0                      // no descriptors
01 00 80 d2 |   mov x1, #0
02 00 80 d2 |   mov x2, #0                      // no time-out
03 00 80 d2 |   mov x3, #0                      // no other mask
28 09 80 d2 |   mov x8, #73                     // ppoll(2)
01 00 00 d4 |   svc #0
fa ff ff 17 |   b wait
`;

/** What there is for one kind of processor. */
export interface MachineCode {
  /** Handles a signal. */
  readonly handler: string;
  /** Runs the thread that real-time signals are handled on. */
  readonly collector: string;
  /** Runs when children are started. */
  readonly children: string;
}

/** All of it, by Deno's names for the processors. */
export const LISTINGS: Readonly<Record<string, MachineCode>> = {
  x86_64: {
    handler: HANDLER_X86_64,
    collector: COLLECTOR_X86_64,
    children: CHILDREN.x86_64,
  },
  aarch64: {
    handler: HANDLER_AARCH64,
    collector: COLLECTOR_AARCH64,
    children: CHILDREN.aarch64,
  },
};

/** What there is for this machine, if anything. */
export const machineCode: MachineCode | undefined = os === "linux"
  ? LISTINGS[arch]
  : undefined;
