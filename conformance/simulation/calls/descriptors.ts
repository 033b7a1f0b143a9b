/** Calls that make, duplicate, describe and close fds. */
import {
  EBADF,
  EEXIST,
  EFAULT,
  EINVAL,
  EISDIR,
  EMFILE,
  ENOENT,
  ENXIO,
  F_DUPFD,
  F_DUPFD_CLOEXEC,
  F_GETFD,
  F_GETFL,
  F_GETPIPE_SZ,
  F_SETFD,
  F_SETFL,
  F_SETPIPE_SZ,
  FD_CLOEXEC,
  EFD_SEMAPHORE,
  O_ACCMODE,
  O_APPEND,
  O_CLOEXEC,
  O_CREAT,
  O_EXCL,
  O_NONBLOCK,
  O_TRUNC,
  type Posix,
  type Result,
} from '../../../posix/index.js';
import { EventCounter } from '../files/event-counter.js';
import { NullDevice } from '../files/null-device.js';
import type { OpenFile } from '../files/open-file.js';
import { isPipeEnd, makePipe } from '../files/pipe.js';
import { FileContent, RegularFile } from '../files/regular-file.js';
import type { Machine } from '../machine.js';

type DescriptorCalls = Pick<
  Posix,
  'pipe2' | 'eventfd' | 'open' | 'unlink' | 'close' | 'fcntl' | 'fstat' | 'dup' | 'dup2' | 'dup3'
>;

/** The status flags that F_SETFL can change. */
const CHANGEABLE = O_NONBLOCK | O_APPEND;
/** Permissions of whatever there is. */
const MODE = 0o600;

export function descriptorCalls(machine: Machine): DescriptorCalls {
  const { table, names } = machine;

  const duplicate = (file: OpenFile, newFd: number, closeOnExec: boolean): Result => {
    if (!(newFd >= 0 && newFd < table.limit.soft)) return -EBADF;
    // It is taken before it is put, so that it can't be the last fd of the very same file.
    file.refs++;
    if (table.get(newFd) !== undefined) table.close(newFd);
    table.put(newFd, file, closeOnExec);
    file.refs--;
    return newFd;
  };

  /** What a path stands for, opened. */
  const opened = (path: string, flags: number): OpenFile | Result => {
    if (path === '/dev/null') return new NullDevice(machine, flags & (O_ACCMODE | CHANGEABLE));
    const found = names.paths.get(path);
    if (found !== undefined && flags & O_CREAT && flags & O_EXCL) return -EEXIST;
    if (found !== undefined && !(found instanceof FileContent)) return -ENXIO;
    if (found === undefined && (flags & O_CREAT) === 0) return path === '/' ? -EISDIR : -ENOENT;
    const content = found ?? new FileContent();
    if (flags & O_TRUNC) content.bytes = new Uint8Array(0);
    names.paths.set(path, content);
    return new RegularFile(machine, flags & (O_ACCMODE | CHANGEABLE), content);
  };

  return {
    pipe2(fds, flags) {
      machine.enter();
      if (fds.length < 2) return -EFAULT;
      if (flags & ~(O_NONBLOCK | O_CLOEXEC)) return -EINVAL;
      const first = table.free();
      if (first < 0) return first;
      if (table.free(first + 1) < 0) return -EMFILE;
      const { reads, writes } = makePipe(machine, flags & O_NONBLOCK);
      fds[0] = table.open(reads, (flags & O_CLOEXEC) !== 0);
      fds[1] = table.open(writes, (flags & O_CLOEXEC) !== 0);
      return 0;
    },

    eventfd(initial, flags) {
      machine.enter();
      if (flags & ~(O_NONBLOCK | O_CLOEXEC | EFD_SEMAPHORE)) return -EINVAL;
      const fd = table.free();
      if (fd < 0) return fd;
      return table.open(new EventCounter(machine, initial, flags & ~O_CLOEXEC), (flags & O_CLOEXEC) !== 0);
    },

    open(path, flags) {
      machine.enter();
      if (path.includes('\0')) return -EINVAL;
      const fd = table.free();
      if (fd < 0) return fd;
      const file = opened(path, flags);
      return typeof file === 'number' ? file : table.open(file, (flags & O_CLOEXEC) !== 0);
    },

    unlink(path) {
      machine.enter();
      if (path.includes('\0')) return -EINVAL;
      return names.paths.delete(path) ? 0 : -ENOENT;
    },

    close(fd) {
      machine.enter();
      return table.close(fd);
    },

    fcntl(fd, command, argument = 0) {
      machine.enter();
      const file = table.get(fd);
      if (file === undefined) return -EBADF;
      switch (command) {
        case F_DUPFD:
        case F_DUPFD_CLOEXEC:
          if (!(argument >= 0 && argument < table.limit.soft)) return -EINVAL;
          return table.open(file, command === F_DUPFD_CLOEXEC, argument);
        case F_GETFD:
          return table.isCloseOnExec(fd) ? FD_CLOEXEC : 0;
        case F_SETFD:
          table.setCloseOnExec(fd, (argument & FD_CLOEXEC) !== 0);
          return 0;
        case F_GETFL:
          return file.flags;
        case F_SETFL:
          file.flags = (file.flags & ~CHANGEABLE) | (argument & CHANGEABLE);
          return 0;
        case F_GETPIPE_SZ:
          return isPipeEnd(file) ? file.size : -EBADF;
        case F_SETPIPE_SZ:
          return isPipeEnd(file) ? file.resize(argument) : -EBADF;
        default:
          return -EINVAL;
      }
    },

    fstat(fd, status) {
      machine.enter();
      const file = table.get(fd);
      if (file === undefined) return -EBADF;
      status.mode = file.type | MODE;
      status.device = 0;
      status.inode = file.inode;
      return 0;
    },

    dup(fd) {
      machine.enter();
      const file = table.get(fd);
      return file === undefined ? -EBADF : table.open(file, false);
    },

    dup2(fd, newFd) {
      machine.enter();
      const file = table.get(fd);
      if (file === undefined) return -EBADF;
      return fd === newFd ? fd : duplicate(file, newFd, false);
    },

    dup3(fd, newFd, flags) {
      machine.enter();
      if (flags & ~O_CLOEXEC || fd === newFd) return -EINVAL;
      const file = table.get(fd);
      return file === undefined ? -EBADF : duplicate(file, newFd, (flags & O_CLOEXEC) !== 0);
    },
  };
}
