/** Calls about the process, its signals, its limits and its clocks. */
import { EINVAL, EPERM, ESRCH, RLIMIT_NOFILE, type Posix } from '../../../posix/index.js';
import type { Machine } from '../machine.js';

type ProcessCalls = Pick<
  Posix,
  'getpid' | 'gettid' | 'kill' | 'tgkill' | 'exit' | 'getrlimit' | 'setrlimit' | 'monotonicMs' | 'threadCpuMs'
>;

/** Of the only process, and its only thread. */
const PID = 2;
const SIGNALS = 64;

export function processCalls(machine: Machine): ProcessCalls {
  const { table, clock } = machine;
  return {
    getpid: () => PID,
    gettid: () => PID,

    kill(pid, signal) {
      machine.enter();
      if (!(signal >= 0 && signal <= SIGNALS)) return -EINVAL;
      if (pid !== PID) return -ESRCH;
      if (signal > 0) machine.signal();
      return 0;
    },

    tgkill(pid, tid, signal) {
      machine.enter();
      if (!(signal >= 0 && signal <= SIGNALS)) return -EINVAL;
      if (pid !== PID || tid !== PID) return -ESRCH;
      if (signal > 0) machine.signal();
      return 0;
    },

    exit() {
      throw new Error('the simulated process was told to exit');
    },

    getrlimit(resource, limit) {
      machine.enter();
      if (resource !== RLIMIT_NOFILE) return -EINVAL;
      limit.soft = table.limit.soft;
      limit.hard = table.limit.hard;
      return 0;
    },

    setrlimit(resource, limit) {
      machine.enter();
      if (resource !== RLIMIT_NOFILE || !(limit.soft <= limit.hard)) return -EINVAL;
      if (limit.hard > table.limit.hard) return -EPERM;
      table.limit.soft = limit.soft;
      table.limit.hard = limit.hard;
      return 0;
    },

    monotonicMs: () => clock.monotonicMs(),
    threadCpuMs: () => clock.threadCpuMs(),
  };
}
