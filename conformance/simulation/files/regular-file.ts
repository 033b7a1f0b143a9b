/** A regular file: always ready, and so nothing that can be waited for. (man 2 poll, "regular files") */
import { POLLIN, POLLOUT, S_IFREG, type Result } from '../../../posix/index.js';
import type { Machine } from '../machine.js';
import { OpenFile } from './open-file.js';

/** What is in it: an inode, which lives without a name as long as it is open. */
export class FileContent {
  bytes: Uint8Array = new Uint8Array(0);
}

export class RegularFile extends OpenFile {
  private position = 0;

  constructor(
    machine: Machine,
    flags: number,
    private readonly content: FileContent,
  ) {
    super(machine, flags);
  }

  get type(): number {
    return S_IFREG;
  }

  override get pollable(): boolean {
    return false;
  }

  ready(): number {
    return POLLIN | POLLOUT;
  }

  read(bytes: Uint8Array, offset: number, length: number): Result {
    const part = this.content.bytes.subarray(this.position, this.position + length);
    bytes.set(part, offset);
    this.position += part.length;
    return part.length;
  }

  write(bytes: Uint8Array, offset: number, length: number): Result {
    const end = this.position + length;
    if (end > this.content.bytes.length) {
      const larger = new Uint8Array(end);
      larger.set(this.content.bytes);
      this.content.bytes = larger;
    }
    this.content.bytes.set(bytes.subarray(offset, offset + length), this.position);
    this.position = end;
    return length;
  }

  override available(): Result {
    return this.content.bytes.length - this.position;
  }

  protected released(): void {
    // Its content goes with the last name and the last open file.
  }
}
