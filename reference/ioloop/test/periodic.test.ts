import t, { type Test } from 'tap';
import { StopEverything } from '../index.js';
import { makeLoop, virtualTime } from './help.js';

/** A loop in virtual time, and the moments at which something ran, from its beginning. */
function timed(t: Test) {
  const time = virtualTime();
  const fixture = makeLoop(t, { posix: time.posix, clock: time.clock });
  const begin = time.clock();
  const moments: number[] = [];
  const stamp = () => moments.push(time.clock() - begin);
  return { ...time, ...fixture, moments, stamp };
}

t.test('on a grid, whatever the callback takes, and what was missed is skipped', (t) => {
  const { loop, moments, stamp, advance } = timed(t);
  const takes = [0, 60, 0, 350, 0];
  loop
    .periodic(() => {
      advance(takes[stamp() - 1] ?? 0);
      if (moments.length === takes.length) loop.stop();
    }, 100)
    .start();
  loop.start();
  t.strictSame(moments, [100, 200, 300, 400, 800]);
  t.end();
});

t.test('stops, in its own callback too, and starts again', (t) => {
  const { loop, moments, stamp } = timed(t);
  const periodic = loop.periodic(() => {
    if (stamp() === 2) periodic.stop();
    if (moments.length === 5) {
      periodic.stop();
      periodic.start();
      periodic.start();
    }
  }, 100);
  periodic.start();
  periodic.start();
  loop.callLater(350, () => periodic.start());
  loop.callLater(850, () => periodic.stop());
  loop.callLater(1000, () => loop.stop());
  loop.start();
  t.strictSame(moments, [100, 200, 450, 550, 650, 750, 850].slice(0, moments.length));
  t.ok(moments.length >= 6);
  t.end();
});

t.test('a stop and a start in one callback leave one', (t) => {
  const { loop, moments, stamp } = timed(t);
  const periodic = loop.periodic(() => void stamp(), 100);
  periodic.start();
  loop.callLater(50, () => {
    periodic.stop();
    periodic.start();
  });
  loop.callLater(300, () => loop.stop());
  loop.start();
  t.strictSame(moments, [150, 250]);
  t.end();
});

t.test('goes on after an exception, also after one that stopped everything', (t) => {
  const { loop, log, moments, stamp } = timed(t);
  loop
    .periodic(() => {
      const run = stamp();
      if (run === 1) throw new Error('first');
      if (run === 2) throw new StopEverything();
      loop.stop();
    }, 100)
    .start();
  t.throws(() => loop.start(), { name: 'StopEverything' });
  t.match(log, [{ text: 'Exception in timer', error: { message: 'first' } }]);
  loop.start();
  t.strictSame(moments, [100, 200, 300]);
  t.end();
});

t.test('a clock that is set back does not repeat a moment', (t) => {
  const { loop, moments, stamp, advance } = timed(t);
  loop
    .periodic(() => {
      if (stamp() === 1) advance(-1000);
      else loop.stop();
    }, 100)
    .start();
  loop.start();
  t.strictSame(moments, [100, 200]);
  t.end();
});

t.test('no interval is refused', (t) => {
  const { loop } = makeLoop(t);
  for (const ms of [0, -1, NaN, Infinity])
    t.throws(() => loop.periodic(() => {}, ms), {
      name: 'InvalidIntervalError',
      message: `an interval of ${ms} ms can't be repeated: pass a finite number of milliseconds above 0`,
    });
  t.end();
});
