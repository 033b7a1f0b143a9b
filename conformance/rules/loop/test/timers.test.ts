import t from 'tap';
import {
  add,
  barrier,
  burn,
  cancel,
  check,
  closeLoop,
  done,
  drain,
  now,
  periodic,
  periodicStart,
  periodicStop,
  schedule,
  start,
  thread,
  timeout,
  timeoutAt,
  wakeup,
  write,
  type CheckSource,
} from '../../../scenarios/program.js';
import type { SubjectFacts } from '../../../trace/history.js';
import { timerRules } from '../timers.js';
import { verdictOf } from '../../test/judging.js';
import type { Options, Step } from '../../test/trace-builder.js';

type Program = Omit<CheckSource, 'clauses' | 'name'>;

const LIVE: Partial<SubjectFacts> = { choices: { 'timers.clock': 'live' } };
const CACHED: Partial<SubjectFacts> = { choices: { 'timers.clock': 'cached' } };
const UNKNOWN: Partial<SubjectFacts> = {};
const MILLISECONDS: Partial<SubjectFacts> = { ...LIVE, timerResolutionMs: 2 };

/** What the rule says of a loop that called these callbacks. */
const verdict = (
  clause: string,
  program: Program,
  steps: readonly Step[],
  options: Options & { subject?: Partial<SubjectFacts> } = {},
): string =>
  verdictOf(timerRules, clause, check({ clauses: [clause], name: 'made-up', ...program }), steps, {
    subject: LIVE,
    ...options,
  });

const repeated = (count: number, step: (i: number) => Step): Step[] =>
  Array.from({ length: count }, (_, i) => step(i));

void t.test('LOOP-TIMER-1: exactly once', (t) => {
  const program: Program = { main: [timeout(2, 'a'), timeout(6, 'b'), start] };
  const says = (steps: readonly Step[], options?: Options): string =>
    verdict('LOOP-TIMER-1', program, steps, options);
  t.equal(says(['a@2', 'b@6']), 'kept');
  t.equal(says(['a@2', { run: 'a', at: 3, token: 2 }, 'b@6']), 'broken', 'twice');
  t.equal(says(['b@6']), 'broken', 'one that was due sooner never came');
  t.equal(says([]), 'silent', 'the loop may have been stopped');
  t.equal(says([], { ends: 'hung' }), 'broken', 'it hung while the timer waited');
  t.equal(says([], { ends: 'died' }), 'silent');
  const polled: Program = {
    main: [timeout(0, 'a'), timeout(5, 'b'), start],
    callbacks: { b: [barrier('end')] },
  };
  t.equal(verdict('LOOP-TIMER-1', polled, ['b@6', 'end']), 'broken', 'the loop polled on');
  t.equal(
    verdict('LOOP-TIMER-1', polled, ['b@6']),
    'silent',
    'what was due at once may come after all others',
  );
  t.end();
});

void t.test('LOOP-TIMER-2: never early', (t) => {
  const atOnce = (delay: number): string =>
    verdict(
      'LOOP-TIMER-2',
      { main: [barrier('go'), start], callbacks: { go: [timeout(delay, 'a')], a: [burn(1)] } },
      [{ run: 'go', actions: { 0: { steps: ['a'] } } }],
    );
  t.equal(atOnce(5), 'broken', 'inside the call that sets it');
  t.equal(atOnce(0), 'kept', 'which is not early, if it is due');
  const program: Program = { main: [barrier('go'), start], callbacks: { go: [burn(3), timeout(5, 'a')] } };
  const says = (at: number, subject: Partial<SubjectFacts> = LIVE): string =>
    verdict(
      'LOOP-TIMER-2',
      program,
      [
        { run: 'go', at: 1 },
        { run: 'a', at },
      ],
      { subject },
    );
  t.equal(says(9.1), 'kept');
  t.equal(says(8.5), 'broken');
  t.equal(says(8.5, MILLISECONDS), 'kept', 'within the resolution');
  t.equal(says(6.5, MILLISECONDS), 'broken');
  t.equal(says(6.5, CACHED), 'kept', 'a cached clock is older than the work');
  t.equal(says(6.5, UNKNOWN), 'kept', 'as may be an unknown one');
  t.equal(says(4.5, CACHED), 'broken', 'but no older than the barrier');
  t.equal(
    verdict('LOOP-TIMER-2', { main: [timeout(5, 'a'), start] }, ['a@1'], { subject: UNKNOWN }),
    'silent',
    'before the first poll a cached clock may be any age',
  );
  t.equal(verdict('LOOP-TIMER-2', { main: [timeout(5, 'a'), start] }, ['a@1']), 'broken');
  const absolute: Program = { main: [now('base'), burn(2), timeoutAt('base', 5, 'a'), start] };
  t.equal(verdict('LOOP-TIMER-2', absolute, ['a@5.1']), 'kept', 'the base counts, not the call');
  t.equal(verdict('LOOP-TIMER-2', absolute, ['a@4']), 'broken');
  t.end();
});

