/** Judges one of the HTTP servers of fixtures/subjects/http/, as `evspec run --target … --start …` does. */
import { runTarget, type Selection } from '../../conformance/index.js';
import type { Report } from '../../spec/report.js';
import type { HttpPeer } from '../../fixtures/subjects/http/peers.js';
import { freePort } from '../../fixtures/subjects/http/start.js';

/** For `/bin/sh`. */
const quoted = (word: string): string => `'${word.replaceAll("'", String.raw`'\''`)}'`;

/** What a test runner puts into the environment for its own processes. */
const PLAIN = 'unset NODE_OPTIONS NODE_V8_COVERAGE';

export async function judgeHttpPeer({ command }: HttpPeer, selection: Selection): Promise<Report> {
  const host = '127.0.0.1';
  const port = await freePort();
  return runTarget({
    ...selection,
    target: {
      address: { host, port, tls: false, insecure: false },
      url: `http://${host}:${port}`,
      start: `${PLAIN}; exec ${[...command, String(port)].map(quoted).join(' ')}`,
    },
    strict: false,
    reference: undefined,
  });
}
