/**
 * The host of a subject that is written in TypeScript or JavaScript: `node main.js MODULE` speaks the subject
 * protocol (`spec/protocol.md`) on its standard input and output.
 *
 * Requests are read with a blocking call, each from a macrotask of its own; Node's loop is only used if the subject uses it. Its servers
 * may use it at any time: from the first `serve` on, requests are read in another thread, until a scenario is run, which can't be
 * while a server lives.
 */
import { resolve } from 'node:path';
import { posix, SIGSTOP } from '../../posix/index.js';
import type { Subject } from '../../spec/contract.js';
import type { Hello, Request } from '../../spec/protocol.js';
import { ControlChannel } from './control-channel.js';
import { helloOf } from './hello.js';
import { importSubject } from './load-subject.js';
import { NoSubject } from './no-subject.js';
import { textOf, typeOf } from './raised.js';
import { Run, type Host, type Result, type RunHooks } from './run.js';
import { Servers } from './serving.js';
import { prepareSignals } from './signals.js';
import { StandardFds } from './standard-fds.js';
import { ThisProcess } from './this-process.js';
import { HelperThread } from './thread.js';

type RunRequest = Extract<Request, { run: unknown }>;

const channel = ControlChannel.open(posix);
const standardFds = new StandardFds(posix);
const module = resolve(process.argv[2] ?? '');
let subject: Loaded | string = 'the subject is not loaded yet';
let current: Run | undefined;
/** Requests are read without blocking this thread. */
let serving = false;

/** A subject that was loaded. */
interface Loaded {
  readonly hello: Hello;
  readonly servers: Servers;
  /** What is needed for running scenarios, if the subject has a loop. */
  readonly host: Host | undefined;
}

function loaded(made: Subject, hello: Hello, thread: HelperThread): Loaded {
  const servers = new Servers(made, (reply) => channel.write(reply));
  if (made.createLoop === undefined) return { hello, servers, host: undefined };
  const surroundings = new ThisProcess(posix, thread, standardFds);
  return { hello, servers, host: { posix, subject: made, hello, surroundings } };
}

/** The subject; or the sentence that says why there will be none. */
async function prepare(): Promise<Loaded | string> {
  try {
    if (process.argv[2] === undefined) return 'usage: node main.js MODULE';
    prepareSignals();
    const thread = new HelperThread(posix, module);
    const [made, ready] = await Promise.all([importSubject(module, 'checked'), thread.ready()]);
    const hello = await helloOf({ subject: made, path: module, cannotWake: ready.cannotWake, posix });
    return loaded(made, hello, thread);
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

/** What a scenario is run with; or the sentence that says why none can be run now. */
function runner({ host, servers }: Loaded): Host | string {
  if (servers.any) return 'a scenario can only be run when no server lives';
  return host ?? 'the subject has no loop, so no scenario can be run';
}

function run(host: Host, request: RunRequest): void {
  const { id } = request;
  serving = false;
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
  if ('bye' in request) {
    channel.write({ id, bye: {} });
    process.exit(0);
  }
  if (typeof subject === 'string') channel.write({ id, error: subject });
  else if ('hello' in request) channel.write({ id, hello: subject.hello });
  else if ('run' in request) {
    const host = runner(subject);
    if (typeof host !== 'string') return run(host, request);
    channel.write({ id, error: host });
  } else if ('serve' in request) {
    serving = true;
    void subject.servers.serve(id, request.serve);
  } else if ('end' in request) void subject.servers.end(id, request.end);
  else channel.write({ id, error: 'a request has one of the keys hello, run, serve, end and bye' });
  setImmediate(next);
}

/** Takes the next request: blocks until there is one, but for servers. */
function next(): void {
  if (serving) channel.readLater((line) => setImmediate(take, line));
  else take(channel.read());
}

function take(line: string | undefined): void {
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
  if (current !== undefined) return current.uncaught(error);
  process.stderr.write(`uncaught outside of any scenario: ${typeOf(error)}: ${textOf(error)}\n`);
  // It would have ended any program that has this server. To go on would make up for a server that lets it through. A thread may
  // be reading the channel, for which process.exit() would wait.
  if (typeof subject !== 'string' && subject.servers.any) posix.exit(1);
});

subject = await prepare();
setImmediate(next);
