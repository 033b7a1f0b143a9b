/** /dev/null: what is written is gone, and there is nothing to read. (man 4 null) It can't be waited for. */
import { O_RDWR, POLLIN, POLLOUT, S_IFCHR, type Result } from '../../../posix/index.js';
import type { Machine } from '../machine.js';
import { OpenFile } from './open-file.js';

export class NullDevice extends OpenFile {
  constructor(machine: Machine, flags = O_RDWR) {
    super(machine, flags);
  }

  get type(): number {
    return S_IFCHR;
  }

  override get pollable(): boolean {
    return false;
  }

  ready(): number {
    return POLLIN | POLLOUT;
  }

  read(): Result {
    return 0;
  }

  write(_bytes: Uint8Array, _offset: number, length: number): Result {
    return length;
  }

  protected released(): void {
    // Nothing to let go.
  }
}
