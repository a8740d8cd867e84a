/**
 * Whether a receive is for the answer to something just sent. On one core the
 * answer comes when this thread sleeps, and sleeping in the call that takes it
 * is the shortest way. Who only sends or only receives had better give the
 * processor away, which lets the other side fill or empty the queue.
 */

let sent = false;

/** Says that this thread has sent something. */
export function hasSent(): void {
  sent = true;
}

/** Whether it has, since this was asked last. */
export function expectsAnswer(): boolean {
  const answer = sent;
  sent = false;
  return answer;
}