void t.test('LOOP-TIMER-3: not after it was cancelled', (t) => {
  const program: Program = {
    main: [timeout(4, 'a', 'x'), cancel('x'), timeout(8, 'late'), start],
    callbacks: { late: [barrier('end')] },
  };
  t.equal(verdict('LOOP-TIMER-3', program, ['late@8', 'end']), 'kept');
  t.equal(verdict('LOOP-TIMER-3', program, ['a@4', 'late@8', 'end']), 'broken');
  t.equal(verdict('LOOP-TIMER-3', program, []), 'silent', 'the loop did not go on');
  t.equal(
    verdict('LOOP-TIMER-3', program, ['late@8', 'end'], { main: { 2: { raised: 'Error' } } }),
    'silent',
    'it was not cancelled',
  );
  t.equal(verdict('LOOP-TIMER-3', program, ['late@8', 'end'], { subject: UNKNOWN }), 'kept', 'by any clock');
  t.end();
});

void t.test('LOOP-TIMER-4: ties', (t) => {
  const program: Program = {
    main: [now('base'), ...['a', 'b', 'c'].map((name) => timeoutAt('base', 3, name)), start],
  };
  t.equal(verdict('LOOP-TIMER-4', program, ['a@3', 'b', 'c']), 'fifo,fifo');
  t.equal(verdict('LOOP-TIMER-4', program, ['a@3', 'c', 'b']), 'fifo,other');
  t.equal(
    verdict('LOOP-TIMER-4', program, ['a@3', 'c', 'b'], { subject: MILLISECONDS }),
    'fifo',
    'the clock ticked',
  );
  t.equal(verdict('LOOP-TIMER-4', program, ['c@3', 'b', 'a'], { subject: MILLISECONDS }), 'other,other');
  const delays: Program = { main: [timeout(3, 'a'), timeout(3, 'b'), start] };
  t.equal(verdict('LOOP-TIMER-4', delays, ['b@4', 'a']), 'silent', 'no ties under a live clock');
  t.equal(verdict('LOOP-TIMER-4', delays, ['b@4', 'a'], { subject: CACHED }), 'other');
  t.end();
});

