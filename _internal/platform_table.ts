/** What a platform table says: one for each kind of machine. */

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
