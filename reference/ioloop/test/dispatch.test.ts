import t from 'tap';
import { posix } from '../../../posix/index.js';
import { ERROR, READ, WRITE } from '../index.js';
import { countingKernel, duplicate, eachPoller, makeLoop, pair, send } from './help.js';

eachPoller(t, 'a handler that was removed in the same round is not called', (t, poller) => {
  const { loop, log, spin } = makeLoop(t, { poller });
  const [a, b] = pair(t);
  const [c, d] = pair(t);
  const seen: number[] = [];
  for (const [fd, other] of [
    [a, c],
    [c, a],
  ] as const) {
    loop.addHandler(
      fd,
      () => {
        seen.push(fd);
        loop.removeHandler(other);
        posix.close(other);
      },
      READ,
    );
  }
  send(b);
  send(d);
  spin(2);
  t.equal(new Set(seen).size, 1);
  t.strictSame(log, []);
});

for (const [name, remove] of [
  ['removed', true],
  ['not removed', false],
] as const) {
  eachPoller(t, `a number used again in the same round, ${name} before its close`, (t, poller) => {
    const { loop, log, spin } = makeLoop(t, { poller });
    const ready = [pair(t), pair(t)];
    const [quiet] = pair(t);
    const seen: string[] = [];
    for (const [fd, peer] of ready) {
      send(peer);
      loop.addHandler(
        fd,
        () => {
          seen.push('old');
          for (const [other] of ready) {
            if (other === fd) continue;
            if (remove) loop.removeHandler(other);
            posix.dup2(quiet, other);
            loop.addHandler(other, () => void seen.push('new'), READ);
          }
          loop.removeHandler(fd);
        },
        READ,
      );
    }
    spin(2);
    t.strictSame(seen, ['old'], 'the new handler hears nothing of the old fd');
    t.strictSame(log, []);
  });
}

eachPoller(t, 'a handler may remove itself and close its fd', (t, poller) => {
  const { loop, log, spin } = makeLoop(t, { poller });
  const [a, b] = pair(t);
  const [c, d] = pair(t);
  const seen: number[] = [];
  for (const fd of [a, c]) {
    loop.addHandler(
      fd,
      () => {
        seen.push(fd);
        loop.removeHandler(fd);
        posix.close(fd);
      },
      READ,
    );
  }
  send(b);
  send(d);
  spin(3);
  t.strictSame(
    seen.sort((x, y) => x - y),
    [a, c],
  );
  t.strictSame(log, []);
});

eachPoller(t, 'a handler that was added waits for the next round', (t, poller) => {
  const { loop, spin } = makeLoop(t, { poller });
  const ready = [pair(t), pair(t), pair(t)];
  const [late, latePeer] = pair(t);
  send(latePeer);
  const seen: string[] = [];
  for (const [fd, peer] of ready) {
    send(peer);
    loop.addHandler(
      fd,
      () => {
        if (seen.push('early') === 1) loop.addHandler(late, () => void seen.push('late'), READ);
      },
      READ,
    );
  }
  spin(1);
  t.strictSame(seen, ['early', 'early', 'early']);
  spin(1);
  t.strictSame(seen.slice(3).sort(), ['early', 'early', 'early', 'late'], 'each once in a round');
});

eachPoller(t, 'an update counts at once, also for what was polled', (t, poller) => {
  const { loop, spin } = makeLoop(t, { poller });
  const both = [pair(t), pair(t)];
  const seen: number[] = [];
  for (const [fd, peer] of both) {
    send(peer);
    loop.addHandler(
      fd,
      (_, events) => {
        seen.push(events);
        for (const [other] of both) if (other !== fd) loop.updateHandler(other, WRITE);
      },
      READ | WRITE,
    );
  }
  spin(1);
  t.strictSame(seen, [READ | WRITE, WRITE]);
});

eachPoller(t, 'an update of an fd that was closed ends its watch', (t, poller) => {
  const { loop } = makeLoop(t, { poller });
  const [a] = pair(t);
  loop.addHandler(a, () => void t.fail('called'), READ);
  posix.close(a);
  t.throws(() => loop.updateHandler(a, WRITE), { name: 'NoHandlerError' });
  loop.removeHandler(a);
});

eachPoller(t, 'an update of an fd that was opened again as another', (t, poller) => {
  const { loop } = makeLoop(t, { poller });
  const [a, b] = pair(t);
  const [c] = pair(t);
  loop.addHandler(a, () => void t.fail('called'), READ);
  posix.dup2(c, a);
  posix.close(b);
  t.throws(() => loop.updateHandler(a, WRITE), { name: 'NoHandlerError' });
});

