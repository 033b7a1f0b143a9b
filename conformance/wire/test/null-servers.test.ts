/**
 * Servers that do nothing of substance: what they pass shows what the exchanges of a clause demand.
 *
 * Each of them answers the kit's own plain request if it is the first of a connection, and shows a manifest in which it claims
 * everything: so it comes through calibration and beats, and nothing is unclaimed. Whatever else is sent has its one conduct.
 */
import t, { type Test } from 'tap';
import { MANIFEST_PATH, ROUTE_NAMES, type Manifest } from '../../../spec/server-contract.js';
import { PROTOCOL_VERSION, type Hello } from '../../../spec/protocol.js';
import type { Exchange } from '../../../spec/exchange.js';
import { Examination } from '../../examination.js';
import { loadSuite } from '../../suite.js';
import { hostOf, plainRequest } from '../ask.js';
import { calibrate, MISSING_PATH } from '../calibrate.js';
import { examineExchanges } from '../examine.js';
import type { Servers } from '../servers.js';
import { timesOf } from '../times.js';
import { wrongServer, type Conduct } from './wrong-server.js';

t.setTimeout(600_000);

/** A right server would need more; these take no time for what they do. */
const TIMES = { ...timesOf(1), quietMs: 40, responseMs: 250, stepMs: 3000 };

const MANIFEST: Manifest = {
  evspec: 1,
  routes: ROUTE_NAMES,
  limits: {
    requestLineBytes: 8192,
    headBytes: 16_384,
    fieldCount: 100,
    bodyBytes: 4000,
    partCount: 20,
    headTimeoutMs: 300,
    bodyTimeoutMs: 300,
    idleTimeoutMs: 300,
  },
  unclaimed: {},
  choices: {},
};

const EMPTY = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
const REFUSAL = 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';
const LAST = 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';

const MUSTS = loadSuite().spec.clauses.filter(
  ({ level, exchanges }) => level === 'MUST' && exchanges.length > 0,
).length;

/** What is done with each read. */
const CONDUCTS: Readonly<Record<string, Conduct>> = {
  'says yes to everything': (socket) => void socket.write(EMPTY),
  'says yes, and closes': (socket) => void socket.end(LAST),
  'refuses everything': (socket) => void socket.end(REFUSAL),
  'never answers': () => undefined,
  'closes at once': (socket) => void socket.end(),
  'resets at once': (socket) => void socket.resetAndDestroy(),
  'echoes what it is sent': (socket, text) => void socket.write(text, 'latin1'),
  'answers twice': (socket) => void socket.write(EMPTY + EMPTY),
  'answers at the first byte': (socket, _, first) => void (first && socket.write(EMPTY)),
  'says that it closes, and does not': (socket) => void socket.write(LAST),
};