void t.test('LOOP-TIMER-5: in the order of deadlines', (t) => {
  const program: Program = {
    main: [timeout(10, 'b'), timeout(5, 'a'), schedule('busy'), start],
    callbacks: { busy: [burn(20)] },
  };
  for (const subject of [LIVE, CACHED, UNKNOWN]) {
    t.equal(verdict('LOOP-TIMER-5', program, ['busy', 'a', 'b'], { subject }), 'kept');
    t.equal(verdict('LOOP-TIMER-5', program, ['busy', 'b', 'a'], { subject }), 'broken');
  }
  const atOnce: Program = {
    main: [schedule('go'), start],
    callbacks: { go: [timeout(0, 'a'), timeout(5, 'b'), burn(9)] },
  };
  t.equal(verdict('LOOP-TIMER-5', atOnce, ['go', 'b', 'a']), 'silent', 'a loop may make a task of no delay');
  const near: Program = { main: [timeout(3, 'b'), timeout(2, 'a'), start] };
  t.equal(
    verdict('LOOP-TIMER-5', near, ['b@4', 'a'], { subject: MILLISECONDS }),
    'silent',
    'less than two resolutions',
  );
  const late: Program = { main: [timeout(5, 'b'), start], callbacks: { b: [timeout(0, 'a')] } };
  t.equal(
    verdict('LOOP-TIMER-5', late, ['b@6', 'a']),
    'silent',
    'one that was set later can only fire later',
  );
  const past: Program = {
    main: [now('base'), burn(9), timeoutAt('base', 6, 'b'), timeoutAt('base', 1, 'a'), start],
  };
  t.equal(verdict('LOOP-TIMER-5', past, ['b', 'a']), 'silent', 'a deadline in the past may count as now');
  const work: Program = {
    main: [barrier('go'), start],
    callbacks: { go: [timeout(20, 'a'), burn(15), timeout(12, 'b')] },
  };
  t.equal(verdict('LOOP-TIMER-5', work, ['go', 'b@20', 'a@21']), 'broken', 'the clock is live');
  t.equal(verdict('LOOP-TIMER-5', work, ['go', 'b@20', 'a@21'], { subject: CACHED }), 'kept');
  t.equal(verdict('LOOP-TIMER-5', work, ['go', 'b@20', 'a@21'], { subject: UNKNOWN }), 'silent');
  t.end();
});

void t.test('LOOP-TIMER-6: equal deadlines do no harm', (t) => {
  const program: Program = {
    main: [
      now('base'),
      timeoutAt('base', 3, 'a'),
      timeoutAt('base', 3, 'b'),
      timeoutAt('base', 9, 'end'),
      start,
    ],
  };
  const says = (steps: readonly Step[], options?: Options): string =>
    verdict('LOOP-TIMER-6', program, steps, options);
  t.equal(says(['b@3', 'a', 'end@9']), 'kept', 'in any order');
  t.equal(
    says(['a@3', 'end@9'], { main: { 3: { raised: 'TypeError' } } }),
    'broken',
    'the second could not be set',
  );
  t.equal(says(['a@3', 'end@9']), 'broken', 'the second was lost');
  t.equal(says(['a@3'], { main: { 5: { raised: 'TypeError' } } }), 'broken', 'the loop failed at the second');
  const closed: Program = {
    main: [now('base'), timeoutAt('base', 3, 'a'), closeLoop, timeoutAt('base', 3, 'b')],
    sentinel: false,
  };
  t.equal(
    verdict('LOOP-TIMER-6', closed, [], { main: { 3: { raised: 'Error' } } }),
    'silent',
    'the loop was closed',
  );
  t.end();
});

void t.test('LOOP-TIMER-7: from when a delay counts', (t) => {
  const program: Program = {
    main: [barrier('go'), start],
    callbacks: { go: [timeout(20, 'a'), burn(15), timeout(12, 'b')] },
  };
  t.equal(verdict('LOOP-TIMER-7', program, ['go', 'a@21', 'b@28']), 'live');
  t.equal(verdict('LOOP-TIMER-7', program, ['go', 'b@16', 'a@21']), 'cached');
  const early: Program = { ...program, callbacks: { go: [timeout(20, 'a'), burn(1), timeout(12, 'b')] } };
  t.equal(verdict('LOOP-TIMER-7', early, ['go', 'b@14', 'a@21']), 'silent', 'b comes first by either clock');
  t.end();
});

void t.test('LOOP-TIMER-8: what is due is called at once', (t) => {
  const program: Program = { main: [timeout(3, 'a'), start], callbacks: { a: [timeout(0, 'b')] } };
  const says = (steps: readonly Step[], options?: Options): string =>
    verdict('LOOP-TIMER-8', program, steps, options);
  t.equal(says(['a@3', 'b']), 'kept');
  t.equal(says(['a@3', 'sentinel@1003', 'b']), 'broken', 'after the sentinel');
  t.equal(says(['a@3', 'b@1003', 'sentinel']), 'broken', 'with the sentinel');
  t.equal(says(['a@3'], { ends: 'hung' }), 'broken', 'never');
  t.equal(says(['a@3', 'b@600']), 'kept', 'the host may stop for a while');
  const busy: Program = {
    main: [schedule('go'), start],
    callbacks: { go: [timeout(0, 'b'), timeout(3, 'c')] },
  };
  t.equal(
    verdict('LOOP-TIMER-8', busy, ['go', 'c@5', 'b@5']),
    'kept',
    'others that were due by then may go first',
  );
  const past: Program = { main: [now('base'), burn(3), timeoutAt('base', 1, 'b'), start] };
  t.equal(verdict('LOOP-TIMER-8', past, ['b']), 'kept');
  t.equal(verdict('LOOP-TIMER-8', past, ['sentinel@1003']), 'broken');
  t.end();
});

