/**
 * A trace as rows of text: when, and what, indented by the callbacks that it happened in.
 *
 * Actions are told in full where the trace fits its scenario; where it doesn't, by what the record itself says. All text that
 * comes from the subject is made visible: it may hold escape sequences.
 */
import type { Action, Scenario } from '../../spec/scenario.js';
import type { Did, Trace, TraceRecord } from '../../spec/trace.js';
import { describeRecord } from '../divergence.js';
import { excerpt } from '../subject/visible.js';
import { joinTrace, TraceAuditError } from '../trace/timeline.js';
import { actionText } from './program-text.js';

/** Subject's text in one row, characters. */
const SHOWN_TEXT = 160;

function outcome(record: Did): string {
  const { raised, errno, result, data, eof } = record;
  if (raised !== undefined)
    return `: raised ${excerpt(raised.type, 60)}: ${excerpt(raised.text, SHOWN_TEXT)}`;
  if (errno !== undefined) return ` = ${excerpt(errno)}`;
  const bytes = data === undefined || data === '' ? '' : ` "${excerpt(data, 24)}"`;
  const end = eof === true ? ', end of file' : '';
  return result === undefined ? `${bytes}${end}` : ` = ${result}${bytes}${end}`;
}

function recordText(record: TraceRecord, action: Action | undefined): string {
  // The start itself stands where it began; this is its end.
  if (record.k === 'did' && record.op === 'start') return `start returned${outcome(record)}`;
  if (record.k === 'did' && action?.op === record.op)
    return `${actionText(action, record.fd)}${outcome(record)}`;
  return excerpt(describeRecord(record), SHOWN_TEXT + 60);
}

function actionsOfTrace(scenario: Scenario, trace: Trace): (Action | undefined)[] {
  try {
    return joinTrace(scenario, trace).steps.map((step) => step.action);
  } catch (error) {
    if (error instanceof TraceAuditError) return [];
    throw error;
  }
}

/** `12.345` ms, right-aligned for up to ten seconds. */
const time = (t: number): string => (t / 1000).toFixed(3).padStart(8);

/** One row a record, each with its time in ms. */
export function traceRows(scenario: Scenario, trace: Trace): string[] {
  const actions = actionsOfTrace(scenario, trace);
  let depth = 0;
  return trace.records.map((record, i) => {
    if (record.k === 'exit') depth = Math.max(0, depth - 1);
    // A loop that calls itself without end must not push the text out of sight.
    const indent = '  '.repeat(Math.min(depth, 8));
    if (record.k === 'enter') depth++;
    return `${time(record.t)} ${indent}${recordText(record, actions[i])}`;
  });
}
