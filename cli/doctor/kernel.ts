/** Does the adapter pass on what the kernel says: errno names, and bytes unchanged? */
import { excerpt } from '../../conformance/subject/visible.js';
import * as p from '../../conformance/scenarios/program.js';
import type { Check } from '../../conformance/scenarios/check.js';
import type { Trace } from '../../spec/trace.js';

/** Two, three and four bytes in UTF-8, and one that is a control character. */
const TEXT = 'é€😀\u0001';

export const BYTES: Check = p.check({
  clauses: ['DOCTOR'],
  name: 'bytes',
  sentinel: false,
  fds: { a: 'pair' },
  main: [p.write('a', TEXT), p.read('a.peer'), p.writeBytes('a', 1000), p.drain('a.peer')],
});

/** What is wrong with the bytes. */
export function bytesDefect({ records }: Trace): string | undefined {
  const [wrote, read, wroteMore, drained] = records.map((record) =>
    record.k === 'did' ? record : undefined,
  );
  const bytes = Buffer.from(TEXT, 'utf8');
  if (wrote?.result !== bytes.length)
    return `a write of ${bytes.length} bytes of UTF-8 has the result ${wrote?.result}: is 'data' written as UTF-8?`;
  if (read?.result !== bytes.length)
    return `of ${bytes.length} bytes, the read at the far end got ${read?.result}`;
  if (read.data !== bytes.toString('latin1'))
    return `the bytes came back as "${excerpt(read.data ?? 'nothing')}": 'data' has to hold one character for each byte (latin1)`;
  if (wroteMore?.result !== 1000 || drained?.result !== 1000)
    return `of 1000 bytes, ${wroteMore?.result} were written and ${drained?.result} drained`;
  return undefined;
}

export const ERRNOS: Check = p.check({
  clauses: ['DOCTOR'],
  name: 'errnos',
  sentinel: false,
  fds: { a: { kind: 'pipe', near: 'write' }, b: 'pair' },
  main: [p.close('a.peer'), p.write('a'), p.read('b')],
});

/** What is wrong with the names of errors. SIGPIPE must not have ended the subject before. */
export function errnoDefect({ records }: Trace): string | undefined {
  const errnoOf = (at: number): string => {
    const record = records[at];
    return (record?.k === 'did' ? record.errno : undefined) ?? 'no errno';
  };
  if (errnoOf(1) !== 'EPIPE')
    return `a write to a pipe that nobody reads gave ${excerpt(errnoOf(1))} where EPIPE is due`;
  if (errnoOf(2) !== 'EAGAIN')
    return `a read from an empty socket gave ${excerpt(errnoOf(2))} where EAGAIN is due: are the fds non-blocking?`;
  return undefined;
}