void t.test('LOOP-TIMER-9: a negative delay', (t) => {
  const program: Program = {
    main: [timeout(-5, 'a'), timeout(8, 'late'), start],
    callbacks: { late: [barrier('end')] },
  };
  t.equal(verdict('LOOP-TIMER-9', program, ['a', 'late@8', 'end']), 'as-zero');
  t.equal(
    verdict('LOOP-TIMER-9', program, ['late@8', 'end'], { main: { 1: { raised: 'ValueError' } } }),
    'rejected',
  );
  t.equal(verdict('LOOP-TIMER-9', program, ['late@8', 'end']), 'broken', 'neither');
  t.end();
});

void t.test('LOOP-TIMER-10: cancelled by one that was due with it', (t) => {
  const program: Program = {
    main: [timeout(1, 'a', 'x'), timeout(1, 'b', 'y'), timeout(9, 'late'), burn(4), start],
    callbacks: { a: [cancel('y')], b: [cancel('x')], late: [barrier('end')] },
  };
  const says = (steps: readonly Step[]): string => verdict('LOOP-TIMER-10', program, steps);
  t.equal(says(['a', 'late@9', 'end']), 'kept');
  t.equal(says(['a', 'b', 'late@9', 'end']), 'broken');
  t.equal(says(['a']), 'silent', 'the loop did not go on');
  t.equal(verdict('LOOP-TIMER-3', program, ['a', 'b', 'late@9']), 'silent', 'and it is not LOOP-TIMER-3');
  t.end();
});

void t.test('LOOP-TIMER-11: cancelled after it fired', (t) => {
  const program: Program = { main: [timeout(1, 'a', 'x'), start], callbacks: { a: [cancel('x')] } };
  t.equal(verdict('LOOP-TIMER-11', program, ['a@1']), 'ignored');
  t.equal(
    verdict('LOOP-TIMER-11', program, [{ run: 'a', at: 1, actions: { 0: { raised: 'AlreadyCalled' } } }]),
    'error',
  );
  t.equal(verdict('LOOP-TIMER-11', { main: [timeout(1, 'a', 'x'), cancel('x'), start] }, []), 'silent');
  t.end();
});

void t.test('LOOP-TIMER-12: a chain without delay beside a ready fd', (t) => {
  const program: Program = {
    fds: { a: 'pair' },
    main: [add('a', 'read', 'reader'), timeout(0, 'again'), start],
    callbacks: {
      again: { runs: [[write('a.peer'), timeout(0, 'again')]], rest: [timeout(0, 'again')] },
      reader: [drain('a'), done],
    },
  };
  t.equal(verdict('LOOP-TIMER-12', program, ['again', 'reader']), 'kept');
  t.equal(verdict('LOOP-TIMER-12', program, ['again', 'again', 'again', 'reader']), 'kept');
  const starved = repeated(600, () => 'again');
  t.equal(verdict('LOOP-TIMER-12', program, starved, { ends: 'cut' }), 'broken');
  t.equal(verdict('LOOP-TIMER-12', program, [...starved, 'reader']), 'broken');
  t.equal(verdict('LOOP-TIMER-12', program, starved.slice(0, 50), { ends: 'cut' }), 'silent');
  t.end();
});

