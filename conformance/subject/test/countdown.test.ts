import { once } from 'node:events';
import { spawn } from 'node:child_process';
import t from 'tap';
import { Budgets } from '../budgets.js';
import { Countdown } from '../countdown.js';
import { scenario } from './wrong.js';

/** ms; generous, because all processors may be busy with other work. */
t.setTimeout(300_000);

function countdown(slice = 1) {
  let end: (budget: number) => void = () => undefined;
  const ended = new Promise<number>((resolve) => (end = resolve));
  return { ended, clock: new Countdown(slice, process.pid, end) };
}

void t.test('ends when the budget is spent, and says how much it was', async (t) => {
  const { ended, clock } = countdown();
  clock.start(5);
  t.equal(await ended, 5);
});

void t.test('a start begins anew, a stop ends it', async (t) => {
  const { ended, clock } = countdown();
  const short = countdown();
  clock.start(3);
  clock.start(7);
  short.clock.start(1);
  short.clock.stop();
  t.equal(await ended, 7);
  t.equal(await Promise.race([short.ended, Promise.resolve('running')]), 'running');
});

void t.test('a late slice counts its nominal length only', async (t) => {
  const { ended, clock } = countdown(2);
  const begin = performance.now();
  clock.start(20);
  let stalls = 0;
  // Every slice is late, because this process is kept busy.
  const stall = setInterval(() => {
    stalls++;
    for (const until = performance.now() + 20; performance.now() < until;);
  }, 1);
  await ended;
  clearInterval(stall);
  t.ok(stalls >= 5, `${stalls} stalls`);
  t.ok(performance.now() - begin > 80, 'took far longer than its 20 ms');
});

void t.test('time does not count while paused', async (t) => {
  const { ended, clock } = countdown();
  const other = countdown();
  clock.start(5);
  clock.pause();
  other.clock.start(20);
  t.equal(await Promise.race([ended, other.ended]), 20);
  clock.resume();
  t.equal(await ended, 5);
});

void t.test('a process that is stopped gets no time back, one without a CPU does', async (t) => {
  const child = spawn('sleep', ['100']);
  await once(child, 'spawn');
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  new Countdown(1, child.pid ?? 0, end).start(10);
  await ended;
  child.kill('SIGKILL');
  t.pass('a sleeping process is waited for no longer than its budget');
});

void t.test('budgets are made of measured times', async (t) => {
  const budgets = await Budgets.measure();
  t.ok(budgets.slice > 0);
  const before = budgets.scenario(scenario('s'));
  budgets.roundTripMs = 100;
  t.ok(budgets.scenario(scenario('s')) - before > 1000, 'a slower subject gets more time');
  const waiting = { ...scenario('s'), main: [{ op: 'timeout' as const, delay: 7000, run: 'go' }] };
  t.ok(budgets.scenario(waiting) - budgets.scenario(scenario('s')) > 6900);
  const patient = await Budgets.measure(Infinity);
  t.equal(patient.scenario(scenario('s')), Infinity);
  t.equal(patient.hello(), Infinity);
});
