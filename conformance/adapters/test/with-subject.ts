/** What tests of Python subjects share beside the subject itself. */
import type { Test } from 'tap';
import { patternByte } from '../../../spec/scenario.js';
import type { Trace } from '../../../spec/trace.js';
import { PythonSubject, recordsOf, type Program } from './python-subject.js';

export const END = { runs: [[{ op: 'done' as const }]] };
export const hello = { hello: { kit: '0', spec: '0' } };

/** Operations that some subject has done in the tests of this process. */
export const done = new Set<string>();

/** Starts a subject for the tests in `body`, and sees it end well. */
export async function withSubject(
  t: Test,
  args: string[],
  body: (run: (program: Program) => Promise<Trace>, subject: PythonSubject) => Promise<void>,
): Promise<void> {
  const subject = new PythonSubject(...args);
  t.teardown(() => subject.child.kill('SIGKILL'));
  await body(async (program) => {
    const trace = await subject.run(program);
    recordsOf(trace, 'did').forEach(({ op }) => done.add(op));
    t.same(trace.openFds?.after, trace.openFds?.before, 'no fd is left over');
    return trace;
  }, subject);
  t.equal(await subject.end(), 0, 'exits when the kit is gone');
}

/** Bytes of the pattern, as a trace shows them. */
export const pattern = (from: number, size: number): string =>
  Buffer.from(Array.from({ length: size }, (_, i) => patternByte(from + i))).toString('latin1');