void t.test('LOOP-TIMER-13: no spin before a deadline', (t) => {
  const program: Program = {
    main: [timeout(2.9, 'tick'), start],
    callbacks: { tick: { rest: [timeout(2.9, 'tick')] } },
  };
  const ticks = (count: number, cpu: number): Step[] =>
    repeated(count, (i) => ({ run: 'tick', at: 3 * (i + 1), cpu }));
  t.equal(verdict('LOOP-TIMER-13', program, ticks(30, 0.2)), 'kept');
  t.equal(verdict('LOOP-TIMER-13', program, ticks(30, 0.9)), 'broken');
  t.equal(
    verdict('LOOP-TIMER-13', program, ticks(30, 0.6)),
    'silent',
    'it spins on a flooded host, or does not',
  );
  t.equal(verdict('LOOP-TIMER-13', program, ticks(10, 0.9)), 'silent', 'one window proves nothing');
  const collected = ticks(30, 0.2).map((step, i) =>
    i === 4 ? { ...(step as object), run: 'tick', cpu: 15 } : step,
  );
  t.equal(verdict('LOOP-TIMER-13', program, collected), 'kept', 'a garbage collection');
  const starved = ticks(40, 1.5).map((step, i) =>
    i < 8 ? { ...(step as object), run: 'tick', cpu: 0 } : step,
  );
  t.equal(verdict('LOOP-TIMER-13', program, starved), 'broken', 'it did not get the processor all the time');
  const watching: Program = {
    ...program,
    fds: { a: 'pair' },
    main: [add('a', 'read', 'r'), ...program.main],
  };
  t.equal(verdict('LOOP-TIMER-13', watching, ticks(30, 0.9)), 'silent', 'an fd may be to blame');
  t.end();
});

void t.test('LOOP-TIMER-14 and -15: very long timers', (t) => {
  for (const [clause, delay] of [
    ['LOOP-TIMER-14', 2_147_483_647],
    ['LOOP-TIMER-15', 3_155_760_000_000],
  ] as const) {
    const program: Program = {
      main: [timeout(delay, 'never'), timeout(22, 'tick'), start],
      callbacks: { tick: { runs: repeatedActions(2), rest: [done] } },
    };
    const ticks = (cpu: number): Step[] => repeated(3, (i) => ({ run: 'tick', at: 22.2 * (i + 1), cpu }));
    t.equal(verdict(clause, program, ticks(0.3)), 'kept');
    t.equal(verdict(clause, program, ticks(9)), 'broken', 'it spins');
    t.equal(verdict(clause, program, ['never@1', ...ticks(0.3)]), 'broken', 'it fires');
    t.equal(
      verdict(clause, program, ticks(0.3), { main: { 1: { raised: 'OverflowError' } } }),
      'broken',
      'it fails',
    );
    t.equal(verdict(clause, program, ticks(0.3).slice(0, 2)), 'silent', 'two windows prove nothing');

    const alone = (every: number): Program => ({
      sentinel: false,
      main: [
        timeout(delay, 'never'),
        wakeup('w', 'woken'),
        thread('now', [{ op: 'wake', id: 'w' }], 20, every),
        start,
      ],
      callbacks: { woken: [] },
    });
    const wakes = (cpu: number): Step[] => repeated(4, (i) => ({ run: 'woken', at: 1 + 22 * i, cpu }));
    t.equal(verdict(clause, alone(22), wakes(0.3)), 'kept');
    t.equal(verdict(clause, alone(22), wakes(9)), 'broken', 'it spins between wake-ups');
    t.equal(verdict(clause, alone(0), wakes(9)), 'silent', 'it is kept busy');
    t.equal(
      verdict(clause, alone(22), [], { main: { 3: { raised: 'OverflowError' } } }),
      'broken',
      'the poll fails',
    );
  }
  t.end();
});

void t.test('LOOP-TIMER-16: not behind an earlier set, later timer', (t) => {
  const program: Program = { main: [timeout(2, 'a'), start], callbacks: { a: [timeout(2, 'b')] } };
  const says = (steps: readonly Step[], options?: Options): string =>
    verdict('LOOP-TIMER-16', program, steps, options);
  t.equal(says(['a@2', 'b@4']), 'kept');
  t.equal(says(['a@2', 'b@700']), 'kept', 'the host may stop for a while');
  t.equal(says(['a@2', 'b@1001', 'sentinel']), 'broken', 'the sentinel woke the loop');
  t.equal(says(['a@2', 'sentinel@1001', 'b']), 'broken');
  t.equal(says(['a@2', 'sentinel@1001']), 'broken');
  t.end();
});

