/**
 * The FIFO programs of the tutorials in Python. Each takes the paths of the
 * requests and the answers, and prints how many rounds it has seen.
 */

/** The tutorials' ways of opening, as the lines that open both FIFOs. */
export interface OpeningStyle {
  readonly name: string;
  readonly server: string;
  readonly client: string;
}

/** Every style that is in use. */
export const STYLES: readonly OpeningStyle[] = [
  {
    name: "blocking opens, the reading end first",
    server: `
rf = os.open(requests, os.O_RDONLY)
wf = os.open(answers, os.O_WRONLY)`,
    client: `
rf = os.open(answers, os.O_RDONLY)
wf = os.open(requests, os.O_WRONLY)`,
  },
  {
    name: "blocking opens, the writing end first",
    server: `
wf = os.open(answers, os.O_WRONLY)
rf = os.open(requests, os.O_RDONLY)`,
    client: `
wf = os.open(requests, os.O_WRONLY)
rf = os.open(answers, os.O_RDONLY)`,
  },
  {
    name: "O_RDWR | O_SYNC | O_CREAT to write",
    server: `
rf = os.open(requests, os.O_RDONLY)
wf = os.open(answers, os.O_SYNC | os.O_CREAT | os.O_RDWR)`,
    client: `
wf = os.open(requests, os.O_SYNC | os.O_CREAT | os.O_RDWR)
rf = os.open(answers, os.O_RDONLY)`,
  },
  {
    name: "O_RDWR | O_SYNC | O_CREAT for both",
    server: `
rf = os.open(requests, os.O_SYNC | os.O_CREAT | os.O_RDWR)
wf = os.open(answers, os.O_SYNC | os.O_CREAT | os.O_RDWR)`,
    client: `
wf = os.open(requests, os.O_SYNC | os.O_CREAT | os.O_RDWR)
rf = os.open(answers, os.O_SYNC | os.O_CREAT | os.O_RDWR)`,
  },
];

const BEGINNING = `
import os
import sys

requests, answers = sys.argv[1:3]
`;

const MAKING = `
if os.path.exists(requests):
    os.remove(requests)
if os.path.exists(answers):
    os.remove(answers)
os.mkfifo(requests)
os.mkfifo(answers)
`;

const ENDING = `
os.close(rf)
os.close(wf)
print(count)
`;

/** The program that answers "pong" until it hears "end". */
export function pythonServer(style: OpeningStyle, makes: boolean): string {
  return BEGINNING + (makes ? MAKING : "") + style.server + `
count = 0
while True:
    s = os.read(rf, 4)
    if s == b"end":
        break
    if s != b"ping":
        sys.exit("the server read %r" % s)
    count += 1
    os.write(wf, b"pong")
` + ENDING;
}

/** The program that says "ping" 100 times and then "end". */
export function pythonClient(style: OpeningStyle, makes: boolean): string {
  return BEGINNING + (makes ? MAKING : "") + style.client + `
count = 0
for i in range(100):
    os.write(wf, b"ping")
    s = os.read(rf, 4)
    if s != b"pong":
        sys.exit("the client read %r" % s)
    count += 1
os.write(wf, b"end")
` + ENDING;
}
