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
  /** The real-time signals; 0 where there are none. */
  readonly SIGRTMIN: number;
  readonly SIGRTMAX: number;
  /** System calls that libc lacks, or that are looked for; 0 on macOS. */
  readonly SYS_recvfrom: number;
  readonly SYS_rt_tgsigqueueinfo: number;
  readonly AT_FDCWD: number;
  readonly AT_SYMLINK_NOFOLLOW: number;

  readonly SOL_SOCKET: number;
  readonly SO_TYPE: number;
  readonly SO_ACCEPTCONN: number;
  readonly SO_SNDBUF: number;
  readonly SO_RCVBUF: number;
  /** 0 where no message can say who sent it. */
  readonly SO_PASSCRED: number;
  /** 0 where a peer is asked for by {@linkcode LOCAL_PEERCRED}. */
  readonly SO_PEERCRED: number;
  readonly LOCAL_PEERCRED: number;
  readonly LOCAL_PEERPID: number;
  readonly SCM_CREDENTIALS: number;
  /** 0 where the flags of a new socket have to be set a moment later. */
  readonly SOCK_NONBLOCK: number;
  readonly SOCK_CLOEXEC: number;
  readonly MSG_TRUNC: number;
  readonly MSG_CTRUNC: number;
  readonly MSG_DONTWAIT: number;
  readonly MSG_NOSIGNAL: number;
  /** 0 where descriptors that arrive have to be marked a moment later. */
  readonly MSG_CMSG_CLOEXEC: number;
  readonly MAP_ANONYMOUS: number;
  readonly MAP_NORESERVE: number;
  readonly MS_SYNC: number;
  /** The system call futex(2); 0 where there is none. */
  readonly SYS_futex: number;
  /** The system call flock(2); 0 where it is not called by number. */
  readonly SYS_flock: number;
  /** Commands and types of record locks: fcntl(2). */
  readonly F_GETLK: number;
  readonly F_SETLK: number;
  readonly F_SETLKW: number;
  readonly F_OFD_GETLK: number;
  readonly F_OFD_SETLK: number;
  readonly F_OFD_SETLKW: number;
  readonly F_RDLCK: number;
  readonly F_WRLCK: number;

  /** The most that a POSIX semaphore can be. */
  readonly SEM_VALUE_MAX: number;
  /** Commands of semctl(2). */
  readonly GETPID: number;
  readonly GETALL: number;
  readonly GETNCNT: number;
  readonly GETZCNT: number;
  readonly SETVAL: number;
  readonly SETALL: number;
  /** 0 where a System V receive cannot ask for all types but one. */
  readonly MSG_EXCEPT: number;
  /** 0 where a System V message cannot be looked at without taking it. */
  readonly MSG_COPY: number;
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
  /** Offsets in `struct stat`, on Linux in `struct statx`. */
  readonly stat: {
    readonly size: number;
    readonly mode: number;
    readonly device: number;
    readonly inode: number;
    readonly birth: number;
    readonly length: number;
    readonly blockSize: number;
  };
  /** Offsets in `struct sockaddr_un`, and how long a name may be. */
  readonly sockaddrUn: {
    readonly family: number;
    readonly path: number;
    readonly pathSize: number;
  };
  /** Offsets in `struct msghdr`; its numbers fit the low halves of theirs. */
  readonly msghdr: {
    readonly size: number;
    readonly name: number;
    readonly nameLength: number;
    readonly iov: number;
    readonly iovLength: number;
    readonly control: number;
    readonly controlLength: number;
    readonly flags: number;
  };
  /** Offsets in `struct cmsghdr`, and to what multiple each is padded. */
  readonly cmsghdr: {
    readonly size: number;
    readonly level: number;
    readonly type: number;
    readonly alignment: number;
  };
  /** Error numbers that Deno has no name for. */
  readonly errno: { readonly ETOOMANYREFS: number };
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
  /** `struct shmid_ds` of System V shared memory. */
  readonly shmidDs: {
    readonly size: number;
    readonly segsz: number;
    readonly atime: number;
    readonly dtime: number;
    readonly ctime: number;
    readonly cpid: number;
    readonly lpid: number;
    readonly nattch: number;
  };
  /** `struct semid_ds` of System V semaphores. */
  readonly semidDs: {
    readonly size: number;
    readonly otime: number;
    readonly ctime: number;
    readonly nsems: number;
  };
  /** `struct flock` of record locks. */
  readonly flock: {
    readonly size: number;
    readonly type: number;
    readonly whence: number;
    readonly start: number;
    readonly len: number;
    readonly pid: number;
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
export const F_UNLCK = 2;
export const LOCK_SH = 1;
export const LOCK_EX = 2;
export const LOCK_NB = 4;
export const LOCK_UN = 8;
export const S_IFMT = 0xf000;
export const S_IFIFO = 0x1000;
export const AF_UNIX = 1;
export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_SEQPACKET = 5;
export const SCM_RIGHTS = 1;
export const SHUT_RD = 0;
export const SHUT_WR = 1;
export const POLLIN = 1;
export const POLLPRI = 2;
export const POLLOUT = 4;
export const POLLERR = 8;
export const POLLHUP = 16;
export const POLLNVAL = 32;
export const WNOHANG = 1;
export const ICRNL = 0x100;
export const IUTF8 = 0x4000;
export const OPOST = 1;
export const ECHO = 8;
export const TCSANOW = 0;
export const IPC_CREAT = 0x200;
export const IPC_EXCL = 0x400;
export const IPC_NOWAIT = 0x800;
export const IPC_PRIVATE = 0;
export const IPC_RMID = 0;
export const IPC_SET = 1;
export const IPC_STAT = 2;
export const MSG_NOERROR = 0x1000;
export const SEM_UNDO = 0x1000;
export const PROT_READ = 1;
export const PROT_WRITE = 2;
export const PROT_EXEC = 4;
export const MAP_SHARED = 1;
export const MAP_PRIVATE = 2;
export const MAP_FIXED = 16;
export const MS_ASYNC = 1;
export const SHM_RDONLY = 0x1000;
export const POSIX_SPAWN_SETSIGDEF = 4;
export const POSIX_SPAWN_SETSIGMASK = 8;

/** Linux only, the same on every architecture. */
export const POLLRDHUP = 0x2000;
export const EPOLL_CTL_ADD = 1;
export const EPOLL_CTL_DEL = 2;
export const EPOLL_CTL_MOD = 3;
export const EPOLLIN = 0x1;
export const EPOLLPRI = 0x2;
export const EPOLLOUT = 0x4;
export const EPOLLERR = 0x8;
export const EPOLLHUP = 0x10;
export const EPOLLRDHUP = 0x2000;
export const EPOLLEXCLUSIVE = 1 << 28;
export const EPOLLONESHOT = 1 << 30;
export const EPOLLET = 0x80000000;
export const EFD_SEMAPHORE = 1;
export const RWF_NOWAIT = 8;

/** macOS only. */
export const EVFILT_READ = -1;
export const EVFILT_WRITE = -2;
export const EVFILT_VNODE = -4;
export const EVFILT_PROC = -5;
export const EVFILT_SIGNAL = -6;
export const EVFILT_TIMER = -7;
export const EVFILT_USER = -10;
export const EVFILT_EXCEPT = -15;
export const EV_ADD = 0x1;
export const EV_DELETE = 0x2;
export const EV_ENABLE = 0x4;
export const EV_DISABLE = 0x8;
export const EV_ONESHOT = 0x10;
export const EV_CLEAR = 0x20;
export const EV_RECEIPT = 0x40;
export const EV_DISPATCH = 0x80;
export const EV_EOF = 0x8000;
export const NOTE_LOWAT = 0x1;
export const NOTE_OOB = 0x2;
export const NOTE_SECONDS = 0x1;
export const NOTE_USECONDS = 0x2;
export const NOTE_NSECONDS = 0x4;
export const NOTE_ABSOLUTE = 0x8;
export const NOTE_TRIGGER = 0x1000000;
export const NOTE_FFAND = 0x40000000;
export const NOTE_FFOR = 0x80000000;
export const NOTE_FFCOPY = 0xc0000000;
export const NOTE_FFLAGSMASK = 0xffffff;
export const NOTE_EXIT = 0x80000000;
export const NOTE_FORK = 0x40000000;
export const NOTE_EXEC = 0x20000000;
export const NOTE_EXITSTATUS = 0x4000000;
export const NOTE_DELETE = 0x1;
export const NOTE_WRITE = 0x2;
export const NOTE_EXTEND = 0x4;
export const NOTE_ATTRIB = 0x8;
export const NOTE_LINK = 0x10;
export const NOTE_RENAME = 0x20;
export const NOTE_REVOKE = 0x40;
export const KEVENT_SIZE = 32;

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
  SIGRTMIN: 34,
  SIGRTMAX: 64,
  SYS_recvfrom: 45,
  SYS_rt_tgsigqueueinfo: 297,
  AT_FDCWD: -100,
  AT_SYMLINK_NOFOLLOW: 0x100,
  SOL_SOCKET: 1,
  SO_TYPE: 3,
  SO_ACCEPTCONN: 30,
  SO_SNDBUF: 7,
  SO_RCVBUF: 8,
  SO_PASSCRED: 16,
  SO_PEERCRED: 17,
  LOCAL_PEERCRED: 0,
  LOCAL_PEERPID: 0,
  SCM_CREDENTIALS: 2,
  SOCK_NONBLOCK: 0x800,
  SOCK_CLOEXEC: 0x80000,
  MSG_TRUNC: 0x20,
  MSG_CTRUNC: 0x8,
  MSG_DONTWAIT: 0x40,
  MSG_NOSIGNAL: 0x4000,
  MSG_CMSG_CLOEXEC: 0x40000000,
  MSG_EXCEPT: 0x2000,
  MSG_COPY: 0x4000,
  MAP_ANONYMOUS: 0x20,
  MAP_NORESERVE: 0x4000,
  MS_SYNC: 4,
  SYS_futex: 202,
  SYS_flock: 73,
  F_GETLK: 5,
  F_SETLK: 6,
  F_SETLKW: 7,
  F_OFD_GETLK: 36,
  F_OFD_SETLK: 37,
  F_OFD_SETLKW: 38,
  F_RDLCK: 0,
  F_WRLCK: 1,
  SEM_VALUE_MAX: 0x7fffffff,
  GETPID: 11,
  GETALL: 13,
  GETNCNT: 14,
  GETZCNT: 15,
  SETVAL: 16,
  SETALL: 17,
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
  stat: {
    size: 256,
    mode: 28,
    device: 136,
    inode: 32,
    birth: 80,
    length: 40,
    blockSize: 4,
  },
  sockaddrUn: { family: 0, path: 2, pathSize: 108 },
  msghdr: {
    size: 56,
    name: 0,
    nameLength: 8,
    iov: 16,
    iovLength: 24,
    control: 32,
    controlLength: 40,
    flags: 48,
  },
  cmsghdr: { size: 16, level: 8, type: 12, alignment: 8 },
  errno: { ETOOMANYREFS: 109 },
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
  shmidDs: {
    size: 112,
    segsz: 48,
    atime: 56,
    dtime: 64,
    ctime: 72,
    cpid: 80,
    lpid: 84,
    nattch: 88,
  },
  semidDs: { size: 104, otime: 48, ctime: 64, nsems: 80 },
  flock: { size: 32, type: 0, whence: 2, start: 8, len: 16, pid: 24 },
};

