/**
 * A simulated kernel for subjects in TypeScript: scenarios run in process, in virtual time, from a seed. To be read in this order:
 *
 *     machine.ts             time, concurrency, chance, and the end: the theory of all this
 *     virtual-clock.ts       agenda.ts  prng.ts  liberties.ts  halt.ts: the parts that it is made of
 *     files/open-file.ts     what an open file is; fd-table.ts, names.ts: how it is found
 *     files/                 pipe.ts  unix-socket.ts  tcp-socket.ts (over socket.ts)  event-counter.ts  epoll.ts  …
 *     calls/                 the system calls over them, by the same chapters as posix/
 *     kernel.ts              all of these as a `Posix`
 *     simulated-thread.ts    simulated-process.ts: what surrounds a run
 *     simulation.ts          runs scenarios: `new Simulation(factory).run(scenario, seed)`
 *     examine.ts             runs and judges a whole suite
 *
 * It is held to the real kernel: test/kernels.test.ts runs the same programs of system calls on both.
 */
export { examine, type Examined, type ExamineOptions } from './examine.js';
export { Deadlock, Halt, Runaway } from './halt.js';
export { kernelOf } from './kernel.js';
export { PLAIN, UNRULY, USUAL, type Liberties } from './liberties.js';
export { Machine, type MachineOptions } from './machine.js';
export { ScenarioError, simulate, Simulation, type SubjectFactory } from './simulation.js';
