import { readFileSync } from 'node:fs';
import t from 'tap';
import type { TraceRecord } from '../../../spec/trace.js';
import {
  did,
  entered,
  hello,
  recordsOf,
  reference,
  scenarioOf,
  SubjectProcess,
  withSubject,
  type Program,
} from './subject-process.js';

/** Starting a subject, and compiling one, takes long on a machine that is busy. */
t.setTimeout(300_000);

const END = { runs: [[{ op: 'done' as const }]] };
const PING: Program = {
  fds: { a: { kind: 'pair' } },
  main: [
    { op: 'add', fd: 'a', events: ['read'], run: 'end' },
    { op: 'write', fd: 'a.peer', data: 'x' },
    { op: 'start' },
  ],
  callbacks: { end: END },
};

void t.test('requests are answered in order, however many are on their way', async (t) => {
  await withSubject(t, reference(), async (_, subject) => {
    subject.send(hello);
    const sent = Array.from({ length: 200 }, () => subject.send({ run: scenarioOf(PING) }));
    t.match(await subject.reply(), { id: 1, hello: { name: 'reference (epoll)', pid: subject.child.pid } });
    for (const id of sent) t.match(await subject.reply(), { id, trace: { records: Array } });
    subject.send({ run: scenarioOf(PING) });
    subject.send({ bye: {} });
    t.match(await subject.reply(), { trace: Object });
    t.match(await subject.reply(), { bye: {} });
    t.equal(await subject.exited, 0);
  });
});

void t.test('flush sends each record at once, and all again at the end', async (t) => {
  await withSubject(t, reference(), async (_, subject) => {
    const id = subject.send({ run: scenarioOf(PING), flush: true });
    const first = await subject.reply();
    t.match(first, { id, records: [], fds: { a: Number, 'a.peer': Number } });
    const flushed: TraceRecord[] = [];
    for (;;) {
      const reply = await subject.reply();
      if ('trace' in reply) {
        t.same(flushed, reply.trace.records);
        break;
      }
      if (!('records' in reply)) throw new Error(JSON.stringify(reply));
      t.equal(reply.records.length, 1);
      flushed.push(...reply.records);
    }
    t.equal(flushed.length, 7);
  });
});

/** The state of a process, by its letter in /proc, as soon as it is this one. */
async function untilState(pid: number, wanted: string): Promise<void> {
  for (;;) {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    if (stat[stat.lastIndexOf(')') + 2] === wanted) return;
    await new Promise(setImmediate);
  }
}

void t.test('rendezvous: stopped before and after the program, fifty times', async (t) => {
  await withSubject(t, reference(), async (_, subject) => {
    const { pid } = await subject.hello();
    for (let round = 0; round < 50; round++) {
      const id = subject.send({ run: scenarioOf(PING), rendezvous: true });
      for (const stopping of ['before', 'after'] as const) {
        t.same(await subject.reply(), { id, stopping });
        await untilState(pid, 'T');
        process.kill(pid, 'SIGCONT');
      }
      t.match(await subject.reply(), { id, trace: { records: [{}, {}, {}, {}, {}, {}, {}] } });
    }
  });
});

void t.test('a trace that is too long is cut, and the loop stopped', async (t) => {
  await withSubject(t, reference(), async (run) => {
    const trace = await run({
      main: [{ op: 'schedule', run: 'again' }, { op: 'start' }, { op: 'start' }],
      callbacks: { again: { runs: [], rest: [{ op: 'schedule', run: 'again' }] } },
      maxRecords: 20,
    });
    t.equal(trace.records.length, 21);
    t.equal(trace.records.at(-1)?.k, 'cut');
  });
});

void t.test('standard fds are free to be tested', async (t) => {
  await withSubject(t, reference(), async (run) => {
    const program: Program = {
      fds: { a: { kind: 'pair', number: 0 }, b: { kind: 'pipe', number: 1 }, c: { kind: 'tcp', number: 2 } },
      main: [
        { op: 'add', fd: 'a', events: ['read'], run: 'end' },
        { op: 'write', fd: 'a.peer' },
        { op: 'start' },
        { op: 'drain', fd: 'b' },
        { op: 'drain', fd: 'c.peer' },
      ],
      callbacks: { end: END },
    };
    for (const trace of [await run(program), await run(program)]) {
      t.match(trace.fds, { a: 0, b: 1, c: 2 });
      t.same(entered(trace), ['end']);
      t.match(did(trace, 'drain'), [{ result: 0 }, { result: 0 }], 'nothing was printed into them');
    }
  });
});

