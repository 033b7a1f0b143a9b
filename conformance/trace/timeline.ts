/**
 * The timeline: a trace joined with the scenario that produced it.
 *
 * A trace repeats nothing of its scenario. The n-th record inside the k-th run of a callback belongs to the n-th action of
 * that run, so the join is a walk with a stack of frames: one for `main`, one for each callback being run. The walk is
 * also the audit: a trace that can't be the trace of its scenario is a defect of the adapter (verdict `error`),
 * never a finding about the loop. What the *loop* may get wrong (too many runs, wrong order, wrong events) is left to
 * the rules.
 */
import { REGISTERING, type Action, type Scenario } from '../../spec/scenario.js';
import type { CallbackKind, Did, Enter, Trace, TraceRecord } from '../../spec/trace.js';

/** `main`, or one run of a callback. */
export interface Frame {
  readonly kind: 'main' | CallbackKind;
  /** Name of the callback; `main` for the main function. */
  readonly run: string;
  readonly nth: number;
  /** Token of the registration that led here; 0 for main. */
  readonly token: number;
  readonly parent: Frame | undefined;
  /** First and last step; `exit` is undefined while the trace ends inside. */
  readonly enter: Step | undefined;
  exit: Step | undefined;
  /** The class of what it raised, if it raised. */
  raised: string | undefined;
}

/** One record in its place. */
export interface Step {
  /** Position in the trace. */
  readonly index: number;
  readonly record: TraceRecord;
  /** The frame in which it happened: for `enter` and `exit`, the callback's own. */
  readonly frame: Frame;
  /** The action that it reports (`did`, and `starting`). */
  readonly action: Action | undefined;
}

export interface Timeline {
  readonly scenario: Scenario;
  readonly trace: Trace;
  readonly steps: readonly Step[];
  readonly frames: readonly Frame[];
  /** The action in which an unfinished trace ends, or before which it was cut. */
  readonly pending: Action | undefined;
}

/** The trace can't come from its scenario. The message is a sentence about the adapter. */
export class TraceAuditError extends Error {
  override readonly name = 'TraceAuditError';
}

interface Cursor {
  readonly frame: Frame;
  readonly actions: readonly Action[];
  next: number;
  /** Records still to come of a group action (`x*`), and the whole size of its group. */
  groupLeft: number;
  /** Token of the registering action under way, if a callback has run inside of it: its `did` follows later. */
  reserved: number | undefined;
  ended: boolean;
}

const NOTHING: readonly Action[] = [];
const asksToThrow = (action: Action | undefined): boolean => action?.op === 'throw';

function actionsOfRun(scenario: Scenario, run: string, nth: number): readonly Action[] {
  const callback = scenario.callbacks[run];
  if (callback === undefined)
    throw new TraceAuditError(`records a run of '${run}', which is not in the scenario`);
  return callback.runs[nth - 1] ?? callback.rest ?? NOTHING;
}

/** How many records an action makes: one, or one for each member of the group that it names. */
export function recordsOf(action: Action, scenario: Scenario): number {
  const fd = 'fd' in action ? action.fd : undefined;
  const star = fd?.indexOf('*') ?? -1;
  if (fd === undefined || star < 0) return 1;
  return scenario.fds[fd.slice(0, star)]?.count ?? 1;
}

/**
 * Joins a trace with its scenario, in one pass.
 * @throws TraceAuditError if the records can't belong to the scenario.
 */
