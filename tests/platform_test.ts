/** The numbers of C in this package are those of the systems' headers. */

import { assertEquals, assertGreaterOrEqual, fail } from "@std/assert";
import { constants } from "node:os";
import { E } from "../_internal/errno.ts";
import {
  type Constant,
  errorNames,
  machines,
  otherConstants,
  platformConstants,
} from "./_util/constants.ts";
import {
  compiledHeaders,
  type Headers,
  recordedHeaders,
} from "./_util/headers.ts";
import { missing } from "./_util/peers.ts";

const thisMachine = `${Deno.build.os}-${Deno.build.arch}`;
const noCompiler = missing("cc");

/** How C spells what has a name of its own here. */
const SPELLINGS: Readonly<Record<string, string | Record<string, string>>> = {
  "epollEvent.size": "sizeof(struct epoll_event)",
  "epollEvent.data": "offsetof(struct epoll_event, data)",
  "stat.size": {
    linux: "sizeof(struct statx)",
    darwin: "sizeof(struct stat)",
  },
  "stat.mode": {
    linux: "offsetof(struct statx, stx_mode)",
    darwin: "offsetof(struct stat, st_mode)",
  },
  "stat.device": {
    linux: "offsetof(struct statx, stx_dev_major)",
    darwin: "offsetof(struct stat, st_dev)",
  },
  "termios.size": "sizeof(struct termios)",
  "termios.c_iflag": "offsetof(struct termios, c_iflag)",
  "termios.c_oflag": "offsetof(struct termios, c_oflag)",
  "termios.c_lflag": "offsetof(struct termios, c_lflag)",
  "stat.inode": {
    linux: "offsetof(struct statx, stx_ino)",
    darwin: "offsetof(struct stat, st_ino)",
  },
  "stat.birth": {
    linux: "offsetof(struct statx, stx_btime)",
    darwin: "offsetof(struct stat, st_birthtimespec)",
  },
  "sockaddrUn.family": "offsetof(struct sockaddr_un, sun_family)",
  "sockaddrUn.path": "offsetof(struct sockaddr_un, sun_path)",
  "sockaddrUn.pathSize": "sizeof(((struct sockaddr_un *)0)->sun_path)",
  "msghdr.size": "sizeof(struct msghdr)",
  "msghdr.name": "offsetof(struct msghdr, msg_name)",
  "msghdr.nameLength": "offsetof(struct msghdr, msg_namelen)",
  "msghdr.iov": "offsetof(struct msghdr, msg_iov)",
  "msghdr.iovLength": "offsetof(struct msghdr, msg_iovlen)",
  "msghdr.control": "offsetof(struct msghdr, msg_control)",
  "msghdr.controlLength": "offsetof(struct msghdr, msg_controllen)",
  "msghdr.flags": "offsetof(struct msghdr, msg_flags)",
  "cmsghdr.size": "sizeof(struct cmsghdr)",
  "cmsghdr.level": "offsetof(struct cmsghdr, cmsg_level)",
  "cmsghdr.type": "offsetof(struct cmsghdr, cmsg_type)",
  "cmsghdr.alignment": "CMSG_SPACE(1) - CMSG_SPACE(0)",
  "errno.ETOOMANYREFS": "ETOOMANYREFS",
  "stat.length": {
    linux: "offsetof(struct statx, stx_size)",
    darwin: "offsetof(struct stat, st_size)",
  },
  "stat.blockSize": {
    linux: "offsetof(struct statx, stx_blksize)",
    darwin: "offsetof(struct stat, st_blksize)",
  },
  "ipcPerm.uid": "offsetof(struct ipc_perm, uid)",
  "ipcPerm.gid": "offsetof(struct ipc_perm, gid)",
  "ipcPerm.cuid": "offsetof(struct ipc_perm, cuid)",
  "ipcPerm.cgid": "offsetof(struct ipc_perm, cgid)",
  "ipcPerm.mode": "offsetof(struct ipc_perm, mode)",
  "msqidDs.size": "sizeof(struct msqid_ds)",
  "msqidDs.stime": "offsetof(struct msqid_ds, msg_stime)",
  "msqidDs.rtime": "offsetof(struct msqid_ds, msg_rtime)",
  "msqidDs.ctime": "offsetof(struct msqid_ds, msg_ctime)",
  "msqidDs.cbytes": "offsetof(struct msqid_ds, msg_cbytes)",
  "msqidDs.qnum": "offsetof(struct msqid_ds, msg_qnum)",
  "msqidDs.qbytes": "offsetof(struct msqid_ds, msg_qbytes)",
  "msqidDs.lspid": "offsetof(struct msqid_ds, msg_lspid)",
  "msqidDs.lrpid": "offsetof(struct msqid_ds, msg_lrpid)",
  DIRENT_NAME: "offsetof(struct dirent, d_name)",
  SIGACTION_SIZE: "sizeof(struct sigaction)",
  SIGACTION_FLAGS: "offsetof(struct sigaction, sa_flags)",
  SIGEVENT_SIZE: "sizeof(struct sigevent)",
  "semidDs.size": "sizeof(struct semid_ds)",
  "semidDs.otime": "offsetof(struct semid_ds, sem_otime)",
  "semidDs.ctime": "offsetof(struct semid_ds, sem_ctime)",
  "semidDs.nsems": "offsetof(struct semid_ds, sem_nsems)",
  "flock.size": "sizeof(struct flock)",
  "flock.type": "offsetof(struct flock, l_type)",
  "flock.whence": "offsetof(struct flock, l_whence)",
  "flock.start": "offsetof(struct flock, l_start)",
  "flock.len": "offsetof(struct flock, l_len)",
  "flock.pid": "offsetof(struct flock, l_pid)",
  "shmidDs.size": "sizeof(struct shmid_ds)",
  "shmidDs.segsz": "offsetof(struct shmid_ds, shm_segsz)",
  "shmidDs.atime": "offsetof(struct shmid_ds, shm_atime)",
  "shmidDs.dtime": "offsetof(struct shmid_ds, shm_dtime)",
  "shmidDs.ctime": "offsetof(struct shmid_ds, shm_ctime)",
  "shmidDs.cpid": "offsetof(struct shmid_ds, shm_cpid)",
  "shmidDs.lpid": "offsetof(struct shmid_ds, shm_lpid)",
  "shmidDs.nattch": "offsetof(struct shmid_ds, shm_nattch)",
  KEVENT_SIZE: "sizeof(struct kevent)",
  SYS_FSCONFIG: "SYS_fsconfig",
  SYS_FSMOUNT: "SYS_fsmount",
  SYS_FSOPEN: "SYS_fsopen",
  SYS_PIDFD_OPEN: "SYS_pidfd_open",
  SYS_PIDFD_SEND_SIGNAL: "SYS_pidfd_send_signal",
  SIGACTION_MASK: "offsetof(struct sigaction, sa_mask)",
  SIGSET_SIZE: "sizeof(sigset_t)",
  DL_INFO_SIZE: "sizeof(Dl_info)",
  DL_INFO_FBASE: "offsetof(Dl_info, dli_fbase)",
  PHDR_SIZE: "sizeof(Elf64_Phdr)",
  PHDR_VADDR: "offsetof(Elf64_Phdr, p_vaddr)",
  DYN_SIZE: "sizeof(Elf64_Dyn)",
  RELA_SIZE: "sizeof(Elf64_Rela)",
  RELA_SYMBOL: "offsetof(Elf64_Rela, r_info) + 4",
  SYM_SIZE: "sizeof(Elf64_Sym)",
  SIGINFO_SIZE: "sizeof(siginfo_t)",
  SIGINFO_SIGNO: "offsetof(siginfo_t, si_signo)",
  SIGINFO_CODE: "offsetof(siginfo_t, si_code)",
  SIGINFO_PID: "offsetof(siginfo_t, si_pid)",
  SIGINFO_UID: "offsetof(siginfo_t, si_uid)",
  SIGINFO_VALUE: "offsetof(siginfo_t, si_value)",
  SYS_FUTEX_WAITV: "SYS_futex_waitv",
};

