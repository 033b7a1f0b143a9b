/**
 * A scenario as a person would jot it down: one line for the fds, one for the main program, one for each callback.
 *
 *     fds     a: pair, b: pipe ×3
 *     main    add a [read] → reader; write a.peer "x"; start
 *     reader  1: drain a | 2: remove a
 */
import type { Action, CallbackSpec, FdSpec, Scenario } from '../../spec/scenario.js';
import { excerpt } from '../subject/visible.js';

/** Data of a write is shown up to this length, characters. */
const SHOWN_DATA = 24;

const list = (events: readonly string[]): string => `[${events.join(' ')}]`;
const named = (id: string | undefined): string => (id === undefined ? '' : ` as ${id}`);
const times = (n: number | undefined): string => (n === undefined ? '' : ` ×${n}`);

const atMost = (bytes: number | undefined): string => (bytes === undefined ? '' : ` at most ${bytes} bytes`);

/** What a write writes. */
const payloadText = ({ data, size, from = 0 }: Payload): string =>
  size === undefined
    ? `"${excerpt(data ?? '', SHOWN_DATA)}"`
    : `${size} bytes${from === 0 ? '' : ` from ${from} on`}`;

interface Payload {
  readonly data?: string | undefined;
  readonly size?: number | undefined;
  readonly from?: number | undefined;
}

/** One action. @param fd stands for the group that the action names, if it names one */
export function actionText(action: Action, fd?: string): string {
  const { op } = action;
  switch (action.op) {
    case 'add':
      return `add ${fd ?? action.fd} ${list(action.events)} → ${action.run}`;
    case 'update':
      return `update ${fd ?? action.fd} ${list(action.events)}`;
    case 'remove':
      return `remove ${fd ?? action.fd}${action.events === undefined ? '' : ` ${list(action.events)}`}`;
    case 'schedule':
      return `schedule${named(action.id)} → ${action.run}`;
    case 'timeout':
      return `timeout ${action.delay} ms${named(action.id)} → ${action.run}`;
    case 'timeoutAt':
      return `timeoutAt ${action.base} + ${action.delay} ms${named(action.id)} → ${action.run}`;
    case 'periodic':
      return `periodic ${action.id} every ${action.interval} ms → ${action.run}`;
    case 'unschedule':
    case 'cancel':
    case 'periodicStart':
    case 'periodicStop':
      return `${op} ${action.id}`;
    case 'wakeup':
      return `wakeup ${action.id} → ${action.run}`;
    case 'wake':
      return `wake ${action.id}${times(action.times)}`;
    case 'signal':
      return `signal ${action.signal} → ${action.run}`;
    case 'unsignal':
      return `unsignal ${action.signal}`;
    case 'barrier':
      return `barrier${action.rounds === undefined ? '' : ` of ${action.rounds} rounds`} → ${action.run}`;
    case 'now':
    case 'newLoop':
    case 'useLoop':
      return `${op} ${action.as}`;
    case 'write':
      return `write ${fd ?? action.fd} ${payloadText(action)}`;
    case 'stream': {
      const limits = [
        ...(action.maxRead === undefined ? [] : [`reading up to ${action.maxRead} bytes`]),
        ...(action.maxWrite === undefined ? [] : [`writing up to ${action.maxWrite} bytes`]),
      ];
      return `stream over ${fd ?? action.fd} as ${action.as}${limits.length === 0 ? '' : `, ${limits.join(', ')}`}`;
    }
    case 'connectStream':
      return `connectStream to ${action.to} as ${action.as} → ${action.run}`;
    case 'readUntil':
      return `readUntil ${action.stream} "${excerpt(action.delimiter, SHOWN_DATA)}"${atMost(action.max)} → ${action.run}`;
    case 'readUntilRegex':
      return `readUntilRegex ${action.stream} /${excerpt(action.pattern, SHOWN_DATA)}/${atMost(action.max)} → ${action.run}`;
    case 'readBytes':
      return `readBytes ${action.stream} ${action.size} → ${action.run}`;
    case 'readSome':
      return `readSome ${action.stream}${atMost(action.size)} → ${action.run}`;
    case 'readUntilClose':
    case 'onClose':
      return `${op} ${action.stream} → ${action.run}`;
    case 'send':
      return `send ${action.stream} ${payloadText(action)}${action.run === undefined ? '' : ` → ${action.run}`}`;
    case 'endStream':
    case 'closeStream':
    case 'streamState':
      return `${op} ${action.stream}`;
    case 'read':
      return `read ${fd ?? action.fd}${action.size === undefined ? '' : ` up to ${action.size} bytes`}`;
    case 'shutdown':
      return `shutdown ${fd ?? action.fd} ${action.how}`;
    case 'dup':
    case 'accept':
      return `${op} ${fd ?? action.fd} as ${action.as}`;
    case 'dup2':
      return `dup2 ${fd ?? action.fd} onto ${action.onto} as ${action.as}`;
    case 'connect':
      return `connect to ${action.to} as ${action.as}`;
    case 'fill':
    case 'drain':
    case 'collect':
    case 'close':
    case 'reset':
    case 'isOpen':
      return `${op} ${fd ?? action.fd}`;
    case 'limitFds':
      return `limitFds to ${action.spare} more`;
    case 'raise':
      return `raise ${action.signal}${action.from === 'process' ? ' from another process' : ''}`;
    case 'thread': {
      const acts = action.do.map((act) => (act.op === 'wake' ? `wake ${act.id}` : `raise ${act.signal}`));
      return `thread (${action.when === 'idle' ? 'once the loop sleeps' : 'at once'}): ${acts.join(', ')}${times(action.times)}`;
    }
    case 'burn':
      return `burn ${action.ms} ms`;
    case 'throw':
      return `throw ${action.errno ?? action.kind}`;
    case 'start':
    case 'stop':
    case 'done':
    case 'closeLoop':
    case 'countFds':
      return op;
  }
}