export function joinTrace(scenario: Scenario, trace: Trace): Timeline {
  const main: Frame = {
    kind: 'main',
    run: 'main',
    nth: 1,
    token: 0,
    parent: undefined,
    enter: undefined,
    exit: undefined,
    raised: undefined,
  };
  const steps: Step[] = [];
  const frames: Frame[] = [main];
  const stack: Cursor[] = [
    { frame: main, actions: scenario.main, next: 0, groupLeft: 0, reserved: undefined, ended: false },
  ];
  const runs = new Map<string, number>();
  /** Which callback each token leads to. */
  const tokens: string[] = ['main'];
  let lastT = -Infinity;
  let lastC = -Infinity;
  let cut = false;

  for (const [index, record] of trace.records.entries()) {
    if (cut) throw new TraceAuditError(`records ${record.k} after the trace was cut`);
    if (record.t < lastT || record.c < lastC)
      throw new TraceAuditError(`record ${index} (${record.k}) has an earlier clock than the one before it`);
    lastT = record.t;
    lastC = record.c;
    const top = stack[stack.length - 1]!;
    switch (record.k) {
      case 'enter': {
        reserveToken(top, tokens);
        auditEnter(record, tokens, runs);
        const actions = actionsOfRun(scenario, record.run, record.nth);
        const step = { index, record, action: undefined } as { -readonly [K in keyof Step]: Step[K] };
        const frame: Frame = {
          kind: record.as,
          run: record.run,
          nth: record.nth,
          token: record.token,
          parent: top.frame,
          enter: step,
          exit: undefined,
          raised: undefined,
        };
        step.frame = frame;
        steps.push(step);
        frames.push(frame);
        stack.push({ frame, actions, next: 0, groupLeft: 0, reserved: undefined, ended: false });
        break;
      }
      case 'exit': {
        if (top.frame.kind === 'main')
          throw new TraceAuditError(`records the exit of a callback that it never entered`);
        const left = top.actions[top.next];
        if (left !== undefined && !top.ended)
          throw new TraceAuditError(
            `records run ${top.frame.nth} of '${top.frame.run}' without its action '${left.op}': ` +
              (record.raised === undefined
                ? `did the callback really run?`
                : `it raised ${record.raised}, which the scenario does not ask for`),
          );
        const step: Step = { index, record, frame: top.frame, action: undefined };
        top.frame.exit = step;
        top.frame.raised = record.raised;
        steps.push(step);
        stack.pop();
        break;
      }
      case 'starting': {
        const action = top.actions[top.next];
        if (action?.op !== 'start')
          throw new TraceAuditError(
            `records 'starting' where the scenario says '${action?.op ?? 'nothing'}'`,
          );
        steps.push({ index, record, frame: top.frame, action });
        break;
      }
      case 'did': {
        const action = top.actions[top.next];
        if (action?.op !== record.op)
          throw new TraceAuditError(
            `records '${record.op}' in '${top.frame.run}', where the scenario says '${action?.op ?? 'nothing more'}'`,
          );
        auditToken(record, action, top, tokens);
        if (top.groupLeft === 0) top.groupLeft = recordsOf(action, scenario);
        if (--top.groupLeft === 0) top.next++;
        if (asksToThrow(action)) top.ended = true;
        steps.push({ index, record, frame: top.frame, action });
        break;
      }
      case 'cut':
        cut = true;
        steps.push({ index, record, frame: top.frame, action: undefined });
        break;
      case 'log':
        steps.push({ index, record, frame: top.frame, action: undefined });
        break;
    }
  }

  for (const { record } of trace.changed ?? []) auditChanged(record, trace.records[record]);

  const open = stack[stack.length - 1]!;
  if (!cut && trace.unfinished === undefined) {
    if (open.frame.kind !== 'main') throw new TraceAuditError(`ends inside '${open.frame.run}'`);
    const left = open.actions[open.next];
    if (left !== undefined)
      throw new TraceAuditError(`ends before the main program does: '${left.op}' was not recorded`);
  }
  return { scenario, trace, steps, frames, pending: open.actions[open.next] };
}

/** @param record what stands at the position that is named */
function auditChanged(position: number, record: TraceRecord | undefined): void {
  // The trace may have been cut just there.
  if (record?.k === 'cut') return;
  if (record?.k !== 'enter' || record.data === undefined)
    throw new TraceAuditError(`says that the bytes of record ${position} changed, which brought none`);
}

function auditEnter(record: Enter, tokens: readonly string[], runs: Map<string, number>): void {
  const nth = (runs.get(record.run) ?? 0) + 1;
  runs.set(record.run, nth);
  if (record.nth !== nth)
    throw new TraceAuditError(`records run ${record.nth} of '${record.run}' where run ${nth} is due`);
  const registered = tokens[record.token];
  if (record.token < 1 || registered === undefined)
    throw new TraceAuditError(
      `records a run of '${record.run}' for token ${record.token}, which nothing registered`,
    );
  if (registered !== record.run)
    throw new TraceAuditError(
      `records a run of '${record.run}' for token ${record.token}, which registered '${registered}'`,
    );
  if (record.as === 'handler' && (record.events === undefined || record.fd === undefined))
    throw new TraceAuditError(`records a run of the handler '${record.run}' without its fd and events`);
}

/**
 * A loop that calls what it has just been given, inside the very call, is wrong, but its trace is not: the callback's records
 * stand before the `did` of the action that registered it, which has its token nonetheless.
 */
function reserveToken(top: Cursor, tokens: string[]): void {
  const action = top.actions[top.next];
  if (top.ended || top.reserved !== undefined || action === undefined || !REGISTERING.has(action.op)) return;
  top.reserved = tokens.length;
  tokens.push(registeredBy(action));
}

const registeredBy = (action: Action): string => ('run' in action ? (action.run ?? '') : '');

function auditToken(record: Did, action: Action, top: Cursor, tokens: string[]): void {
  if (!REGISTERING.has(action.op)) {
    if (record.token !== undefined)
      throw new TraceAuditError(`gives '${record.op}' a token, but it registers nothing`);
    return;
  }
  const due = top.reserved ?? tokens.length;
  if (record.token !== due)
    throw new TraceAuditError(`gives '${record.op}' token ${record.token ?? 'none'} where ${due} is due`);
  if (top.reserved === undefined) tokens.push(registeredBy(action));
  top.reserved = undefined;
}
