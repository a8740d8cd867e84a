/**
 * What nobody can do any more with memory that is sealed: make it smaller
 * (`"shrink"`) or larger (`"grow"`), write to it (`"write"`), write to it where
 * it is not mapped already (`"future-write"`, Linux 5.1), add seals (`"seal"`).
 */
export type Seal = "seal" | "shrink" | "grow" | "write" | "future-write";