/** Used in Linux's own calls only; macOS has another number for the name. */
const LINUX_ONLY: readonly string[] = [
  "AT_FDCWD",
  "SA_SIGINFO",
  "SIGCHLD",
  "SIGINFO_PID",
  "SIGINFO_SIZE",
  "SIGINFO_UID",
  "SIGINFO_VALUE",
  "SIGSET_SIZE",
  "SIG_UNBLOCK",
  "SI_QUEUE",
  "SI_TIMER",
  "CLOCK_MONOTONIC",
  "DIRENT_NAME",
  "SA_ONSTACK",
  "SA_RESTART",
  "SA_SIGINFO",
  "SIGACTION_FLAGS",
  "SIGACTION_SIZE",
  "SIGBUS",
  "SIGEVENT_SIZE",
];

for (const machine of machines) {
  Deno.test(`platform.ts has the numbers on record for ${machine}`, () => {
    const headers = recordedHeaders(machine);
    assertNone(
      platformConstants(machine).flatMap((constant) => {
        if (headers.has(spelling(constant, machine))) {
          return disagreement(constant, headers, machine);
        }
        return [`${constant.name} is not on record in testdata/platforms.tsv`];
      }),
    );
  });

  Deno.test(`no other file disagrees with the record for ${machine}`, () => {
    const headers = recordedHeaders(machine);
    assertNone(
      othersFor(machine).flatMap((constant) =>
        headers.get(spelling(constant, machine)) === undefined
          ? []
          : disagreement(constant, headers, machine)
      ),
    );
  });
}

