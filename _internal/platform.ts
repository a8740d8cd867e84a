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
  readonly O_NOCTTY: number;
  /** Packet mode of a pipe; 0 where there is none. */
  readonly O_DIRECT: number;
  readonly F_DUPFD_CLOEXEC: number;
  /** 0 where a pipe's capacity cannot be chosen. */
  readonly F_SETPIPE_SZ: number;
  readonly F_GETPIPE_SZ: number;
  readonly FIONREAD: bigint;
  readonly TIOCGWINSZ: bigint;
  readonly TIOCSWINSZ: bigint;
  readonly FD_SETSIZE: number;
  readonly MAP_ANONYMOUS: number;
  /** The real-time signals; 0 where there are none. */
  readonly SIGRTMIN: number;
  readonly SIGRTMAX: number;
  readonly SYS_RECVFROM: number;
  readonly SYS_RT_TGSIGQUEUEINFO: number;

  readonly EVFILT_USER: number;
  readonly POSIX_SPAWN_SETSID: number;
  /** Closes in a child what it was not given; 0 where there is no such flag. */
  readonly POSIX_SPAWN_CLOEXEC_DEFAULT: number;

  /** `struct epoll_event` is packed on x86-64 only. */
  readonly epollEvent: { readonly size: number; readonly data: number };
  /** Where the sets of flags are in `struct termios`: 32 bits are enough. */
  readonly termios: {
    readonly size: number;
    readonly c_iflag: number;
    readonly c_oflag: number;
    readonly c_lflag: number;
  };
  readonly IXON: number;
  readonly ONLCR: number;
  readonly ICANON: number;
  readonly ISIG: number;
  readonly IEXTEN: number;
  /** Where `st_mode` is: in `struct stat`, on Linux in `struct statx`. */
  readonly stat: { readonly size: number; readonly mode: number };
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
export const ICRNL = 0x100;
export const OPOST = 1;
export const ECHO = 8;
export const TCSANOW = 0;
export const PROT_READ = 1;
export const PROT_WRITE = 2;
export const PROT_EXEC = 4;
export const MAP_PRIVATE = 2;
export const POSIX_SPAWN_SETSIGDEF = 4;
export const POSIX_SPAWN_SETSIGMASK = 8;

const LINUX_X86_64: Platform = {
  libc: "libc.so.6",
  symbolNames: {},
  O_NONBLOCK: 0x800,
  O_CREAT: 0x40,
  O_EXCL: 0x80,
  O_CLOEXEC: 0x80000,
  O_NOCTTY: 0x100,
  O_DIRECT: 0x4000,
  F_DUPFD_CLOEXEC: 1030,
  F_SETPIPE_SZ: 1031,
  F_GETPIPE_SZ: 1032,
  FIONREAD: 0x541bn,
  TIOCGWINSZ: 0x5413n,
  TIOCSWINSZ: 0x5414n,
  FD_SETSIZE: 1024,
  MAP_ANONYMOUS: 0x20,
  SIGRTMIN: 34,
  SIGRTMAX: 64,
  SYS_RECVFROM: 45,
  SYS_RT_TGSIGQUEUEINFO: 297,
  EVFILT_USER: 0,
  POSIX_SPAWN_SETSID: 0x80,
  POSIX_SPAWN_CLOEXEC_DEFAULT: 0,
  epollEvent: { size: 12, data: 4 },
  termios: { size: 60, c_iflag: 0, c_oflag: 4, c_lflag: 12 },
  IXON: 0x400,
  ONLCR: 4,
  ICANON: 2,
  ISIG: 1,
  IEXTEN: 0x8000,
  // struct statx, the same on every architecture: statx(2).
  stat: { size: 256, mode: 28 },
};

const LINUX_AARCH64: Platform = {
  ...LINUX_X86_64,
  O_DIRECT: 0x10000,
  SYS_RECVFROM: 207,
  SYS_RT_TGSIGQUEUEINFO: 240,
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
  O_NOCTTY: 0x20000,
  O_DIRECT: 0,
  F_DUPFD_CLOEXEC: 67,
  F_SETPIPE_SZ: 0,
  F_GETPIPE_SZ: 0,
  FIONREAD: 0x4004667fn,
  TIOCGWINSZ: 0x40087468n,
  TIOCSWINSZ: 0x80087467n,
  FD_SETSIZE: 1024,
  MAP_ANONYMOUS: 0x1000,
  SIGRTMIN: 0,
  SIGRTMAX: 0,
  SYS_RECVFROM: 0,
  SYS_RT_TGSIGQUEUEINFO: 0,
  EVFILT_USER: -10,
  POSIX_SPAWN_SETSID: 0x400,
  POSIX_SPAWN_CLOEXEC_DEFAULT: 0x4000,
  epollEvent: { size: 0, data: 0 },
  termios: { size: 72, c_iflag: 0, c_oflag: 8, c_lflag: 24 },
  IXON: 0x200,
  ONLCR: 2,
  ICANON: 0x100,
  ISIG: 0x80,
  IEXTEN: 0x400,
  stat: { size: 144, mode: 4 },
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
