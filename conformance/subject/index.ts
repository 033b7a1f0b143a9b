/** The kit's side of the subject protocol. */
export { commandLine, type Launch } from './launch.js';
export { SubjectPool, type JobOptions, type PoolOptions, type Result } from './pool.js';
export { describe, type Problem, type ProblemName } from './problems.js';
export type { Moment, RendezvousHook } from './rendezvous.js';
