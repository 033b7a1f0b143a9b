/**
 * Facts that several rules ask of one history are worked out once.
 */
import type { History } from '../trace/history.js';

/**
 * The function, which remembers what it gave for a history and the words beside it, as long as the history lives.
 * @param work must give the same whenever it is asked, and what nobody changes
 */
export function once<Words extends readonly string[], T>(
  work: (h: History, ...words: Words) => T,
): (h: History, ...words: Words) => T {
  const known = new WeakMap<History, Map<string, T>>();
  return (h, ...words) => {
    let facts = known.get(h);
    if (facts === undefined) known.set(h, (facts = new Map<string, T>()));
    const key = words.length === 1 ? words[0]! : words.join(' ');
    let fact = facts.get(key);
    if (fact === undefined) facts.set(key, (fact = work(h, ...words)));
    return fact;
  };
}
