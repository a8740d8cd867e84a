/** Who a process is, as the kernel vouches for it. */
export interface Credentials {
  /** Its process id, as numbered here. */
  readonly pid: number;
  /** Its user. */
  readonly uid: number;
  /** Its group. */
  readonly gid: number;
}

/** Who is at the other end of a connection. */
export interface PeerCredentials {
  /** The process that connected, listened or made the pair. */
  readonly pid?: number;
  /** Its user at that time. */
  readonly uid: number;
  /** Its group at that time. */
  readonly gid: number;
}
