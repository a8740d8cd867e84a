/** Numbers of filters, by their names in C. */
export interface KqueueConstants {
  /** -1 on macOS. */
  readonly EVFILT_READ?: number;
  /** -2 on macOS. */
  readonly EVFILT_WRITE?: number;
  /** -4 on macOS. */
  readonly EVFILT_VNODE?: number;
  /** -5 on macOS. */
  readonly EVFILT_PROC?: number;
  /** -6 on macOS. */
  readonly EVFILT_SIGNAL?: number;
  /** -7 on macOS. */
  readonly EVFILT_TIMER?: number;
  /** -10 on macOS. */
  readonly EVFILT_USER?: number;
  /** -15 on macOS. */
  readonly EVFILT_EXCEPT?: number;
}

/** Where kqueue comes from, if not from the system. */
export interface KqueueOptions {
  /** The path of a library that has `kqueue` and `kevent`. */
  readonly library?: string;
  /** The numbers of that library's filters, where they differ from macOS's. */
  readonly constants?: KqueueConstants;
}