eachPoller(t, 'an fd closed behind the loop’s back neither spins nor harms', (t, poller) => {
  const kernel = countingKernel();
  const { loop, log, start } = makeLoop(t, { poller, posix: kernel.posix });
  const [a, b] = pair(t);
  const [c, d] = pair(t);
  loop.addHandler(a, () => void t.fail('called'), READ);
  posix.close(a);
  posix.close(b);
  loop.addHandler(c, () => loop.stop(), READ);
  loop.callLater(20, () => send(d));
  start();
  t.ok(kernel.polls < 10, `${kernel.polls} polls`);
  if (poller === 'epoll') t.strictSame(log, [], 'the kernel forgets in silence');
  else t.match(log, [{ level: 'warning', fd: a, text: /was closed with a handler/ }], 'said once');
  loop.removeHandler(a);
});

eachPoller(t, 'nobody watches: a hang-up does not spin', (t, poller) => {
  const kernel = countingKernel();
  const { loop, start } = makeLoop(t, { poller, posix: kernel.posix });
  const [a, b] = pair(t);
  loop.addHandler(a, () => void t.fail('called'), READ);
  loop.removeHandler(a);
  posix.close(b);
  loop.callLater(20, () => loop.stop());
  start();
  t.ok(kernel.polls < 10, `${kernel.polls} polls`);
});

t.test('a ghost: closed, and only then removed, while a copy is open', (t) => {
  const kernel = countingKernel();
  const { loop, log, start, spin } = makeLoop(t, { posix: kernel.posix });
  const [a, b] = pair(t);
  const copy = duplicate(t, a);
  loop.addHandler(a, () => void t.fail('a ghost was heard'), READ);
  posix.close(a);
  loop.removeHandler(a);
  send(b);
  const [c, d] = pair(t);
  const seen: number[] = [];
  loop.addHandler(c, (fd) => void seen.push(fd), READ);
  loop.callLater(20, () => loop.stop());
  start();
  t.ok(kernel.polls < 10, `${kernel.polls} polls`);
  send(d);
  spin(2);
  t.strictSame(seen, [c, c], 'the others are watched as before');
  loop.addHandler(copy, (fd) => void seen.push(fd), READ);
  loop.removeHandler(c);
  spin(1);
  t.strictSame(seen, [c, c, copy]);
  t.strictSame(log, []);
  t.end();
});

t.test('a ghost whose number comes back to the same file', (t) => {
  const { loop, spin } = makeLoop(t);
  const [a, b] = pair(t);
  const copy = duplicate(t, a);
  loop.addHandler(a, () => void t.fail('a ghost was heard'), READ);
  posix.close(a);
  loop.removeHandler(a);
  posix.dup2(copy, a);
  let seen = 0;
  loop.addHandler(a, () => void seen++, READ);
  send(b);
  spin(2);
  t.equal(seen, 2);
  t.end();
});

t.test('a ghost whose number was given to another fd', (t) => {
  const { loop, spin } = makeLoop(t);
  const [a, b] = pair(t);
  duplicate(t, a);
  const [c, d] = pair(t);
  loop.addHandler(a, () => void t.fail('a ghost was heard'), READ);
  posix.dup2(c, a);
  const seen: number[] = [];
  loop.addHandler(a, (_, events) => void seen.push(events), READ);
  send(b);
  spin(2);
  t.strictSame(seen, []);
  send(d);
  spin(1);
  t.strictSame(seen, [READ]);
  t.end();
});

eachPoller(t, 'an fd that is always ready starves neither fds, nor timers, nor tasks', (t, poller) => {
  const { loop, start } = makeLoop(t, { poller });
  const [a] = pair(t);
  const [c, d] = pair(t);
  const seen = new Set<string>();
  const saw = (what: string) => {
    seen.add(what);
    if (seen.size === 3) loop.stop();
  };
  let runs = 0;
  loop.addHandler(
    a,
    () => {
      if (++runs === 1) {
        send(d);
        loop.callLater(1, () => saw('timer'));
        loop.addCallback(() => saw('task'));
      }
    },
    WRITE,
  );
  loop.addHandler(c, () => saw('fd'), READ | ERROR);
  start();
  t.equal(seen.size, 3);
});
