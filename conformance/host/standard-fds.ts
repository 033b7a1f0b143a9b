/**
 * What stands on fds 0, 1 and 2 while the control channel is elsewhere: nothing to read, and standard error twice, so that a
 * stray print breaks nothing. A scenario may take the numbers for fds of its own.
 */
import { check, O_CLOEXEC, O_RDWR, type Posix } from '../../posix/index.js';
import { moveUp } from './high-fds.js';

export class StandardFds {
  private readonly nothing: number;
  private readonly stderr: number;

  /** To be made when the control channel has left fds 0 and 1. */
  constructor(private readonly posix: Posix) {
    const opened = check(posix.open('/dev/null', O_RDWR | O_CLOEXEC), 'open');
    this.nothing = moveUp(posix, opened);
    posix.close(opened);
    this.stderr = moveUp(posix, 2);
    this.putBack();
  }

  /** After a scenario that took one of them. */
  putBack(): void {
    check(this.posix.dup2(this.nothing, 0), 'dup2');
    check(this.posix.dup2(this.stderr, 1), 'dup2');
    check(this.posix.dup2(this.stderr, 2), 'dup2');
  }
}
