/**
 * CPU time of a process and its descendants, of all their threads.
 *
 * From schedstat, in ns: the clock of /proc/PID/stat has steps of 10 ms, which is half of what some servers need for a second's requests.
 * What a thread had used that has ended is lost; the threads of a server stay.
 */
import { readFileSync, readdirSync } from 'node:fs';

export function cpuSeconds(pid: number): number {
  const tasks = readdirSync(`/proc/${pid}/task`).map((tid) => `/proc/${pid}/task/${tid}`);
  const own = tasks.map((task) => Number(readFileSync(`${task}/schedstat`, 'utf8').split(' ')[0]) / 1e9);
  const children = tasks.flatMap((task) =>
    readFileSync(`${task}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number),
  );
  return [...own, ...children.map(cpuSeconds)].reduce((sum, seconds) => sum + seconds, 0);
}
