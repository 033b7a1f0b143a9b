import fc from 'fast-check';
import t from 'tap';
import type { History, Horizon } from '../../trace/history.js';
import { horizonAfter, polledBetween } from '../horizons.js';

const horizon = fc
  .tuple(fc.nat({ max: 30 }), fc.nat({ max: 10 }), fc.constantFrom('main', 'other'))
  .map(([from, length, loop]): Horizon => ({ from, to: from + length, loop }));

void t.test('the first by its end of those that begin after a step', (t) => {
  fc.assert(
    fc.property(fc.array(horizon, { maxLength: 12 }), fc.integer({ min: -1, max: 42 }), (horizons, step) => {
      const h = { horizons } as unknown as History;
      const ends = horizons.filter(({ loop, from }) => loop === 'main' && from > step).map(({ to }) => to);
      const first = ends.length === 0 ? undefined : Math.min(...ends);
      const found = horizonAfter(h, 'main', step);
      return (
        found?.to === first &&
        (found === undefined || (found.from > step && found.loop === 'main')) &&
        polledBetween(h, 'main', step, 20) === (first !== undefined && first <= 20)
      );
    }),
  );
  t.end();
});
