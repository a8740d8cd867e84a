/**
 * What differs between the machines this package runs on: the only file that
 * reads `Deno.build`, and the only home of a platform number.
 *
 * The tables are checked in `tests/platform_test.ts` against a C compiler of
 * the running system and against the recorded headers of the others.
 */

/** Flags, request codes and struct offsets of one kind of machine. */
export interface Platform {
  /** File name of the C library. */
  readonly libc: string;
  /**
   * Functions whose symbol has another name here, by their C name. Apple's
   * arm64 passes variadic arguments on the stack, where no FFI signature puts
   * them: there the system call itself, under two underscores, is called.
   */
  readonly symbolNames: Readonly<Record<string, string>>;

  readonly O_NONBLOCK: number;
  readonly O_CREAT: number;
  readonly O_EXCL: number;
  readonly O_CLOEXEC: number;
  /** Packet mode of a pipe; 0 where there is none. */
  readonly O_DIRECT: number;
  readonly F_DUPFD_CLOEXEC: number;
  /** 0 where a pipe's capacity cannot be chosen. */
  readonly F_SETPIPE_SZ: number;
  readonly F_GETPIPE_SZ: number;
  readonly FIONREAD: bigint;
  readonly FD_SETSIZE: number;

  /** 0 where a System V receive cannot ask for all types but one. */
  readonly MSG_EXCEPT: number;
  /** 0 where a System V message cannot be looked at without taking it. */
  readonly MSG_COPY: number;
  readonly EVFILT_USER: number;
  readonly POSIX_SPAWN_SETSID: number;
  /** Closes in a child what it was not given; 0 where there is no such flag. */
  readonly POSIX_SPAWN_CLOEXEC_DEFAULT: number;

  /** `struct epoll_event` is packed on x86-64 only. */
  readonly epollEvent: { readonly size: number; readonly data: number };
  /** Where `st_mode` is: in `struct stat`, on Linux in `struct statx`. */
  readonly stat: { readonly size: number; readonly mode: number };
  /** `struct ipc_perm` of System V objects. */
  readonly ipcPerm: {
    readonly uid: number;
    readonly gid: number;
    readonly cuid: number;
    readonly cgid: number;
    readonly mode: number;
  };
  /** `struct msqid_ds` of System V message queues. */
  readonly msqidDs: {
    readonly size: number;
    readonly stime: number;
    readonly rtime: number;
    readonly ctime: number;
    readonly cbytes: number;
    readonly qnum: number;
    readonly qbytes: number;
    readonly lspid: number;
    readonly lrpid: number;
  };
}

/** The same number on every platform here. */
export const O_RDONLY = 0;
export const O_WRONLY = 1;
export const O_RDWR = 2;
export const O_ACCMODE = 3;
export const F_GETFD = 1;
export const F_SETFD = 2;
export const F_GETFL = 3;
export const F_SETFL = 4;
export const FD_CLOEXEC = 1;
export const S_IFMT = 0xf000;
export const S_IFIFO = 0x1000;
export const POLLIN = 1;
export const POLLOUT = 4;
export const POLLERR = 8;
export const POLLHUP = 16;
export const WNOHANG = 1;
export const IPC_CREAT = 0x200;
export const IPC_EXCL = 0x400;
export const IPC_NOWAIT = 0x800;
export const IPC_PRIVATE = 0;
export const IPC_RMID = 0;
export const IPC_SET = 1;
export const IPC_STAT = 2;
export const MSG_NOERROR = 0x1000;
export const POSIX_SPAWN_SETSIGDEF = 4;
export const POSIX_SPAWN_SETSIGMASK = 8;

