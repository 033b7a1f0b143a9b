/** What has to be known of a server before exchanges are run against it: its latency, its plain answer, its application. */
import { Manifest, MANIFEST_PATH } from '../../spec/server-contract.js';
import { excerpt } from '../subject/visible.js';
import { ask, hostOf } from './ask.js';
import type { Known } from './conditions.js';
import type { Address } from './connection.js';
import { fieldValue, type Response } from './response-parser.js';
import { ServerProblem } from './servers.js';
import { timesOf, type Times } from './times.js';

export interface Calibration {
  readonly times: Times;
  readonly known: Known;
  /** Undefined: no conformance application is mounted, and this says why the kit thinks so. */
  readonly manifest: Manifest | undefined;
  readonly noManifest: string;
  /** The Server field of its plain answer. */
  readonly server: string | undefined;
}

/** A path that a server is not expected to have: the exchanges use it, and so does `missing` (spec/exchanges.md). */
export const MISSING_PATH = '/nx';

const ROUNDS = 5;
/** Of a connection that was ended: where the host stalls between connect and request, a short idle time may be up. */
const RETRIES = 3;
/** Of one answer, ms. */
const BUDGET_MS = 6000;

const HOW = {
  failed: 'there is no connection',
  closed: 'it ended the connection',
  silent: 'nothing came',
  malformed: 'what came is not HTTP/1',
} as const;

/** @throws ServerProblem */
export async function calibrate(address: Address, rounds = ROUNDS): Promise<Calibration> {
  const took: number[] = [];
  let plain: Response | undefined;
  for (let i = 0; i < rounds; i++) {
    let answer = await ask(address, '/', BUDGET_MS);
    for (let again = 0; answer.is === 'closed' && again < RETRIES; again++)
      answer = await ask(address, '/', BUDGET_MS);
    if (answer.is !== 'response')
      throw new ServerProblem(
        'no-answer',
        `the server at ${hostOf(address)} ${i === 0 ? 'does not answer GET /' : 'answered GET / at first, and not when it was asked again'}: ${HOW[answer.is]}`,
      );
    took.push(answer.ms);
    plain ??= answer.response;
    if (answer.response.status !== plain.status)
      throw new ServerProblem(
        'unsteady',
        `the server at ${hostOf(address)} answers GET / now by ${plain.status}, now by ${answer.response.status}: have it answer always the same, without a limit of rates or a balance of loads before it`,
      );
  }
  if (plain!.status >= 500)
    throw new ServerProblem(
      'not-working',
      `the server at ${hostOf(address)} answers GET / by ${plain!.status}, so it is not in working order: have it answer by another status first`,
    );
  const latencyMs = took.sort((a, b) => a - b)[took.length >> 1]!;
  const { manifest, why } = await manifestOf(address);
  return {
    times: timesOf(latencyMs),
    known: {
      host: hostOf(address),
      tls: address.tls,
      limits: { ...manifest?.limits },
      ok: plain!.status,
      missing: await missingOf(address),
    },
    manifest,
    noManifest: why,
    server: fieldValue(plain!.fields, 'server'),
  };
}

/** How it answers where there is nothing; undefined if that is not always the same. */
async function missingOf(address: Address): Promise<number | undefined> {
  const statuses = new Set<number | undefined>();
  for (let i = 0; i < 2; i++) {
    let answer = await ask(address, MISSING_PATH, BUDGET_MS);
    for (let again = 0; answer.is === 'closed' && again < RETRIES; again++)
      answer = await ask(address, MISSING_PATH, BUDGET_MS);
    if (answer.is !== 'response') return undefined;
    statuses.add(answer.response.status);
  }
  return statuses.size === 1 ? [...statuses][0] : undefined;
}

async function manifestOf(address: Address): Promise<{ manifest: Manifest | undefined; why: string }> {
  const none = (text: string) => ({
    manifest: undefined,
    why: `the server has not the application of spec/http/application.md: ${text}`,
  });
  const broken = (text: string): ServerProblem =>
    new ServerProblem(
      'manifest-invalid',
      `the manifest at ${MANIFEST_PATH} is broken: ${text}. Mend it, or answer by 404 where there is no application`,
    );
  const answer = await ask(address, MANIFEST_PATH, BUDGET_MS);
  if (answer.is === 'malformed' && /^HTTP\/1\.\d 200 /.test(answer.bytes.toString('latin1', 0, 13)))
    throw broken(answer.what);
  if (answer.is !== 'response') return none(`GET ${MANIFEST_PATH} was not answered`);
  const { status, body } = answer.response;
  if (status !== 200) return none(`GET ${MANIFEST_PATH} was answered by ${status}`);
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(body, 'latin1').toString('utf8'));
  } catch {
    const type = fieldValue(answer.response.fields, 'content-type') ?? '';
    if (/\bjson\b/i.test(type)) throw broken('it is said to be JSON, and is none');
    return none(`${MANIFEST_PATH} is not JSON`);
  }
  const isOne = typeof json === 'object' && json !== null && 'evspec' in json;
  const parsed = Manifest.safeParse(json);
  if (parsed.success) return { manifest: parsed.data, why: '' };
  if (!isOne) return none(`${MANIFEST_PATH} is no manifest`);
  const [issue] = parsed.error.issues;
  const where = issue?.path.map(String).join('.') ?? '';
  throw new ServerProblem(
    'manifest-invalid',
    `the manifest at ${MANIFEST_PATH} is not valid: ${excerpt(`${where}: ${issue?.message ?? ''}`, 200)}`,
  );
}
