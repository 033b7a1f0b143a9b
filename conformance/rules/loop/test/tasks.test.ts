import t from 'tap';
import {
  add,
  barrier,
  burn,
  check,
  done,
  drain,
  schedule,
  start,
  stop,
  timeout,
  unschedule,
  write,
  type CheckSource,
} from '../../../scenarios/program.js';
import { taskRules } from '../tasks.js';
import { verdictOf } from '../../test/judging.js';
import type { Options, Step } from '../../test/trace-builder.js';

type Program = Omit<CheckSource, 'clauses' | 'name'>;

const verdict = (clause: string, program: Program, steps: readonly Step[], options?: Options): string =>
  verdictOf(taskRules, clause, check({ clauses: [clause], name: 'made-up', ...program }), steps, options);

const repeated = (count: number, step: Step): Step[] => Array.from({ length: count }, () => step);

void t.test('LOOP-TASK-1: not inside the call', (t) => {
  const program: Program = {
    main: [timeout(1, 'timer'), start],
    callbacks: { timer: [schedule('task'), burn(1)] },
  };
  t.equal(verdict('LOOP-TASK-1', program, ['timer@1', 'task']), 'kept');
  const inside: Step = { run: 'timer', at: 1, actions: { 1: { steps: ['task'] } } };
  t.equal(verdict('LOOP-TASK-1', program, [inside]), 'broken');
  const atOnce: Step = { run: 'timer', at: 1, actions: { 0: { steps: ['task'] } } };
  t.equal(verdict('LOOP-TASK-1', program, [atOnce]), 'broken', 'before the schedule returned');
  const chain: Program = {
    main: [schedule('first'), schedule('last'), start],
    callbacks: { first: [schedule('second'), schedule('third')] },
  };
  const nestedCalls: Options = {
    // The sentinel comes first.
    main: { 1: { steps: [{ run: 'first', actions: { 0: { steps: ['second'] } } }] } },
  };
  t.equal(
    verdict('LOOP-TASK-1', chain, ['third', 'last'], nestedCalls),
    'broken',
    'calls within calls have their tokens',
  );
  const nested: Program = {
    main: [timeout(1, 'timer'), start],
    callbacks: { timer: [schedule('task'), start] },
  };
  const inner: Step = { run: 'timer', at: 1, actions: { 1: { steps: ['task'] } } };
  t.equal(verdict('LOOP-TASK-1', nested, [inner]), 'kept', 'a nested start runs it');
  t.equal(verdict('LOOP-TASK-1', { main: [schedule('task'), start] }, ['task']), 'kept');
  t.end();
});

void t.test('LOOP-TASK-2: exactly once', (t) => {
  const program: Program = { main: [schedule('a'), schedule('b'), barrier('end'), start] };
  t.equal(verdict('LOOP-TASK-2', program, ['a', 'b', 'end']), 'kept');
  t.equal(verdict('LOOP-TASK-2', program, ['a', 'b', { run: 'a', token: 2 }, 'end']), 'broken', 'twice');
  t.equal(verdict('LOOP-TASK-2', program, ['b', 'end']), 'broken', 'lost');
  t.equal(verdict('LOOP-TASK-2', program, ['sentinel@1001']), 'broken', 'all lost');
  t.equal(verdict('LOOP-TASK-2', program, []), 'silent', 'the loop did not go on');
  const stopped: Program = {
    main: [schedule('a'), schedule('b'), barrier('end'), start],
    callbacks: { a: [stop] },
  };
  t.equal(verdict('LOOP-TASK-2', stopped, ['a', 'end']), 'kept', 'the loop was stopped');
  const removed: Program = {
    main: [schedule('a'), schedule('b', 'x'), unschedule('x'), barrier('end'), start],
  };
  t.equal(verdict('LOOP-TASK-2', removed, ['a', 'end']), 'kept', 'it was unscheduled');
  t.end();
});

void t.test('LOOP-TASK-3: one callback, twice', (t) => {
  const program: Program = { main: [schedule('a'), schedule('a'), barrier('end'), start] };
  t.equal(verdict('LOOP-TASK-3', program, ['a', 'a', 'end']), 'kept');
  t.equal(verdict('LOOP-TASK-3', program, ['a', 'end']), 'broken');
  t.equal(verdict('LOOP-TASK-3', program, ['a']), 'silent');
  t.equal(verdict('LOOP-TASK-3', { main: [schedule('a'), schedule('b'), start] }, ['a', 'b']), 'silent');
  t.end();
});

void t.test('LOOP-TASK-4: order', (t) => {
  const program: Program = { main: [schedule('a'), schedule('b'), schedule('c'), start] };
  t.equal(verdict('LOOP-TASK-4', program, ['a', 'b', 'c']), 'fifo,fifo');
  t.equal(verdict('LOOP-TASK-4', program, ['b', 'a', 'c']), 'other,fifo');
  const apart: Program = { main: [schedule('a'), start], callbacks: { a: [schedule('b')] } };
  t.equal(verdict('LOOP-TASK-4', apart, ['a', 'b']), 'silent', 'they did not wait together');
  t.end();
});

