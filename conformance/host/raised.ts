/**
 * Whatever was thrown, as a trace writes it down.
 */
import { errnoName } from '../../posix/index.js';
import type { Raised } from '../../spec/trace.js';

/** `ENOENT`, but not `ERR_INVALID_ARG_TYPE`, which is Node's own and no errno. */
const ERRNO_NAME = /^E[A-Z0-9]{1,18}$/;

/** The name of the errno that an exception carries: its `code`, or its number. */
export function errnoOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { code, errno } = error as { code?: unknown; errno?: unknown };
  if (typeof code === 'string' && ERRNO_NAME.test(code)) return code;
  return typeof errno === 'number' && errno !== 0 ? errnoName(errno) : undefined;
}

/** The name of the class of what was thrown; of anything but an object, its type. */
export function typeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return typeof error;
  const { constructor } = error as { constructor?: unknown };
  const name = typeof constructor === 'function' ? constructor.name : '';
  return (name || 'Object').slice(0, 200);
}

/** The message of an exception, or what was thrown in its place, as text. */
export function textOf(error: unknown): string {
  try {
    return error instanceof Error ? error.message : String(error);
  } catch {
    return 'something that can not be shown as text';
  }
}

export function describe(error: unknown): Raised {
  const errno = errnoOf(error);
  const raised: Raised = { type: typeOf(error), text: textOf(error).slice(0, 2000) };
  if (errno !== undefined) raised.errno = errno;
  return raised;
}