const LINUX_AARCH64: Platform = {
  ...LINUX_X86_64,
  O_DIRECT: 0x10000,
  SYS_recvfrom: 207,
  SYS_rt_tgsigqueueinfo: 240,
  SYS_futex: 98,
  SYS_flock: 32,
  epollEvent: { size: 16, data: 8 },
  semidDs: { size: 88, otime: 48, ctime: 56, nsems: 64 },
};

const DARWIN_AARCH64: Platform = {
  libc: "/usr/lib/libSystem.B.dylib",
  symbolNames: {
    __errno_location: "__error",
    open: "__open",
    fcntl: "__fcntl",
    ioctl: "__ioctl",
    shm_open: "__shm_open",
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
  SIGRTMIN: 0,
  SIGRTMAX: 0,
  SYS_recvfrom: 0,
  SYS_rt_tgsigqueueinfo: 0,
  termios: { size: 72, c_iflag: 0, c_oflag: 8, c_lflag: 24 },
  IXON: 0x200,
  ONLCR: 2,
  ICANON: 0x100,
  ISIG: 0x80,
  IEXTEN: 0x400,
  AT_FDCWD: -2,
  AT_SYMLINK_NOFOLLOW: 0x20,
  SOL_SOCKET: 0xffff,
  SO_TYPE: 0x1008,
  SO_ACCEPTCONN: 2,
  SO_SNDBUF: 0x1001,
  SO_RCVBUF: 0x1002,
  SO_PASSCRED: 0,
  SO_PEERCRED: 0,
  LOCAL_PEERCRED: 1,
  LOCAL_PEERPID: 2,
  SCM_CREDENTIALS: 0,
  SOCK_NONBLOCK: 0,
  SOCK_CLOEXEC: 0,
  MSG_TRUNC: 0x10,
  MSG_CTRUNC: 0x20,
  MSG_DONTWAIT: 0x80,
  MSG_NOSIGNAL: 0x80000,
  MSG_CMSG_CLOEXEC: 0,
  POSIX_SPAWN_SETSID: 0x400,
  POSIX_SPAWN_CLOEXEC_DEFAULT: 0x4000,
  epollEvent: { size: 0, data: 0 },
  stat: {
    size: 144,
    mode: 4,
    device: 0,
    inode: 8,
    birth: 80,
    length: 96,
    blockSize: 112,
  },
  sockaddrUn: { family: 1, path: 2, pathSize: 104 },
  msghdr: {
    size: 48,
    name: 0,
    nameLength: 8,
    iov: 16,
    iovLength: 24,
    control: 32,
    controlLength: 40,
    flags: 44,
  },
  cmsghdr: { size: 12, level: 4, type: 8, alignment: 4 },
  errno: { ETOOMANYREFS: 59 },
  MSG_EXCEPT: 0,
  MSG_COPY: 0,
  MAP_ANONYMOUS: 0x1000,
  MAP_NORESERVE: 0x40,
  MS_SYNC: 0x10,
  SYS_futex: 0,
  SYS_flock: 0,
  F_GETLK: 7,
  F_SETLK: 8,
  F_SETLKW: 9,
  F_OFD_GETLK: 92,
  F_OFD_SETLK: 90,
  F_OFD_SETLKW: 91,
  F_RDLCK: 1,
  F_WRLCK: 3,
  SEM_VALUE_MAX: 32_767,
  GETPID: 4,
  GETALL: 6,
  GETNCNT: 3,
  GETZCNT: 7,
  SETVAL: 8,
  SETALL: 9,
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
  shmidDs: {
    size: 76,
    segsz: 24,
    atime: 44,
    dtime: 52,
    ctime: 60,
    cpid: 36,
    lpid: 32,
    nattch: 40,
  },
  semidDs: { size: 72, otime: 32, ctime: 44, nsems: 28 },
  flock: { size: 24, type: 20, whence: 22, start: 0, len: 8, pid: 16 },
};

const DARWIN_X86_64: Platform = {
  ...DARWIN_AARCH64,
  symbolNames: {
    ...DARWIN_AARCH64.symbolNames,
    // The plain names are the interfaces of before 64-bit inodes and of 10.4.
    fstat: "fstat$INODE64",
    lstat: "lstat$INODE64",
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
