/** What is wrong with the trace of a program that any loop can run; undefined if nothing is. */
import { excerpt } from '../../conformance/subject/visible.js';
import { joinTrace, TraceAuditError, type Step } from '../../conformance/trace/timeline.js';
import type { Scenario } from '../../spec/scenario.js';
import type { Trace } from '../../spec/trace.js';

/** @throws TraceAuditError */
export function stepsOf(scenario: Scenario, trace: Trace): readonly Step[] {
  return joinTrace(scenario, trace).steps;
}

function audited(scenario: Scenario, trace: Trace): readonly Step[] | string {
  if (trace.unfinished !== undefined) return `the subject ${trace.unfinished}`;
  try {
    return stepsOf(scenario, trace);
  } catch (error) {
    if (error instanceof TraceAuditError) return `the trace ${error.message}`;
    throw error;
  }
}

/** The trace belongs to its scenario, every action could be done, and the loop's log did not fill up. */
export function defectOf(scenario: Scenario, trace: Trace): string | undefined {
  const steps = audited(scenario, trace);
  if (typeof steps === 'string') return steps;
  for (const { record, action } of steps) {
    if (record.k === 'cut') return 'the trace was cut: something ran without end';
    // What a scenario throws is meant to come out: of the callback, or of the start that it was fatal to.
    if (record.k !== 'did' || action?.op === 'throw' || action?.op === 'start') continue;
    if (record.raised !== undefined)
      return `'${record.op}' raised ${excerpt(record.raised.type, 60)}: ${excerpt(record.raised.text)}`;
    if (record.errno !== undefined) return `'${record.op}' failed with ${excerpt(record.errno, 30)}`;
  }
  const { openFds } = trace;
  if (openFds !== undefined && openFds.after > openFds.before)
    return `${openFds.after - openFds.before} fds were left open after the clean-up`;
  return undefined;
}