Deno.test("the numbers on record are those of this machine's C compiler", {
  ignore: noCompiler,
}, async () => {
  const expected = [...recordedHeaders(thisMachine)]
    .filter(([_, value]) => value !== undefined);
  const expressions = expected.map(([expression]) => expression);
  const headers = await compiledHeaders([], expressions);
  assertEquals([...headers], expected);
});

Deno.test("every number in use is that of this machine's C compiler", {
  ignore: noCompiler,
}, async () => {
  const own = platformConstants(thisMachine);
  const others = othersFor(thisMachine);
  const recorded = [...recordedHeaders(thisMachine)]
    .filter(([_, value]) => value !== undefined)
    .map(([expression]) => expression);
  const names = [...own, ...others].map(({ name }) => name);
  const headers = await compiledHeaders(names, recorded);
  assertNone([
    ...own.flatMap((constant) => disagreement(constant, headers, thisMachine)),
    ...others.flatMap((constant) =>
      headers.has(spelling(constant, thisMachine))
        ? disagreement(constant, headers, thisMachine)
        : []
    ),
  ]);
});

Deno.test("Deno's error and signal numbers are those of the C compiler", {
  ignore: noCompiler,
}, async () => {
  const known = Object.entries({ ...constants.errno, ...constants.signals })
    .map(([name, value]) => ({ name, value, file: "node:os" }));
  const headers = await compiledHeaders(known.map(({ name }) => name), []);
  assertNone(
    known
      .filter(({ name }) => headers.has(name))
      .flatMap((constant) => disagreement(constant, headers, thisMachine)),
  );
});

Deno.test("every error number that is asked for by name is known", () => {
  const known = Object.keys(E);
  assertNone(
    [...errorNames()]
      .filter((name) => !known.includes(name))
      .map((name) => `E.${name} is undefined`),
  );
});

for (const machine of machines) {
  Deno.test(`posix_spawn's structs fit their buffers on ${machine}`, () => {
    const headers = recordedHeaders(machine);
    const buffer = otherConstants().find(({ name }) => name === "STRUCT_SIZE");
    for (const type of ["posix_spawnattr_t", "posix_spawn_file_actions_t"]) {
      const size = headers.get(`sizeof(${type})`)!;
      assertGreaterOrEqual(buffer!.value, size);
    }
  });
}

function spelling({ name }: Constant, machine: string): string {
  const found = SPELLINGS[name] ?? name;
  return typeof found === "string" ? found : found[machine.split("-")[0]];
}

function othersFor(machine: string): Constant[] {
  const all = otherConstants();
  return machine.startsWith("linux-")
    ? all
    : all.filter(({ name }) => !LINUX_ONLY.includes(name));
}

/** What a system does not have is 0 in its table, and not used if shared. */
function disagreement(
  constant: Constant,
  headers: Headers,
  machine: string,
): string[] {
  const { name, value, file, shared = false } = constant;
  const expression = spelling(constant, machine);
  const expected = headers.get(expression) ?? (shared ? value : 0);
  return value === expected
    ? []
    : [`${file}: ${name} is ${value}, but C's ${expression} is ${expected}`];
}

function assertNone(violations: readonly string[]): void {
  if (violations.length > 0) fail(violations.join("\n"));
}
