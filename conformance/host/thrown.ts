/**
 * What a callback throws on behalf of the scenario.
 */
import { errnoByName, errnoMessage } from '../../posix/index.js';
import { StopEverything } from '../../spec/contract.js';
import type { ActionOf } from '../../spec/scenario.js';
import { Impossible } from './impossible.js';

const TEXT = 'thrown by the scenario';

export function errorOf({ kind, errno = 'EIO' }: ActionOf<'throw'>): Error {
  switch (kind) {
    case 'error':
      return new Error(TEXT);
    case 'errno': {
      const number = errnoByName(errno);
      if (number === undefined) throw new Impossible(`there is no errno '${errno}'`);
      // As Node's own: the number is negative.
      return Object.assign(new Error(`${errno}: ${errnoMessage(number)}, ${TEXT}`), {
        errno: -number,
        code: errno,
        syscall: 'write',
      });
    }
    case 'fatal':
      return new StopEverything(TEXT);
  }
}
