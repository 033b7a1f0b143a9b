import t from 'tap';
import { IOLoop } from '../index.js';

void t.test('run', async (t) => {
  const loop = new IOLoop();
  const seen: string[] = [];
  setTimeout(() => loop.addCallback(() => loop.stop()), 5);
  loop.callLater(1, () => void seen.push('timer'));
  await loop.run();
  t.strictSame(seen, ['timer']);
  loop.close();
});
