import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { TimerHeap, type Timer } from '../timer-heap.js';

const nothing = () => {};

/** A timer heap as simple as can be: a list, sorted when it is looked at. */
class Model {
  timers: Timer[] = [];
  first(): Timer | undefined {
    return this.timers.sort((a, b) => a.deadlineMs - b.deadlineMs || a.sequence - b.sequence)[0];
  }
  cancel(timer: Timer): void {
    this.timers = this.timers.filter((other) => other !== timer);
  }
}

/** Few different deadlines, so that there are ties. */
const deadline = fc.oneof(fc.integer({ min: 0, max: 9 }), fc.double({ noNaN: true }));

const command = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('add' as const), deadline }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cancel' as const), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('take' as const), now: deadline }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('putBack' as const), which: fc.nat() }) },
);

t.test('the heap is a sorted list, ties in the order of adding', (t) => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 200 }), (commands) => {
      const heap = new TimerHeap();
      const model = new Model();
      const all: Timer[] = [];
      const taken: Timer[] = [];
      for (const command of commands) {
        if (command.do === 'add') {
          const timer = heap.add(command.deadline, nothing);
          all.push(timer);
          model.timers.push(timer);
        } else if (command.do === 'cancel') {
          const timer = all[command.which % all.length];
          if (timer === undefined) continue;
          heap.cancel(timer);
          model.cancel(timer);
          assert.equal(timer.state, 'over');
        } else if (command.do === 'take') {
          const first = model.first();
          const expected = first !== undefined && first.deadlineMs <= command.now ? first : undefined;
          const timer = heap.takeDue(command.now);
          assert.equal(timer, expected);
          if (timer === undefined) continue;
          model.cancel(timer);
          taken.push(timer);
        } else {
          const timer = taken[command.which % taken.length];
          if (timer?.state !== 'due') continue;
          heap.putBack(timer);
          model.timers.push(timer);
        }
        assert.equal(heap.size, model.timers.length);
        assert.equal(heap.firstDeadlineMs, model.first()?.deadlineMs);
      }
      const order = [];
      for (let timer = heap.takeDue(Infinity); timer; timer = heap.takeDue(Infinity))
        order.push(timer.sequence);
      model.first();
      assert.deepEqual(
        order,
        model.timers.map((timer) => timer.sequence),
      );
    }),
    { numRuns: 500 },
  );
  t.end();
});

t.test('a timer of another heap is none of its business', (t) => {
  const [mine, other] = [new TimerHeap(), new TimerHeap()];
  mine.add(1, nothing);
  mine.cancel(other.add(1, nothing));
  t.equal(mine.size, 1);
  t.equal(other.size, 1);
  t.end();
});

t.test('adding and cancelling do not slow down with size more than a heap does', (t) => {
  const heap = new TimerHeap();
  let compared = 0;
  /** A deadline that counts how often it is looked at. */
  const counted = (ms: number) => ({ valueOf: () => (compared++, ms) }) as unknown as number;
  const timers = Array.from({ length: 100_000 }, (_, i) => heap.add(counted((i * 7919) % 100_003), nothing));
  compared = 0;
  for (let i = 0; i < 1000; i++) heap.cancel(timers[i * 97] as Timer);
  t.ok(
    compared / 1000 < 100,
    `${compared / 1000} looks at a deadline for each of 1000 cancels among 100,000`,
  );
  t.end();
});