void t.test('LOOP-TIMER-17: beside an fd that stays ready', (t) => {
  const program: Program = {
    fds: { a: 'pair' },
    main: [add('a', 'read', 'reader'), write('a.peer'), start],
    callbacks: { reader: { runs: [[timeout(3, 'end')]], rest: [burn(0.1)] }, end: [done] },
  };
  t.equal(verdict('LOOP-TIMER-17', program, [...repeated(20, () => 'reader'), 'end@3.2']), 'kept');
  t.equal(
    verdict(
      'LOOP-TIMER-17',
      program,
      repeated(800, () => 'reader'),
      { ends: 'cut' },
    ),
    'broken',
  );
  t.equal(
    verdict(
      'LOOP-TIMER-17',
      program,
      repeated(300, () => 'reader'),
      { ends: 'cut' },
    ),
    'silent',
  );
  t.end();
});

void t.test('LOOP-TIMER-18: a backlog in one pass', (t) => {
  const program: Program = {
    fds: { a: 'pair' },
    main: [add('a', 'read', 'reader'), write('a.peer'), schedule('go'), start],
    callbacks: { go: [timeout(1, 'x'), timeout(2, 'y'), timeout(20, 'z'), burn(8)], reader: [] },
  };
  const says = (steps: readonly Step[]): string => verdict('LOOP-TIMER-18', program, steps);
  t.equal(says(['reader', 'go', 'reader', 'x', 'y', 'reader', 'z@30']), 'kept');
  t.equal(says(['reader', 'go', 'reader', 'x', 'reader', 'y']), 'broken');
  const unready: Program = { ...program, main: [add('a', 'read', 'reader'), schedule('go'), start] };
  t.equal(verdict('LOOP-TIMER-18', unready, ['go', 'x', 'y']), 'silent', 'nothing could have come between');
  t.end();
});

void t.test('LOOP-TIMER-19: periodic, again and again', (t) => {
  const program: Program = { main: [periodic('p', 4, 'tick'), start] };
  t.equal(verdict('LOOP-TIMER-19', program, ['tick@4', 'tick@8', 'tick@12']), 'kept');
  t.equal(verdict('LOOP-TIMER-19', program, ['tick@4', 'sentinel@1000']), 'broken');
  t.equal(verdict('LOOP-TIMER-19', program, ['tick@4'], { ends: 'hung' }), 'broken');
  t.equal(verdict('LOOP-TIMER-19', program, ['tick@4']), 'silent');
  t.equal(
    verdict('LOOP-TIMER-19', program, [{ run: 'tick', at: 4, raised: 'Error' }, 'sentinel@1000']),
    'silent',
  );
  t.end();
});

void t.test('LOOP-TIMER-20: periodic, stopped', (t) => {
  const program: Program = {
    main: [periodic('p', 4, 'tick'), start],
    callbacks: { tick: { runs: [[], [periodicStop('p'), timeout(12, 'late')]] }, late: [barrier('end')] },
  };
  for (const subject of [LIVE, UNKNOWN]) {
    t.equal(verdict('LOOP-TIMER-20', program, ['tick@4', 'tick@8', 'late@21', 'end'], { subject }), 'kept');
    t.equal(verdict('LOOP-TIMER-20', program, ['tick@4', 'tick@8', 'tick@12'], { subject }), 'broken');
    t.equal(
      verdict('LOOP-TIMER-20', program, ['tick@4', 'tick@8'], { subject }),
      'silent',
      'the loop did not go on',
    );
  }
  t.end();
});

