import {
  barrier,
  burn,
  closeLoop,
  done,
  dup,
  quietly,
  raise,
  read,
  schedule,
  signal,
  start,
  stop,
  thread as threadDoes,
  unsignal,
  wake,
  wakeup,
} from '../../../scenarios/program.js';
import type { Action } from '../../../../spec/scenario.js';
import { wakeupRules } from '../wakeups.js';
import { CALM, raises, SPINNING, testRules, thread, type Program } from '../../test/table.js';
import type { Step } from '../../test/trace-builder.js';

const SIGNAL = 'SIGUSR2';
const WAKES = [{ op: 'wake' as const, id: 'w' }];
const RAISES = [{ op: 'raise' as const, signal: SIGNAL }];

/** A wakeup, a callback on a signal, and a task that does something. */
const sends = (...sender: Action[]): Program => ({
  main: [wakeup('w', 'woken'), signal(SIGNAL, 'signalled'), schedule('sender'), start],
  callbacks: { sender, woken: { rest: [] }, signalled: { rest: [] } },
});
/** The action of the sender is at work when it is called. */
const inside = (run: string): Step => ({ run: 'sender', actions: { 0: { steps: [run] } } });
const LOST = 'sentinel@1001';
const storm = { threads: [{ slept: false, startedAt: 1000, lastAt: 3000, endedAt: 3001 }] };

testRules(wakeupRules, {
  'LOOP-WAKE-1': [
    [
      sends(threadDoes('idle', WAKES)),
      ['kept', ['sender', 'woken@5'], thread(4)],
      ['broken', ['sender', LOST], thread(4)],
      // Called in the round of the far timer, before it: nothing else woke the loop.
      ['broken', ['sender', 'woken@1001', 'sentinel'], thread(4)],
      ['silent', ['sender', LOST], thread(4, false)],
    ],
  ],
  'LOOP-WAKE-2': [
    [
      {
        main: [wakeup('v', 'one'), wakeup('w', 'two'), schedule('sender'), start],
        callbacks: { sender: [wake('v'), wake('w')] },
      },
      ['kept', ['sender', 'one', 'two']],
      ['broken', ['sender', 'one', LOST]],
      ['silent', ['sender']],
    ],
    [sends(wake('w')), ['silent', ['sender', LOST]]],
  ],
  'LOOP-WAKE-3': [
    [
      sends(wake('w'), burn(1)),
      ['kept', ['sender', 'woken']],
      ['broken', [inside('woken')]],
      ['silent', ['sender']],
    ],
  ],
  'LOOP-WAKE-4': [
    [
      { main: [wakeup('w', 'woken'), wake('w'), start] },
      ['kept', ['woken']],
      ['broken', [LOST]],
      ['silent', []],
    ],
    [sends(wake('w')), ['silent', ['sender', LOST]]],
  ],
  'LOOP-WAKE-5': [
    [
      sends(threadDoes('now', WAKES, 3)),
      ['kept', ['sender', 'woken@2', 'woken@4'], storm],
      ['broken', ['sender', 'woken@2', LOST], storm],
      ['broken', ['sender'], { ...storm, ends: 'hung' }],
      ['silent', ['sender', 'woken@2'], storm],
    ],
    [sends(wake('w')), ['silent', ['sender', LOST]]],
  ],
  'LOOP-WAKE-6': [
    [
      {
        main: [wakeup('w', 'woken'), wake('w'), start],
        callbacks: { woken: { runs: [[wake('w')], [done]] } },
      },
      ['kept', ['woken', 'woken']],
      ['broken', ['woken', LOST]],
      ['silent', [LOST]],
    ],
  ],
  'LOOP-WAKE-7': [
    [
      {
        main: [wakeup('w', 'woken'), wake('w'), start],
        callbacks: { woken: [quietly.begin], ...quietly.callbacks },
      },
      ['kept', ['woken', ...CALM]],
      ['broken', ['woken', ...SPINNING]],
      ['silent', ['woken', ...SPINNING.slice(0, 2)]],
    ],
  ],
  'LOOP-WAKE-8': [
    [
      sends(wake('w', 70_000)),
      ['kept', ['sender', 'woken']],
      ['broken', [{ run: 'sender', actions: { 0: { raised: 'Error' } } }]],
      ['broken', [{ run: 'sender', actions: { 0: { unfinished: true } } }], { ends: 'hung' }],
      ['silent', [{ run: 'sender', actions: { 0: { unfinished: true } } }], { ends: 'died' }],
    ],
    [sends(wake('w', 3)), ['silent', ['sender', 'woken']]],
  ],
  'LOOP-WAKE-9': [
    [
      {
        fds: { a: 'pair' },
        main: [
          wakeup('w', 'woken'),
          schedule('stopper'),
          start,
          closeLoop,
          dup('a', 'b'),
          wake('w'),
          read('a.peer'),
        ],
        callbacks: { stopper: [stop] },
      },
      ['kept', ['stopper']],
      ['broken', ['stopper'], { main: { 7: { result: 8 } } }],
    ],
    [
      {
        fds: { a: 'pair' },
        main: [wakeup('w', 'woken'), schedule('stopper'), start, closeLoop, read('a.peer')],
      },
      ['silent', ['stopper'], { main: { 5: { result: 8 } } }],
    ],
  ],
  'LOOP-SIGNAL-1': [
    [
      sends(threadDoes('idle', RAISES)),
      ['kept', ['sender', 'signalled@5'], thread(4)],
      ['broken', ['sender', LOST], thread(4)],
      ['silent', ['sender', LOST], thread(4, false)],
    ],
  ],
  'LOOP-SIGNAL-2': [
    [
      sends(raise(SIGNAL)),
      ['kept', ['sender', 'signalled']],
      ['broken', ['sender', LOST]],
      ['silent', ['sender']],
    ],
  ],
  'LOOP-SIGNAL-3': [
    [
      sends(raise(SIGNAL), burn(1)),
      ['kept', ['sender', 'signalled']],
      ['broken', [inside('signalled')]],
      ['silent', ['sender']],
    ],
  ],
  'LOOP-SIGNAL-4': [
    [
      sends(threadDoes('now', RAISES, 3)),
      ['kept', ['sender', 'signalled@2', 'signalled@4'], storm],
      ['broken', ['sender', 'signalled@2', LOST], storm],
      ['silent', ['sender', 'signalled@2'], storm],
    ],
    [sends(threadDoes('now', RAISES)), ['silent', ['sender', LOST], thread(2)]],
  ],
  'LOOP-SIGNAL-5': [
    [
      sends(unsignal(SIGNAL), raise(SIGNAL), barrier('end')),
      ['kept', ['sender', 'end']],
      ['broken', ['sender', 'signalled', 'end']],
      ['silent', ['sender']],
    ],
    [sends(unsignal(SIGNAL)), ['silent', ['sender', 'signalled'], raises()]],
  ],
});
