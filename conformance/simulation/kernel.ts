/**
 * The system calls of a simulated machine, as a `Posix`: what a subject gets in place of this machine's own.
 */
import type { Posix } from '../../posix/index.js';
import { byteCalls } from './calls/bytes.js';
import { descriptorCalls } from './calls/descriptors.js';
import { processCalls } from './calls/process.js';
import { readinessCalls } from './calls/readiness.js';
import { socketCalls } from './calls/sockets.js';
import type { Machine } from './machine.js';

export function kernelOf(machine: Machine): Posix {
  return {
    ...socketCalls(machine),
    ...byteCalls(machine),
    ...descriptorCalls(machine),
    ...readinessCalls(machine),
    ...processCalls(machine),
  };
}
