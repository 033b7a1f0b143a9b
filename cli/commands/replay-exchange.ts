/** `evspec replay` of an exchange: what was said, beside what was expected, and what the reference says. */
import type { Exchange } from '../../spec/exchange.js';
import { exchangeLines } from '../../conformance/report/failure-text.js';
import { wrap } from '../../conformance/report/layout.js';
import { excerpt } from '../../conformance/subject/visible.js';
import type { Launch } from '../../conformance/subject/launch.js';
import { withReferenceTranscripts } from '../../conformance/wire/reference-transcripts.js';
import { replayExchange } from '../../conformance/wire/replay.js';
import { ServerProblem, type Servers } from '../../conformance/wire/servers.js';
import type { Context } from '../context.js';
import { BrokenError, EXIT_INCOMPLETE, EXIT_PROBLEM } from '../errors.js';

export interface ExchangeReplay {
  readonly exchange: Exchange;
  readonly servers: Servers;
  readonly reference: Launch | undefined;
  /** For sentences about the server. */
  readonly label: string;
  readonly json: boolean;
}

async function replayed({ servers, exchange }: ExchangeReplay) {
  try {
    return await replayExchange(servers, exchange);
  } catch (error) {
    throw error instanceof ServerProblem ? new BrokenError(error.message) : error;
  }
}

export async function replayOne(replay: ExchangeReplay, context: Context): Promise<void> {
  const { exchange, reference, label, json } = replay;
  const result = await replayed(replay);
  if (result.is === 'unclaimed') {
    context.print(`unclaimed: ${excerpt(result.reason, 500)}\n`);
    context.exitCode = EXIT_INCOMPLETE;
    return;
  }
  const { verdict, problems } = result;
  for (const { kind, text } of problems) process.stderr.write(`evspec: ${kind}: ${excerpt(text, 1000)}\n`);
  if (verdict.is === 'error') {
    process.stderr.write(`evspec: ${verdict.kind}: ${excerpt(verdict.text, 1000)}\n`);
    context.exitCode = EXIT_PROBLEM;
    return;
  }
  const failed = verdict.is === 'failed';
  const bare = {
    check: exchange.name,
    clauses: failed ? [exchange.clause] : [],
    exchange: exchange.text,
    transcript: [...verdict.transcript],
    expected: failed ? [...verdict.expected] : [],
  };
  const [failure = bare] = await withReferenceTranscripts(reference, [bare]);
  if (json) context.print(`${JSON.stringify(failure)}\n`);
  else {
    const { paint, width } = context;
    const answer = failed
      ? wrap(`✗ ${exchange.clause}: ${excerpt(verdict.text, 400)}`, width, '  ').map((line) =>
          paint('bad', line),
        )
      : [paint('good', `✓ ${exchange.clause}`), ...verdict.notes.map((note) => `  ${excerpt(note)}`)];
    const lines = [
      `${paint('heading', exchange.name)} on ${excerpt(label)}`,
      ...exchangeLines({ ...bare, ...failure }, { paint, width }),
      ...answer,
    ];
    context.print(`${lines.join('\n')}\n`);
  }
  context.exitCode = failed ? 1 : problems.length > 0 ? EXIT_PROBLEM : 0;
}
