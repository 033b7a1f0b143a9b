import t from 'tap';
import { posix } from '../../../posix/index.js';
import { READ } from '../index.js';
import { eachPoller, makeLoop, pair, send } from './help.js';

const nothing = () => {};

eachPoller(t, 'a reader and a writer, each for itself', (t, poller) => {
  const { loop, spin } = makeLoop(t, { poller });
  const [a, b] = pair(t);
  const seen: string[] = [];
  loop.addReader(a, () => void seen.push('reader'));
  loop.addWriter(a, () => void seen.push('writer'));
  spin(1);
  send(b);
  spin(1);
  loop.removeWriter(a);
  spin(1);
  loop.addWriter(a, () => void seen.push('new writer'));
  loop.removeReader(a);
  spin(1);
  loop.removeWriter(a);
  spin(1);
  t.strictSame(seen, ['writer', 'reader', 'writer', 'reader', 'new writer']);
});

eachPoller(t, 'a second one is refused, and the first stays', (t, poller) => {
  const { loop, spin } = makeLoop(t, { poller });
  const [a, b] = pair(t);
  let runs = 0;
  loop.addReader(a, () => void runs++);
  t.throws(() => loop.addReader(a, nothing), {
    name: 'HandlerExistsError',
    message: /^fd \d+ as reader has/,
  });
  t.throws(() => loop.addHandler(a, nothing, READ), { name: 'HandlerExistsError' });
  loop.addHandler(b, nothing, READ);
  t.throws(() => loop.addWriter(b, nothing), { name: 'HandlerExistsError', message: /^fd \d+ has/ });
  send(b);
  spin(1);
  t.equal(runs, 1);
});

eachPoller(t, 'the reader may remove the writer; a reader that throws keeps nothing from it', (t, poller) => {
  const { loop, log, spin } = makeLoop(t, { poller });
  const [a, b] = pair(t);
  send(b);
  let writes = 0;
  let reads = 0;
  loop.addReader(a, () => {
    if (reads++ > 0) loop.removeWriter(a);
    else throw new Error('first');
  });
  loop.addWriter(a, () => void writes++);
  spin(2);
  t.strictSame([reads, writes], [2, 1]);
  t.match(log, [{ text: `Exception in reader of fd ${a}`, fd: a }]);
});

eachPoller(t, 'a hang-up is told to both, and to nobody when both are gone', (t, poller) => {
  const { loop, start, spin } = makeLoop(t, { poller });
  const [a, b] = pair(t);
  const seen: string[] = [];
  const gone = (what: string) => () => {
    seen.push(what);
    if (seen.length === 2) loop.stop();
  };
  loop.addReader(a, gone('reader'));
  loop.addWriter(a, gone('writer'));
  posix.close(b);
  start();
  t.strictSame(seen, ['reader', 'writer']);
  loop.removeReader(a);
  loop.removeWriter(a);
  spin(2);
  t.strictSame(seen, ['reader', 'writer']);
});

eachPoller(t, 'after a close behind the loop’s back', (t, poller) => {
  const { loop, spin } = makeLoop(t, { poller });
  const [a] = pair(t);
  const [c, d] = pair(t);
  loop.addReader(a, () => void t.fail('called'));
  loop.addWriter(a, () => void t.fail('called'));
  posix.close(a);
  t.throws(() => loop.addWriter(a, nothing), { name: 'UnwatchableFdError' });
  loop.removeReader(a);
  loop.removeWriter(a);
  posix.dup2(c, a);
  let runs = 0;
  loop.addReader(a, () => void runs++);
  send(d);
  spin(1);
  t.equal(runs, 1);
  loop.removeWriter(a);
  loop.removeWriter(-1);
});
