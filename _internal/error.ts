/** Errors of the kernel, as the classes Deno's users catch. */

/** What every error of a system call carries beside its message. */
export interface SystemErrorFields {
  /** The name of the error number, such as `"ENOENT"`. */
  readonly code: string;
  /** The error number, as this operating system counts. */
  readonly errno: number;
  /** The function that failed, such as `"mkfifo"`. */
  readonly syscall: string;
}

/**
 * An error of a system call for which Deno has no class of its own, such as
 * `EMFILE`, `EIDRM` or `EMSGSIZE`. The others are `Deno.errors.*` with the same
 * fields.
 *
 * @example Tell one error from another
 * ```ts
 * import { IpcError, Pipe } from "@ipc/core/pipe";
 *
 * try {
 *   using pipe = Pipe.open();
 *   console.log(pipe.reader.fd);
 * } catch (error) {
 *   if (error instanceof IpcError && error.code === "EMFILE") {
 *     console.error("Too many open files");
 *   } else throw error;
 * }
 * ```
 */
export class IpcError extends Error implements SystemErrorFields {
  /** The name of the class. */
  override readonly name: string = "IpcError";
  /** The name of the error number, such as `"EMFILE"`. */
  readonly code: string;
  /** The error number, as this operating system counts. */
  readonly errno: number;
  /** The function that failed, such as `"pipe2"`. */
  readonly syscall: string;

  /**
   * Makes an error; this package does so for the errors of system calls.
   *
   * @param message What failed and what to do.
   * @param fields The error number, its name, and the function that failed.
   */
  constructor(message: string, fields: SystemErrorFields) {
    super(message);
    this.code = fields.code;
    this.errno = fields.errno;
    this.syscall = fields.syscall;
  }
}

type DenoErrorClass = new (message: string) => Error;

/** Deno's class for an error number, where it has one. */
const CLASSES: Readonly<Record<string, DenoErrorClass>> = {
  EACCES: Deno.errors.PermissionDenied,
  EADDRINUSE: Deno.errors.AddrInUse,
  EADDRNOTAVAIL: Deno.errors.AddrNotAvailable,
  EAFNOSUPPORT: Deno.errors.NotSupported,
  EAGAIN: Deno.errors.WouldBlock,
  EBADF: Deno.errors.BadResource,
  EBUSY: Deno.errors.Busy,
  ECONNABORTED: Deno.errors.ConnectionAborted,
  ECONNREFUSED: Deno.errors.ConnectionRefused,
  ECONNRESET: Deno.errors.ConnectionReset,
  EEXIST: Deno.errors.AlreadyExists,
  EINTR: Deno.errors.Interrupted,
  EISDIR: Deno.errors.IsADirectory,
  ELOOP: Deno.errors.FilesystemLoop,
  ENOENT: Deno.errors.NotFound,
  ENOSYS: Deno.errors.NotSupported,
  ENOTCONN: Deno.errors.NotConnected,
  ENOTDIR: Deno.errors.NotADirectory,
  ENOTSUP: Deno.errors.NotSupported,
  EOPNOTSUPP: Deno.errors.NotSupported,
  EPERM: Deno.errors.PermissionDenied,
  EPIPE: Deno.errors.BrokenPipe,
  EPROTONOSUPPORT: Deno.errors.NotSupported,
  ESRCH: Deno.errors.NotFound,
  ETIMEDOUT: Deno.errors.TimedOut,
  ETXTBSY: Deno.errors.Busy,
};

/** Makes the error object of `fields`: Deno's class if there is one. */
export function toError(message: string, fields: SystemErrorFields): Error {
  const Class = CLASSES[fields.code];
  if (Class === undefined) return new IpcError(message, fields);
  return Object.assign(new Class(message), fields);
}
