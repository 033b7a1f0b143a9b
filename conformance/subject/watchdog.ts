/**
 * Ends a run's processes when the kit can't do it any more: it was killed by SIGKILL, or by a signal that it does not handle. A
 * subject that hangs does not notice that its input has ended, so somebody else must.
 *
 * The watchdog is a shell that sleeps in `read`, with a pipe from the kit as its input. A word tells it that all is well; the end
 * of file, without a word, that the kit is gone. It leads a session of its own, so what ends the kit's group spares it.
 * It needs /proc, and sh and grep, which POSIX has; without them, this guard is missing and nothing else.
 */
import { spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { MARK_VARIABLE } from '../../spec/protocol.js';
import { hasProcessTable } from './process-table.js';

/** Looks again after every round that found something: what it killed may have forked meanwhile. */
const SCRIPT = `
read -r word && exit
for round in 1 2 3 4 5 6 7 8 9 10; do
  found=$(grep -ls "$1" /proc/[0-9]*/environ)
  [ -n "$found" ] || exit
  for file in $found; do
    process=\${file%/environ}
    kill -KILL "\${process#/proc/}"
  done
done
`;

/** Returns what tells it that all is well. */
export function watch(mark: string): () => void {
  if (!hasProcessTable) return () => undefined;
  const child = spawn('sh', ['-c', SCRIPT, 'evspec-watchdog', `${MARK_VARIABLE}=${mark}`], {
    detached: true,
    env: { ...process.env, [MARK_VARIABLE]: undefined },
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  child.on('error', () => undefined);
  child.stdin.on('error', () => undefined);
  // Neither it nor its pipe keeps the kit alive.
  child.unref();
  if (child.stdin instanceof Socket) child.stdin.unref();
  return () => {
    child.stdin.end('well\n');
  };
}
