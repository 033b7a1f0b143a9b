/**
 * Would a stray print break the protocol?
 *
 * It would if the subject's fd 1 were still the control channel. The kit gives every subject two different pipes for its standard
 * output and standard error; a host that moved the channel away has let fd 1 point to where fd 2 does, or to nothing.
 */
import { readlinkSync } from 'node:fs';
import type { Finding } from './finding.js';

const NAME = 'stray output';

function target(pid: number, fd: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'closed' : undefined;
  }
}

/** @param pid of the living subject */
export function strayOutput(pid: number): Finding {
  const [out, err] = [target(pid, 1), target(pid, 2)];
  if (target(pid, 0) === undefined || out === undefined)
    return {
      name: NAME,
      state: 'skipped',
      text: 'this system does not tell where the fds of another process lead',
    };
  if (out === err || out === '/dev/null' || out === 'closed')
    return { name: NAME, state: 'sound', text: "what it prints does not get between the protocol's lines" };
  return {
    name: NAME,
    state: 'advice',
    text: 'its standard output is the control channel, so a stray print breaks it: move the channel to a high fd, and fd 1 to fd 2',
  };
}