const actionsText = (actions: readonly Action[]): string =>
  actions.length === 0 ? 'nothing' : actions.map((action) => actionText(action)).join('; ');

function callbackText({ runs, rest }: CallbackSpec): string {
  if (runs.length === 0) return actionsText(rest ?? []);
  if (runs.length === 1 && rest === undefined) return actionsText(runs[0]!);
  const each = runs.map((run, i) => `${i + 1}: ${actionsText(run)}`);
  return [...each, ...(rest === undefined ? [] : [`then: ${actionsText(rest)}`])].join(' | ');
}

function fdText(name: string, fd: FdSpec): string {
  const near = fd.near === undefined ? '' : ` (near end ${fd.near}s)`;
  const family = fd.family === undefined ? '' : ` (${fd.family})`;
  const backlog = fd.backlog === undefined ? '' : ` of backlog ${fd.backlog}`;
  const buffer = fd.buffer === undefined ? '' : ` with buffers of ${fd.buffer} bytes`;
  const from = fd.from === undefined ? '' : ` from ${fd.from}`;
  return `${name}: ${fd.kind}${family}${near}${times(fd.count)}${from}${backlog}${buffer}`;
}

/** Rows of a label and its text; callbacks that do nothing are left out, their names say enough in the trace. */
export function scenarioRows(scenario: Scenario): (readonly [string, string])[] {
  const fds = Object.entries(scenario.fds).map(([name, fd]) => fdText(name, fd));
  const callbacks = Object.entries(scenario.callbacks).filter(
    ([, { runs, rest }]) => runs.some((run) => run.length > 0) || (rest?.length ?? 0) > 0,
  );
  return [
    ...(fds.length === 0 ? [] : [['fds', fds.join(', ')] as const]),
    ['main', actionsText(scenario.main)],
    ...callbacks.map(([name, callback]) => [name, callbackText(callback)] as const),
  ];
}