void t.test('LOOP-TASK-5: scheduled meanwhile', (t) => {
  const program: Program = {
    fds: { a: 'pair' },
    main: [add('a', 'read', 'reader'), write('a.peer'), schedule('link'), start],
    callbacks: { link: { rest: [schedule('link')] }, reader: [] },
  };
  const says = (steps: readonly Step[]): string => verdict('LOOP-TASK-5', program, steps);
  t.equal(says(['link', 'reader', 'link', 'reader', 'link', 'reader', 'link']), 'next-round,next-round');
  t.equal(says(['link', 'link', 'link', 'link']), 'same-round,same-round');
  t.equal(
    says(['reader', 'link', 'link', 'reader', 'reader', 'link']),
    'next-round',
    'whoever is first in a round',
  );
  const unready: Program = { ...program, main: [add('a', 'read', 'reader'), schedule('link'), start] };
  t.equal(verdict('LOOP-TASK-5', unready, ['link', 'link', 'link']), 'silent');
  t.end();
});

void t.test('LOOP-TASK-6: without a wait', (t) => {
  const program: Program = { main: [timeout(1, 'timer'), start], callbacks: { timer: [schedule('task')] } };
  t.equal(verdict('LOOP-TASK-6', program, ['timer@1', 'task']), 'kept');
  t.equal(verdict('LOOP-TASK-6', program, ['timer@1', 'task@700']), 'kept', 'the host may stop for a while');
  t.equal(verdict('LOOP-TASK-6', program, ['timer@1', 'task@1001', 'sentinel']), 'broken');
  t.equal(verdict('LOOP-TASK-6', program, ['timer@1', 'sentinel@1001', 'task']), 'broken');
  t.equal(verdict('LOOP-TASK-6', program, ['timer@1'], { ends: 'hung' }), 'broken');
  const awake: Program = { ...program, callbacks: { timer: [barrier('end'), schedule('task')] } };
  t.equal(
    verdict('LOOP-TASK-6', awake, ['timer@1', 'task', 'end']),
    'silent',
    'a barrier kept the loop awake',
  );
  t.end();
});

void t.test('LOOP-TASK-7: a chain beside a ready fd', (t) => {
  const program: Program = {
    fds: { a: 'pair' },
    main: [add('a', 'read', 'reader'), schedule('again'), start],
    callbacks: {
      again: { runs: [[write('a.peer'), schedule('again')]], rest: [schedule('again')] },
      reader: [drain('a'), done],
    },
  };
  t.equal(verdict('LOOP-TASK-7', program, ['again', 'again', 'reader']), 'kept');
  t.equal(verdict('LOOP-TASK-7', program, repeated(600, 'again'), { ends: 'cut' }), 'broken');
  t.equal(verdict('LOOP-TASK-7', program, repeated(100, 'again'), { ends: 'cut' }), 'silent');
  t.end();
});

void t.test('LOOP-TASK-8: a chain beside a timer', (t) => {
  const program: Program = {
    main: [timeout(3, 'end'), schedule('again'), start],
    callbacks: { again: { rest: [burn(0.1), schedule('again')] }, end: [done] },
  };
  t.equal(verdict('LOOP-TASK-8', program, [...repeated(30, 'again'), 'end']), 'kept');
  t.equal(verdict('LOOP-TASK-8', program, repeated(700, 'again'), { ends: 'cut' }), 'broken');
  t.equal(verdict('LOOP-TASK-8', program, repeated(200, 'again'), { ends: 'cut' }), 'silent');
  t.end();
});

void t.test('LOOP-TASK-9: unscheduled', (t) => {
  const program: Program = { main: [schedule('a', 'x'), unschedule('x'), barrier('end'), start] };
  t.equal(verdict('LOOP-TASK-9', program, ['end']), 'kept');
  t.equal(verdict('LOOP-TASK-9', program, ['a', 'end']), 'broken');
  t.equal(verdict('LOOP-TASK-9', program, []), 'silent', 'the loop did not go on');
  t.end();
});

void t.test('LOOP-TASK-10: unscheduled by a task of the same round', (t) => {
  const program: Program = {
    main: [schedule('a', 'x'), schedule('b', 'y'), start],
    callbacks: { a: [unschedule('y'), barrier('end')], b: [unschedule('x'), barrier('end')] },
  };
  t.equal(verdict('LOOP-TASK-10', program, ['a', 'end']), 'kept');
  t.equal(verdict('LOOP-TASK-10', program, ['b', 'end']), 'kept');
  t.equal(verdict('LOOP-TASK-10', program, ['a', 'b', 'end', 'end']), 'broken');
  t.equal(verdict('LOOP-TASK-9', program, ['a', 'b', 'end', 'end']), 'silent', 'and it is not LOOP-TASK-9');
  t.end();
});
