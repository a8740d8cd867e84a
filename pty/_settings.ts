/** What a terminal does with what passes through it: termios(3), and its size. */

import { libc as base } from "../_internal/_ffi.ts";
import { check } from "../_internal/errno.ts";
import {
  ECHO,
  ICRNL,
  IUTF8,
  OPOST,
  platform,
  TCSANOW,
} from "../_internal/platform.ts";
import { libc } from "./_ffi.ts";

/** How many characters a terminal shows. */
export interface PtySize {
  /** How many in a line. */
  readonly columns: number;
  /** How many lines. */
  readonly rows: number;
}

// struct winsize { unsigned short ws_row, ws_col, ws_xpixel, ws_ypixel; }
const ROW = 0;
const COLUMN = 1;

/** The size of the terminal at `fd`. */
export function getSize(fd: number): PtySize {
  const winsize = new Uint16Array(4);
  check(base.ioctl(fd, platform.TIOCGWINSZ, winsize), "ioctl");
  return { columns: winsize[COLUMN], rows: winsize[ROW] };
}

/** Changes the size; its foreground programs get SIGWINCH. */
export function setSize(fd: number, { columns, rows }: PtySize): void {
  const winsize = new Uint16Array(4);
  winsize[ROW] = rows;
  winsize[COLUMN] = columns;
  check(base.ioctl(fd, platform.TIOCSWINSZ, winsize), "ioctl");
}

const { termios, IXON, ONLCR, ICANON, ISIG, IEXTEN } = platform;

/** Flags that are set when lines can be edited, and not when it is raw. */
const COOKED = {
  c_iflag: ICRNL | IXON,
  c_oflag: OPOST | ONLCR,
  c_lflag: ECHO | ICANON | ISIG | IEXTEN,
};

const SETS = ["c_iflag", "c_oflag", "c_lflag"] as const;

/** Whether the terminal passes everything on as it is. */
export function isRaw(fd: number): boolean {
  const lflag = getSettings(fd).getUint32(termios.c_lflag, true);
  return (lflag & (ICANON | ISIG)) === 0;
}

/** Has the terminal pass everything on as it is, or not. */
export function setRaw(fd: number, raw: boolean): void {
  change(fd, (settings) => {
    if (raw) return libc.cfmakeraw(settings);
    for (const set of SETS) setFlags(settings, set, COOKED[set], true);
  });
}

/** Has a character of several bytes be one when lines are edited. */
export function setUtf8(fd: number): void {
  change(fd, (settings) => setFlags(settings, "c_iflag", IUTF8, true));
}

/** Whether the terminal shows what is typed. */
export function getEcho(fd: number): boolean {
  return (getSettings(fd).getUint32(termios.c_lflag, true) & ECHO) !== 0;
}

/** Has the terminal show what is typed, or not. */
export function setEcho(fd: number, echo: boolean): void {
  change(fd, (settings) => setFlags(settings, "c_lflag", ECHO, echo));
}

function setFlags(
  settings: DataView,
  set: keyof typeof COOKED,
  flags: number,
  on: boolean,
): void {
  const offset = termios[set];
  const before = settings.getUint32(offset, true);
  settings.setUint32(offset, on ? before | flags : before & ~flags, true);
}

function change(
  fd: number,
  make: (settings: DataView<ArrayBuffer>) => void,
): void {
  const settings = getSettings(fd);
  make(settings);
  check(libc.tcsetattr(fd, TCSANOW, settings), "tcsetattr");
}

function getSettings(fd: number): DataView<ArrayBuffer> {
  const settings = new DataView(new ArrayBuffer(termios.size));
  check(libc.tcgetattr(fd, settings), "tcgetattr");
  return settings;
}