void t.test('what is impossible is refused in one sentence, and the subject goes on', async (t) => {
  await withSubject(t, reference(), async (run, subject) => {
    const refused: [Program, RegExp][] = [
      [
        { main: [{ op: 'schedule', run: 'x' }] },
        /^'schedule' names a callback 'x', which the scenario does not make$/,
      ],
      [{ main: [{ op: 'close', fd: 'x' }] }, /^'close' names a fd 'x'/],
      [{ main: [{ op: 'cancel', id: 'x' }] }, /^'cancel' names a timer 'x'/],
      [{ main: [{ op: 'unschedule', id: 'x' }] }, /^'unschedule' names a task 'x'/],
      [{ main: [{ op: 'periodicStop', id: 'x' }] }, /^'periodicStop' names a periodic 'x'/],
      [{ main: [{ op: 'useLoop', as: 'x' }] }, /^'useLoop' names a loop 'x'/],
      [
        { main: [{ op: 'thread', when: 'now', do: [{ op: 'wake', id: 'x' }] }] },
        /^'thread' names a wakeup 'x'/,
      ],
      [{ main: [{ op: 'raise', signal: 'SIGX', from: 'self' }] }, /^there is no signal 'SIGX'$/],
      [{ main: [{ op: 'throw', kind: 'error' }] }, /^'throw' stands in main/],
      [
        { fds: { g: { kind: 'pair', count: 2 } }, main: [{ op: 'dup', fd: 'g*', as: 'h' }] },
        /^'dup' takes one fd, not the group 'g\*'$/,
      ],
      [
        { fds: { g: { kind: 'pair', count: 2 }, g1: { kind: 'pair' } }, main: [] },
        /^two fds are called 'g1'$/,
      ],
      [
        { fds: { a: { kind: 'pair', from: 999_999 } }, main: [] },
        /^fd 'a' can't be numbered from 999999 on: E[A-Z]+$/,
      ],
      [
        {
          main: [{ op: 'schedule', run: 'x' }, { op: 'start' }, { op: 'now', as: 'base' }],
          callbacks: { x: { runs: [[{ op: 'timeoutAt', base: 'base', delay: 0, run: 'x' }]] } },
        },
        /^'timeoutAt' names the clock 'base', which has not been read$/,
      ],
      [
        {
          main: [
            { op: 'useLoop', as: 'other' },
            { op: 'newLoop', as: 'other' },
          ],
        },
        /^'useLoop' names the loop 'other', which has not been made$/,
      ],
      [
        {
          main: [{ op: 'schedule', run: 'x' }, { op: 'start' }],
          callbacks: { x: { runs: [[{ op: 'throw', kind: 'errno', errno: 'EX' }]] } },
        },
        /^there is no errno 'EX'$/,
      ],
    ];
    for (const [program, sentence] of refused) t.match(await subject.refusal(program), sentence);
    subject.child.stdin.write(
      '{"id":77,"run":{"name":"x","fds":{},"main":[{"op":"dance"}],"callbacks":{}}}\n',
    );
    t.same(await subject.reply(), { id: 77, error: "there is no operation 'dance'" });
    subject.child.stdin.write('nonsense\n');
    t.match(await subject.reply(), { id: -1, error: /is not a request/ });
    subject.child.stdin.write('{"id":78,"run":7}\n');
    t.match(await subject.reply(), { id: 78, error: /^the host failed: TypeError/ });
    t.same(entered(await run(PING)), ['end']);
  });
});

void t.test('a name that is not there yet, or whose operation raised, does nothing', async (t) => {
  await withSubject(t, reference(), async (run) => {
    const trace = await run({
      fds: { l: { kind: 'listener' } },
      main: [
        { op: 'wake', id: 'w' },
        { op: 'cancel', id: 't' },
        { op: 'timeout', id: 't', delay: 1, run: 'end' },
        { op: 'periodic', id: 'p', interval: 0, run: 'end' },
        { op: 'periodicStop', id: 'p' },
        { op: 'accept', fd: 'l', as: 'x' },
        { op: 'add', fd: 'x', events: ['read'], run: 'end' },
        { op: 'read', fd: 'x' },
        { op: 'start' },
        { op: 'wakeup', id: 'w', run: 'end' },
      ],
      callbacks: { end: END },
    });
    t.match(did(trace, 'wake'), [{}]);
    t.match(did(trace, 'periodic'), [{ raised: { type: 'InvalidIntervalError' } }]);
    t.match(did(trace, 'add'), [{ raised: { type: 'InvalidFdError' } }]);
    t.match(did(trace, 'read'), [{ errno: 'EBADF' }]);
    t.equal(recordsOf(trace, 'enter').length, 1);
  });
});

void t.test('a scenario leaves nothing behind', async (t) => {
  await withSubject(t, reference('reference-run'), async (run) => {
    const main: Program['main'] = [
      { op: 'newLoop', as: 'other' },
      { op: 'signal', signal: 'SIGUSR2', run: 'never' },
      { op: 'limitFds', spare: 0 },
      { op: 'timeout', delay: 0, run: 'never' },
      { op: 'wakeup', id: 'w', run: 'never' },
      { op: 'thread', when: 'now', do: [{ op: 'wake', id: 'w' }], times: 1_000_000, every: 1 },
    ];
    const trace = await run({ main, callbacks: { never: { runs: [] } } });
    t.equal(trace.threads?.length, 1, 'the thread is broken off');
    t.same(entered(await run(PING)), ['end']);
  });
});

void t.test('usage', async (t) => {
  const nothing = new SubjectProcess();
  t.match(await nothing.ask(hello), { id: 1, error: /^usage: / });
  t.match(await nothing.ask({ run: scenarioOf(PING) }), { id: 2, error: /^usage: / });
  t.equal(await nothing.end(), 0);
});
