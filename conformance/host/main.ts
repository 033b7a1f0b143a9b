/**
 * The host of a subject that is written in TypeScript or JavaScript: `node main.js MODULE` speaks the subject
 * protocol (`spec/protocol.md`) on its standard input and output.
 *
 * Requests are read with a blocking call, each from a macrotask of its own; Node's loop is only used if the subject uses it.
 */
import { resolve } from 'node:path';
import { posix, SIGSTOP } from '../../posix/index.js';
import type { Request } from '../../spec/protocol.js';
import { ControlChannel } from './control-channel.js';
import { helloOf } from './hello.js';
import { importSubject } from './load-subject.js';
import { NoSubject } from './no-subject.js';
import { OpenFds } from './open-fds.js';
import { textOf, typeOf } from './raised.js';
import { Run, type Host, type Result, type RunHooks } from './run.js';
import { prepareSignals } from './signals.js';
import { StandardFds } from './standard-fds.js';
import { HelperThread } from './thread.js';

type RunRequest = Extract<Request, { run: unknown }>;

const channel = ControlChannel.open(posix);
const standardFds = new StandardFds(posix);
const module = resolve(process.argv[2] ?? '');
let current: Run | undefined;

/** What the host needs for running scenarios; or the sentence that says why there will be none. */
async function prepare(): Promise<Host | string> {
  try {
    if (process.argv[2] === undefined) return 'usage: node main.js MODULE';
    prepareSignals();
    const thread = new HelperThread(posix, module);
    const [subject, ready] = await Promise.all([importSubject(module, 'checked'), thread.ready()]);
    const hello = await helloOf({ subject, path: module, cannotWake: ready.cannotWake, posix });
    return { posix, subject, hello, thread, openFds: new OpenFds(posix), standardFds };
  } catch (error) {
    if (error instanceof NoSubject) {
      process.stderr.write(`${error.details ?? error.message}\n`);
      return error.message;
    }
    if (error instanceof Error) process.stderr.write(`${error.stack ?? error.message}\n`);
    return `the subject can't be loaded: ${typeOf(error)}: ${textOf(error)}`;
  }
}

function hooksOf(request: RunRequest): RunHooks {
  const { id } = request;
  const stop = (stopping: 'before' | 'after'): void => {
    channel.write({ id, stopping });
    // Sent to this very thread, so that it does not get a step further.
    posix.tgkill(posix.getpid(), posix.gettid(), SIGSTOP);
  };
  return {
    ...(request.flush === true && { onRecord: (record) => channel.write({ id, records: [record] }) }),
    before: (fds) => {
      if (request.flush === true) channel.write({ id, records: [], fds });
      if (request.rendezvous === true) stop('before');
    },
    after: () => {
      if (request.rendezvous === true) stop('after');
    },
  };
}

function run(host: Host, request: RunRequest): void {
  const { id } = request;
  const ended = (result: Result): void => {
    current = undefined;
    channel.write({ id, ...result });
    setImmediate(next);
  };
  try {
    current = new Run(host, request.run, hooksOf(request));
    current.execute(ended);
  } catch (error) {
    ended({ error: `the host failed: ${typeOf(error)}: ${textOf(error)}` });
  }
}

function answer(request: Request): void {
  const { id } = request;
  if ('run' in request && typeof host !== 'string') return run(host, request);
  if ('bye' in request) {
    channel.write({ id, bye: {} });
    process.exit(0);
  }
  if (typeof host === 'string') channel.write({ id, error: host });
  else if ('hello' in request) channel.write({ id, hello: host.hello });
  else channel.write({ id, error: 'a request has one of the keys hello, run and bye' });
  setImmediate(next);
}

/** Takes the next request. Blocks until there is one. */
function next(): void {
  const line = channel.read();
  if (line === undefined) process.exit(0);
  let request: unknown;
  try {
    request = JSON.parse(line);
  } catch {
    request = undefined;
  }
  if (isRequest(request)) return answer(request);
  channel.write({ id: -1, error: 'this line is not a request: a JSON object with an id' });
  setImmediate(next);
}

/** The kit has checked what it sends; this much is for people who write requests by hand. */
function isRequest(value: unknown): value is Request {
  return typeof value === 'object' && value !== null && 'id' in value;
}

process.on('uncaughtException', (error: unknown) => {
  if (current !== undefined) current.uncaught(error);
  else process.stderr.write(`uncaught outside of any scenario: ${typeOf(error)}: ${textOf(error)}\n`);
});

const host = await prepare();
setImmediate(next);