void t.test('LOOP-TIMER-21: periodic, missed periods', (t) => {
  const program: Program = {
    main: [periodic('p', 4, 'tick'), timeout(6, 'long'), start],
    callbacks: { long: [burn(40), barrier('then')], then: [timeout(2, 'end')], tick: { rest: [] } },
  };
  const says = (steps: readonly Step[]): string => verdict('LOOP-TIMER-21', program, steps);
  t.equal(says(['tick@4', 'long@6', 'tick', 'then', 'end@49']), 'skipped');
  t.equal(
    says(['tick@4', 'long@6', 'then', 'tick', 'tick@48.1', 'end@49']),
    'skipped',
    'and one on the grid',
  );
  t.equal(says(['tick@4', 'long@6', ...repeated(10, () => 'tick'), 'then', 'end@49']), 'caught-up');
  t.equal(says(['tick@4', 'long@6', ...repeated(6, () => 'tick'), 'then', 'end@49']), 'silent', 'neither');
  t.end();
});

void t.test('LOOP-TIMER-22: periodic, spacing', (t) => {
  const program: Program = {
    main: [periodic('p', 10, 'tick'), start],
    callbacks: { tick: { rest: [burn(6)] } },
  };
  const every = (ms: number, count = 5): Step[] => repeated(count, (i) => `tick@${10 + i * ms}`);
  t.equal(verdict('LOOP-TIMER-22', program, every(10)), 'grid,grid,grid,grid');
  t.equal(verdict('LOOP-TIMER-22', program, every(16.1)), 'drift');
  t.equal(verdict('LOOP-TIMER-22', program, every(16.1, 3)), 'silent', 'the host may have been slow twice');
  t.equal(
    verdict('LOOP-TIMER-22', program, every(16.1, 4).concat('tick@70')),
    'grid',
    'it was slow, but only it',
  );
  t.end();
});

void t.test('LOOP-TIMER-23: periodic, started again', (t) => {
  const program: Program = {
    main: [periodic('p', 5, 'tick'), timeout(7, 'again'), start],
    callbacks: { tick: { rest: [] }, again: [periodicStop('p'), periodicStart('p')] },
  };
  const says = (times: readonly number[]): string =>
    verdict('LOOP-TIMER-23', program, ['tick@5', 'again@7', ...times.map((at) => `tick@${at}`)]);
  t.equal(says([12, 17, 22, 27]), 'kept');
  t.equal(says([7, 10, 15, 20]), 'kept', 'at once, and by the old grid');
  t.equal(says([10, 12, 15, 17, 20, 22]), 'broken');
  t.equal(says([12, 17]), 'silent');
  t.end();
});

void t.test('LOOP-TIMER-24: periodic, started twice', (t) => {
  const program: Program = {
    main: [periodic('p', 5, 'tick'), periodic('q', 5, 'other'), timeout(7, 'again'), start],
    callbacks: { tick: { rest: [] }, other: { rest: [] }, again: [periodicStart('p')] },
  };
  const says = (...calls: readonly string[]): string =>
    verdict('LOOP-TIMER-24', program, ['tick@5', 'again@7', ...calls]);
  const ticks = (...times: readonly number[]): string[] => times.map((at) => `tick@${at}`);
  t.equal(says(...ticks(10, 15, 20, 25)), 'kept');
  t.equal(says(...ticks(12, 17, 22, 27)), 'kept', 'set anew');
  t.equal(says(...ticks(10, 12, 15, 17, 20, 22)), 'broken');
  t.equal(says(...ticks(10, 15)), 'silent');
  t.equal(says('other@10', 'other@15', 'other@20', 'other@25'), 'silent', 'another was started');
  t.end();
});

void t.test('LOOP-TIMER-25: periodic, the first run', (t) => {
  const program: Program = {
    main: [periodic('p', 40, 'tick'), barrier('passed'), start],
    callbacks: { passed: [], tick: { rest: [] } },
  };
  const says = (...steps: readonly Step[]): string => verdict('LOOP-TIMER-25', program, steps);
  t.equal(says('passed@2', 'tick@40'), 'after-a-period');
  t.equal(says('tick@1', 'passed@2'), 'at-once');
  t.equal(says('tick@45', 'passed@46'), 'silent', 'nothing came before, so it may have been at once');
  t.end();
});

function repeatedActions(count: number): ReturnType<typeof timeout>[][] {
  return Array.from({ length: count }, () => [timeout(22, 'tick')]);
}