/** @returns each MUST that passes */
async function passedBy(t: Test, conduct: Conduct): Promise<string[]> {
  const server = await wrongServer(t, (socket, text, first) => {
    const { address } = server;
    const isFirst = (path: string): boolean =>
      first && text === plainRequest(path, address).toString('latin1');
    const body = JSON.stringify(MANIFEST);
    const answer = (body: string, status = '200 OK'): void =>
      void socket.end(
        `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
    if (isFirst('/')) answer('hi');
    else if (isFirst(MANIFEST_PATH)) answer(body);
    else if (isFirst(MISSING_PATH)) answer('', '404 Not Found');
    else conduct(socket, text, first);
  });
  const served = { address: server.address, stop: () => undefined, end: () => Promise.resolve() };
  const servers: Servers = {
    canRestart: false,
    takesOptions: true,
    canStop: true,
    isGone: false,
    serve: () => Promise.resolve(served),
    restart: () => Promise.resolve(),
    condition: () => 'the test is its process',
    stderr: () => '',
    close: () => Promise.resolve([]),
  };
  const base = { ...(await calibrate(server.address)), times: TIMES };
  const suite = loadSuite();
  const hello: Hello = {
    protocol: PROTOCOL_VERSION,
    name: hostOf(server.address),
    version: '',
    language: '',
    pid: 0,
    facets: ['http', 'server'],
    unclaimed: {},
    choices: {},
    limits: {},
    rounds: 'adapter',
    loop: 'created',
  };
  const verdictsOn = async (exchanges: readonly Exchange[]) => {
    const ids = new Set(exchanges.map(({ clause }) => clause));
    const clauses = suite.spec.clauses.filter(({ id }) => ids.has(id));
    const examination = new Examination(suite, hello, {});
    const { problems } = await examineExchanges(examination, servers, base, exchanges, {});
    const { outcomes } = examination.finish({ clauses, checks: [], exchanges, partial: true });
    t.same(
      problems.map(({ text }) => text),
      [],
    );
    return outcomes.filter(({ verdict }) => verdict === 'pass').map(({ clause }) => clause);
  };
  // One exchange is enough to fail; so the others are run of those clauses alone that did not.
  const first = new Map<string, Exchange>();
  for (const exchange of suite.exchanges)
    if (!first.has(exchange.clause)) first.set(exchange.clause, exchange);
  let left = await verdictsOn([...first.values()]);
  left = await verdictsOn(suite.exchanges.filter(({ clause }) => left.some(({ id }) => id === clause)));
  return left.filter(({ level }) => level === 'MUST').map(({ id }) => id);
}

/** Why a server of no substance passes a clause, by what the clauses have in common. */
const REASONS: Readonly<Record<string, readonly string[]>> = {
  'a server may be willing to read as much as that': ['HTTP-START-25', 'HTTP-FIELD-16'],
  'to read the CR as a part of its line is accepted, with a note': ['HTTP-FIELD-15'],
  'to close behind a response, or to say so, is all that is asked, and always allowed': [
    'HTTP-LENGTH-2',
    'HTTP-LENGTH-8',
    'HTTP-CHUNK-15',
    'HTTP-CODING-10',
    'HTTP-CODING-12',
    'HTTP-CONN-2',
    'HTTP-CONN-4',
    'HTTP-CONN-6',
    'HTTP-RESPONSE-1',
    'SERVER-STOP-2',
  ],
  'an empty response is a response, and its head is in order': [
    'HTTP-RESPONSE-2',
    'HTTP-RESPONSE-5',
    'HTTP-RESPONSE-9',
  ],
  'without a Date, there is none in a wrong form; without a refusal, none lacks one': [
    'HTTP-RESPONSE-12',
    'HTTP-RESPONSE-13',
  ],
  'not to switch is all that is asked': ['HTTP-UPGRADE-2', 'HTTP-UPGRADE-3'],
  'it serves at the port that it says, and no more is asked': ['SERVER-LISTEN-1'],
};
const TO_HEADS = REASONS['an empty response is a response, and its head is in order']!;
const TO_SIZES = REASONS['a server may be willing to read as much as that']!;
const TO_LEAVE_ALONE = [
  ...REASONS['without a Date, there is none in a wrong form; without a refusal, none lacks one']!,
  ...REASONS['not to switch is all that is asked']!,
];
const TO_ENDS =
  REASONS['to close behind a response, or to say so, is all that is asked, and always allowed']!;
const TO_YES = [...TO_HEADS, ...TO_SIZES, ...TO_LEAVE_ALONE];

/** Every MUST that each of them passes; those that refuse, are silent or close pass none. */
const PASSED: Readonly<Record<keyof typeof CONDUCTS, readonly string[]>> = {
  'says yes to everything': [...TO_YES, 'HTTP-FIELD-15', 'HTTP-CHUNK-15', 'SERVER-LISTEN-1'],
  'says yes, and closes': [...TO_YES, ...TO_ENDS, 'HTTP-FIELD-15'],
  'refuses everything': [],
  'never answers': [],
  'closes at once': [],
  'resets at once': [],
  'echoes what it is sent': [],
  // Two responses to two requests, of which the second follows a length of zero.
  'answers twice': [...TO_YES, 'HTTP-LENGTH-8'],
  'answers at the first byte': TO_YES,
  'says that it closes, and does not': [...TO_YES, ...TO_ENDS, 'HTTP-FIELD-15'],
};

void t.test('each clause that is passed so has a reason', (t) => {
  const known = new Set(loadSuite().spec.clauses.map(({ id }) => id));
  const reasoned = new Set(Object.values(REASONS).flat());
  t.same(
    [...reasoned].filter((id) => !known.has(id)),
    [],
  );
  t.same([...new Set(Object.values(PASSED).flat())].sort(), [...reasoned].sort());
  t.same(Object.keys(PASSED), Object.keys(CONDUCTS));
  t.end();
});

for (const [name, conduct] of Object.entries(CONDUCTS))
  void t.test(name, async (t) => {
    const passed = await passedBy(t, conduct);
    t.comment(`${passed.length} of ${MUSTS} MUST pass: ${passed.join(' ')}`);
    t.same(
      passed.filter((id) => !PASSED[name]!.includes(id)),
      [],
      'no other MUST passes',
    );
  });
