/**
 * Whether streams did anything at all.
 *
 * Much of what a stream must not do, one that does nothing doesn't do either. So what is kept counts only in a trace in which a
 * stream of it called back, or its peer got a byte or saw the end: the checks of such clauses end with something of the kind.
 */
import type { Rule } from '../rule.js';
import { callbacksOf } from './owners.js';
import { once } from '../once.js';

const nothing = (): void => undefined;

const isAlive = once((h): boolean => {
  const calls = h.streams.some((stream) => callbacksOf(stream).some(({ frames }) => frames.length > 0));
  const arrives = h.streams.some(({ file }) => (file.peer?.collected.size ?? 0) > 0);
  const ends = h.steps.some(
    ({ action, record }) =>
      action?.op === 'collect' && record.k === 'did' && (record.eof === true || record.errno !== undefined),
  );
  return calls || arrives || ends;
});

/** The rule, which says nothing good of streams that do nothing. */
export const ofTheLiving =
  (rule: Rule): Rule =>
  (h, say) =>
    rule(
      h,
      isAlive(h)
        ? say
        : { kept: nothing, broken: (at, text) => say.broken(at, text), chose: nothing, excused: nothing },
    );
