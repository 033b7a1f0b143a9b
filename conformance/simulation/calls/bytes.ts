/** Calls that move bytes. On an fd without O_NONBLOCK they wait, where the file itself says -EAGAIN. */
import {
  EAGAIN,
  EBADF,
  EFAULT,
  EINVAL,
  ENOTSOCK,
  IOV_MAX,
  MSG_DONTWAIT,
  MSG_PEEK,
  O_NONBLOCK,
  type Posix,
  type Result,
} from '../../../posix/index.js';
import type { OpenFile } from '../files/open-file.js';
import { Socket } from '../files/socket.js';
import type { Machine } from '../machine.js';

type ByteCalls = Pick<Posix, 'read' | 'write' | 'recv' | 'send' | 'readv' | 'writev' | 'fionread'>;

const EMPTY = new Uint8Array(0);

/** Whether a part lies outside of its buffer. */
function outside(buffer: Uint8Array, offset: number, length: number): boolean {
  return !(offset >= 0 && length >= 0 && offset + length <= buffer.length);
}

export function byteCalls(machine: Machine): ByteCalls {
  const { table } = machine;

  /** Tries until there is an answer, if it may wait. Node's handlers are set with SA_RESTART: a signal ends no read. */
  const read = (file: OpenFile, buffer: Uint8Array, offset: number, length: number, flags = 0): Result => {
    for (;;) {
      const result = file.read(buffer, offset, length, (flags & MSG_PEEK) !== 0);
      if (result !== -EAGAIN || file.flags & O_NONBLOCK || flags & MSG_DONTWAIT) return result;
      machine.sleep(Infinity, 'read');
    }
  };

  const write = (file: OpenFile, buffer: Uint8Array, offset: number, length: number, flags = 0): Result => {
    for (let done = 0; ;) {
      const result = file.write(buffer, offset + done, length - done);
      if (file.flags & O_NONBLOCK || flags & MSG_DONTWAIT) return result;
      if (result < 0 && result !== -EAGAIN) return done > 0 ? done : result;
      done += Math.max(0, result);
      if (done === length) return done;
      if (result === -EAGAIN) machine.sleep(Infinity, 'write');
    }
  };

  /** @returns 0; -EINVAL, -EFAULT. */
  const checked = (buffers: readonly Uint8Array[], offset: number): Result => {
    if (buffers.length > IOV_MAX) return -EINVAL;
    return outside(buffers[0] ?? EMPTY, offset, 0) ? -EFAULT : 0;
  };

  return {
    read(fd, buffer, offset = 0, length = buffer.length - offset) {
      machine.enter();
      if (outside(buffer, offset, length)) return -EFAULT;
      const file = table.get(fd);
      if (file === undefined || !file.readable) return -EBADF;
      // Nothing asked for is nothing read, whatever state the socket is in; recv is not so indulgent. (net/socket.c)
      if (length === 0 && file instanceof Socket) return 0;
      return read(file, buffer, offset, length);
    },

    write(fd, buffer, offset = 0, length = buffer.length - offset) {
      machine.enter();
      if (outside(buffer, offset, length)) return -EFAULT;
      const file = table.get(fd);
      return file === undefined || !file.writable ? -EBADF : write(file, buffer, offset, length);
    },

    recv(fd, buffer, offset = 0, length = buffer.length - offset, flags = 0) {
      machine.enter();
      if (outside(buffer, offset, length)) return -EFAULT;
      const file = table.get(fd);
      if (file === undefined) return -EBADF;
      return file instanceof Socket ? read(file, buffer, offset, length, flags) : -ENOTSOCK;
    },

    send(fd, buffer, offset = 0, length = buffer.length - offset, flags = 0) {
      machine.enter();
      if (outside(buffer, offset, length)) return -EFAULT;
      const file = table.get(fd);
      if (file === undefined) return -EBADF;
      return file instanceof Socket ? write(file, buffer, offset, length, flags) : -ENOTSOCK;
    },

    readv(fd, buffers, offset = 0) {
      machine.enter();
      const file = table.get(fd);
      const flaw = checked(buffers, offset);
      if (flaw < 0) return flaw;
      if (file === undefined || !file.readable) return -EBADF;
      let total = 0;
      for (let i = 0; i < buffers.length; i++) {
        const buffer = buffers[i]!;
        const skip = i === 0 ? offset : 0;
        const length = buffer.length - skip;
        if (length === 0) continue;
        // Only for the first bytes it waits.
        const result = total === 0 ? read(file, buffer, skip, length) : file.read(buffer, skip, length);
        if (result <= 0) return total > 0 ? total : result;
        total += result;
        if (result < length) break;
      }
      return total;
    },

    writev(fd, buffers, offset = 0) {
      machine.enter();
      const file = table.get(fd);
      const flaw = checked(buffers, offset);
      if (flaw < 0) return flaw;
      if (file === undefined || !file.writable) return -EBADF;
      const gathered = Buffer.concat(buffers);
      return write(file, gathered, offset, gathered.length - offset);
    },

    fionread(fd) {
      machine.enter();
      const file = table.get(fd);
      return file === undefined ? -EBADF : file.available();
    },
  };
}
