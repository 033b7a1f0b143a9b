/**
 * The simulated kernel is held to the real one: the same programs of system calls on both, and the same answers, call by call.
 */
import fc from 'fast-check';
import t from 'tap';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PollSet, posix, unsupported } from '../../../posix/index.js';
import { kernelOf } from '../kernel.js';
import { Machine } from '../machine.js';
import { programs, Side, type Call } from './syscall-programs.js';

const elsewhere = unsupported(process.platform, process.arch);
const RUNS = Number(process.env['EVSPEC_RUNS'] ?? 3000);

/**
 * Loopback TCP hands its segments to a soft interrupt, which comes within the call as a rule and some microseconds later on a busy
 * host. A call that finds the old state is made again; none of them has changed anything then.
 */
const PATIENCE = 40;
const nothing = new PollSet();

const machine = new Machine({ mostCalls: Infinity });
const simulated = kernelOf(machine);
let count = 0;

/** The first call on which the kernels differ. */
function difference(calls: readonly Call[]): string | undefined {
  machine.boot(0);
  const prefix = join(tmpdir(), `evspec-kernels-${process.pid}-${count++}`);
  const real = new Side(posix, prefix);
  const ours = new Side(simulated, prefix);
  try {
    for (const [i, call] of calls.entries()) {
      const expected = JSON.stringify(ours.run(call));
      let answer = JSON.stringify(real.run(call));
      for (let again = 0; answer !== expected && again < PATIENCE && isHarmless(call); again++) {
        posix.poll(nothing, 1);
        answer = JSON.stringify(real.run(call));
      }
      if (answer !== expected)
        return `call ${i}, ${JSON.stringify(call)}: the kernel says ${answer}, the simulation ${expected}`;
    }
    return undefined;
  } finally {
    real.end();
    ours.end();
  }
}

const isHarmless = ({ call }: Call): boolean =>
  ['poll', 'select', 'available', 'peek', 'wait', 'accept'].includes(call);

void t.test('both kernels give the same answers', { skip: elsewhere ?? false }, (t) => {
  fc.assert(
    fc.property(programs(false), (calls) => {
      const found = difference(calls);
      if (found !== undefined) throw new Error(found);
    }),
    { numRuns: RUNS, interruptAfterTimeLimit: 15_000 },
  );
  t.end();
});
