/**
 * What a kernel is free to do, and most of the time does not. A correct program copes with all of it; a test that wants to
 * see a program cope has to have a kernel that does it. Each is drawn from the seed of the simulation.
 */
export interface Liberties {
  /** The order in which a wait reports the fds that are ready; threads and timers are late by more than usual. */
  readonly order: boolean;
  readonly lateness: boolean;
  /** A read or a write moves fewer bytes than it could. (man 2 read, man 2 write) */
  readonly shortTransfers: boolean;
  /** A wait ends with EINTR, as if a signal had come that nobody sent. */
  readonly interruptions: boolean;
  /** A wait reports an fd for reading at which there is nothing. (man 2 select, BUGS) Level-triggered loops that promise to call for true readiness alone can't keep their word then. */
  readonly spuriousReadiness: boolean;
}

/** Draws nothing: the same course of things for every seed. */
export const PLAIN: Liberties = {
  order: false,
  lateness: false,
  shortTransfers: false,
  interruptions: false,
  spuriousReadiness: false,
};

/** What every kernel does at times, and no clause assumes away. */
export const USUAL: Liberties = { ...PLAIN, order: true, lateness: true };

/** Everything. Clauses that assume that no signal comes, or that readiness is true, don't hold here. */
export const UNRULY: Liberties = {
  order: true,
  lateness: true,
  shortTransfers: true,
  interruptions: true,
  spuriousReadiness: true,
};
