import t from 'tap';
import { WRITE } from '../index.js';
import { countingKernel, makeLoop, pair, virtualTime } from './help.js';

const LONGEST_MS = 0x7fffffff;

t.test('by deadline, ties in the order of setting, never early', (t) => {
  const { posix, clock } = virtualTime();
  const { loop } = makeLoop(t, { posix, clock });
  const seen: string[] = [];
  const at = loop.now();
  const set = (ms: number, name: string) =>
    loop.addTimeout(at + ms, () => {
      t.ok(clock() >= at + ms, name);
      seen.push(name);
    });
  set(30, '30');
  set(10.25, '10.25 a');
  set(-5, '-5');
  set(10.25, '10.25 b');
  set(0, '0');
  set(10, '10');
  set(-7, '-7');
  set(10.25, '10.25 c');
  set(-Infinity, 'always');
  loop.callLater(31, () => loop.stop());
  loop.start();
  t.strictSame(seen, ['always', '-7', '-5', '0', '10', '10.25 a', '10.25 b', '10.25 c', '30']);
  t.end();
});

t.test('a wait is rounded up, recomputed, and limited to an int', (t) => {
  const { posix, clock, waits, advance } = virtualTime();
  const { loop } = makeLoop(t, { posix, clock });
  loop.addTimeout(Infinity, () => void t.fail('never'));
  loop.callLater(1e15, () => loop.stop());
  loop.callLater(0.001, () => advance(100));
  loop.callLater(100.5, () => {});
  loop.callLater(200.5, () => {});
  loop.callLater(250, () => void loop.callLater(1, () => {}));
  loop.callLater(LONGEST_MS + 300.5, () => loop.stop());
  loop.start();
  t.strictSame(waits.slice(0, 7), [1, 0, 100, 49, 1, LONGEST_MS, 50]);
  t.end();
});

t.test('a real wait neither comes early nor spins', (t) => {
  const kernel = countingKernel();
  const { loop, start } = makeLoop(t, { posix: kernel.posix });
  let left = 10;
  let deadlineMs = 0;
  const next = () => {
    t.ok(loop.now() >= deadlineMs);
    if (left-- === 0) return loop.stop();
    deadlineMs = loop.now() + 1.3;
    loop.addTimeout(deadlineMs, next);
  };
  loop.addCallback(next);
  start();
  t.ok(kernel.polls < 30, `${kernel.polls} polls for 10 timers`);
  t.end();
});

t.test('a delay counts from the call', (t) => {
  const { posix, clock, advance } = virtualTime();
  const { loop } = makeLoop(t, { posix, clock });
  const seen: string[] = [];
  loop.addCallback(() => {
    loop.callLater(30, () => void seen.push('a'));
    advance(20);
    loop.callLater(15, () => {
      seen.push('b');
      loop.stop();
    });
    loop.callLater(-1, () => void seen.push('c'));
  });
  loop.start();
  t.strictSame(seen, ['c', 'a', 'b']);
  t.end();
});

t.test('what is due is a snapshot', (t) => {
  const { loop, start } = makeLoop(t);
  const [a] = pair(t);
  const seen: string[] = [];
  const again = () => {
    seen.push('timer');
    loop.addTimeout(-Infinity, again);
  };
  loop.addHandler(
    a,
    () => {
      if (seen.push('fd') >= 6) loop.stop();
    },
    WRITE,
  );
  loop.callLater(0, again);
  start();
  t.strictSame(seen, ['timer', 'fd', 'timer', 'fd', 'timer', 'fd']);
  t.end();
});

t.test('a due backlog is one pass, and its members may cancel each other', (t) => {
  const { posix, clock, advance } = virtualTime();
  const { loop } = makeLoop(t, { posix, clock });
  const seen: string[] = [];
  const x = loop.callLater(1, () => {
    seen.push('x');
    loop.removeTimeout(y);
    loop.removeTimeout(x);
  });
  const y = loop.callLater(2, () => {
    seen.push('y');
    loop.removeTimeout(x);
  });
  const z = loop.callLater(3, () => void loop.addCallback(() => void seen.push('next')));
  loop.callLater(4, () => {
    seen.push('last');
    loop.removeTimeout(z);
    loop.addCallback(() => loop.stop());
  });
  loop.removeTimeout(loop.callLater(1, () => void seen.push('cancelled')));
  advance(10);
  loop.start();
  t.strictSame(seen, ['x', 'last', 'next']);
  t.end();
});

t.test('no time is refused', (t) => {
  const { loop } = makeLoop(t);
  t.throws(() => loop.addTimeout(NaN, () => {}), {
    name: 'InvalidTimeError',
    message: /deadline NaN is no time/,
  });
  t.throws(() => loop.callLater(NaN, () => {}), { name: 'InvalidTimeError' });
  t.end();
});
