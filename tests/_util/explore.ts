/** Looking at every state that a model can get into. */

/** Something whose states are few enough. */
export interface Model<S> {
  readonly initial: S;
  /** Tells a state from all others. */
  key(state: S): string;
  /** What may happen next, each by itself. */
  next(state: S): Iterable<S>;
  /** What is wrong with a state, if anything. */
  wrong(state: S): string | undefined;
  /** Whether everything has come to its end. */
  ended(state: S): boolean;
}

/** What was found. */
export interface Exploration<S> {
  readonly states: number;
  /** A state that is wrong, or from which there is no way to the end. */
  readonly failure?: { readonly why: string; readonly trail: readonly S[] };
}

/** Looks at all states, the nearest first. */
export function explore<S>(model: Model<S>): Exploration<S> {
  const states: S[] = [model.initial];
  const from: number[] = [-1];
  const known = new Map([[model.key(model.initial), 0]]);
  const before: number[][] = [[]];
  const ends: number[] = [];
  function failure(why: string, at: number): Exploration<S> {
    const trail: S[] = [];
    for (let i = at; i >= 0; i = from[i]) trail.unshift(states[i]);
    return { states: states.length, failure: { why, trail } };
  }
  for (let at = 0; at < states.length; at++) {
    const state = states[at];
    const why = model.wrong(state);
    if (why !== undefined) return failure(why, at);
    if (model.ended(state)) ends.push(at);
    for (const next of model.next(state)) {
      const key = model.key(next);
      let index = known.get(key);
      if (index === undefined) {
        index = states.push(next) - 1;
        known.set(key, index);
        from.push(at);
        before.push([]);
      }
      before[index].push(at);
    }
  }
  const stuck = withoutWayTo(ends, before);
  return stuck < 0
    ? { states: states.length }
    : failure("somebody waits for ever", stuck);
}

/** The first state from which none of the ends can be reached; -1 if none. */
function withoutWayTo(ends: readonly number[], before: number[][]): number {
  const reached = new Uint8Array(before.length);
  const open = [...ends];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (reached[at]) continue;
    reached[at] = 1;
    open.push(...before[at]);
  }
  return reached.indexOf(0);
}
