import t from 'tap';
import { READ, WRITE, type Task } from '../index.js';
import { countingKernel, makeLoop, pair, send } from './help.js';

t.test('first come, first served, as often as added, never at once', (t) => {
  const { loop, spin } = makeLoop(t);
  const seen: string[] = [];
  const twice = () => void seen.push('twice');
  loop.addCallback(() => void seen.push('first'));
  loop.addCallback(twice);
  loop.addCallback(() => void seen.push('third'));
  loop.addCallback(twice);
  t.strictSame(seen, []);
  spin(1);
  t.strictSame(seen, ['first', 'twice', 'third', 'twice']);
  t.end();
});

t.test('a task that a task adds waits for the next iteration', (t) => {
  const { loop, start } = makeLoop(t);
  const [a] = pair(t);
  const seen: string[] = [];
  const chain = () => {
    seen.push('task');
    if (seen.length < 6) loop.addCallback(chain);
    else loop.stop();
  };
  loop.addHandler(a, () => void seen.push('fd'), WRITE);
  loop.addCallback(chain);
  start();
  t.strictSame(seen, ['task', 'fd', 'task', 'fd', 'task', 'fd', 'task', 'fd']);
  t.end();
});

t.test('a task is not waited with, wherever it was added', (t) => {
  const { loop, start } = makeLoop(t);
  const [a, b] = pair(t);
  const seen: string[] = [];
  loop.addHandler(
    a,
    () => {
      loop.removeHandler(a);
      loop.addCallback(() => {
        seen.push('handler’s');
        loop.addCallback(() => {
          seen.push('task’s');
          loop.callLater(1, () => {
            loop.addCallback(() => {
              seen.push('timer’s');
              loop.stop();
            });
          });
        });
      });
    },
    READ,
  );
  send(b);
  start();
  t.strictSame(seen, ['handler’s', 'task’s', 'timer’s']);
  t.end();
});

t.test('a removed task does not run, not even in the same iteration', (t) => {
  const { loop, spin } = makeLoop(t);
  const seen: number[] = [];
  const tasks: Task[] = [];
  for (const [i, other] of [
    [0, 1],
    [1, 0],
  ] as const) {
    tasks[i] = loop.addCallback(() => {
      seen.push(i);
      loop.removeCallback(tasks[other] as Task);
    });
  }
  loop.removeCallback(loop.addCallback(() => void seen.push(2)));
  spin(2);
  t.strictSame(seen, [0]);
  loop.removeCallback(tasks[0] as Task);
  t.end();
});

t.test('a task removed last does not keep the loop busy', (t) => {
  const kernel = countingKernel();
  const { loop, start } = makeLoop(t, { posix: kernel.posix });
  loop.addCallback(() => loop.removeCallback(loop.addCallback(() => void t.fail('called'))));
  loop.callLater(10, () => loop.stop());
  start();
  t.ok(kernel.polls < 8, `${kernel.polls} polls`);
  t.end();
});

t.test('what a callback returns is ignored', (t) => {
  const { loop, log, spin } = makeLoop(t);
  const [a] = pair(t);
  const odd = [0, false, null, 'x', Symbol('x'), { then: 1 }, [], () => {}];
  for (const value of odd) loop.addCallback(() => value as unknown as void);
  let runs = 0;
  loop.addHandler(a, () => odd[runs++] as unknown as void, WRITE);
  spin(odd.length);
  t.ok(runs >= odd.length);
  t.strictSame(log, []);
  t.end();
});