const LINUX_X86_64: Platform = {
  libc: "libc.so.6",
  symbolNames: {},
  O_NONBLOCK: 0x800,
  O_CREAT: 0x40,
  O_EXCL: 0x80,
  O_CLOEXEC: 0x80000,
  O_DIRECT: 0x4000,
  F_DUPFD_CLOEXEC: 1030,
  F_SETPIPE_SZ: 1031,
  F_GETPIPE_SZ: 1032,
  FIONREAD: 0x541bn,
  FD_SETSIZE: 1024,
  MSG_EXCEPT: 0x2000,
  MSG_COPY: 0x4000,
  EVFILT_USER: 0,
  POSIX_SPAWN_SETSID: 0x80,
  POSIX_SPAWN_CLOEXEC_DEFAULT: 0,
  epollEvent: { size: 12, data: 4 },
  // struct statx, the same on every architecture: statx(2).
  stat: { size: 256, mode: 28 },
  ipcPerm: { uid: 4, gid: 8, cuid: 12, cgid: 16, mode: 20 },
  msqidDs: {
    size: 120,
    stime: 48,
    rtime: 56,
    ctime: 64,
    cbytes: 72,
    qnum: 80,
    qbytes: 88,
    lspid: 96,
    lrpid: 100,
  },
};

const LINUX_AARCH64: Platform = {
  ...LINUX_X86_64,
  O_DIRECT: 0x10000,
  epollEvent: { size: 16, data: 8 },
};

const DARWIN_AARCH64: Platform = {
  libc: "/usr/lib/libSystem.B.dylib",
  symbolNames: {
    __errno_location: "__error",
    open: "__open",
    fcntl: "__fcntl",
    ioctl: "__ioctl",
  },
  O_NONBLOCK: 0x4,
  O_CREAT: 0x200,
  O_EXCL: 0x800,
  O_CLOEXEC: 0x1000000,
  O_DIRECT: 0,
  F_DUPFD_CLOEXEC: 67,
  F_SETPIPE_SZ: 0,
  F_GETPIPE_SZ: 0,
  FIONREAD: 0x4004667fn,
  FD_SETSIZE: 1024,
  MSG_EXCEPT: 0,
  MSG_COPY: 0,
  EVFILT_USER: -10,
  POSIX_SPAWN_SETSID: 0x400,
  POSIX_SPAWN_CLOEXEC_DEFAULT: 0x4000,
  epollEvent: { size: 0, data: 0 },
  stat: { size: 144, mode: 4 },
  ipcPerm: { uid: 0, gid: 4, cuid: 8, cgid: 12, mode: 16 },
  msqidDs: {
    size: 116,
    stime: 64,
    rtime: 76,
    ctime: 88,
    cbytes: 32,
    qnum: 40,
    qbytes: 48,
    lspid: 56,
    lrpid: 60,
  },
};

const DARWIN_X86_64: Platform = {
  ...DARWIN_AARCH64,
  symbolNames: {
    ...DARWIN_AARCH64.symbolNames,
    // The plain names are the interfaces of before 64-bit inodes and of 10.4.
    fstat: "fstat$INODE64",
    stat: "stat$INODE64",
    select: "select$1050",
  },
};

/** Every table, by `${os}-${arch}`, so that a test can read them anywhere. */
export const PLATFORMS: Readonly<Record<string, Platform>> = {
  "linux-x86_64": LINUX_X86_64,
  "linux-aarch64": LINUX_AARCH64,
  "darwin-x86_64": DARWIN_X86_64,
  "darwin-aarch64": DARWIN_AARCH64,
};

/** The operating system, in Deno's words. */
export const os: typeof Deno.build.os = Deno.build.os;
/** The processor, in Deno's words. */
export const arch: typeof Deno.build.arch = Deno.build.arch;

const table: Platform | undefined = PLATFORMS[`${os}-${arch}`];

/** Whether this package works here at all. */
export const supported: boolean = table !== undefined;

/**
 * The table of this machine. Where the package is not supported it is some
 * table, for its shape: no call gets far enough to use it.
 */
export const platform: Platform = table ?? LINUX_X86_64;

/** Throws the error for something that this operating system does not have. */
export function notSupported(what: string, instead?: string): never {
  throw new Deno.errors.NotSupported(
    `${what} is not supported on ${os}` + (instead ? `: ${instead}` : ""),
  );
}
