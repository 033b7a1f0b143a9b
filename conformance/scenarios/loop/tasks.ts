/** Checks of `spec/loop/tasks.md`. */
import type { Check } from '../check.js';
import { barrier, check, done, schedule, start } from '../program.js';

export const taskChecks: readonly Check[] = [
  check({
    clauses: ['LOOP-TASK-1', 'LOOP-TASK-2', 'LOOP-TASK-4'],
    name: 'three-tasks',
    main: [schedule('a'), schedule('b'), schedule('c'), barrier('end'), start],
    callbacks: { a: [schedule('d')], b: [], c: [], d: [], end: [done] },
  }),
];
