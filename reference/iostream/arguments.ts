/**
 * What several calls ask of their arguments.
 */
import { InvalidCallbackError, InvalidConsumerError, InvalidCountError } from './errors.js';

/** @throws {InvalidCallbackError} */
export function checkCallback(callback: unknown): void {
  if (typeof callback !== 'function') throw new InvalidCallbackError(callback);
}

/** @throws {InvalidConsumerError} */
export function checkConsumer(consumer: unknown): void {
  const { received, ended } = (consumer ?? {}) as Record<string, unknown>;
  if (typeof received !== 'function' || typeof ended !== 'function') throw new InvalidConsumerError(consumer);
}

/**
 * @param what Its name, for the message.
 * @throws {InvalidCountError} unless it is an integer from `least` on.
 */
export function checkCount(what: string, value: number, least: number): void {
  if (!Number.isSafeInteger(value) || value < least) throw new InvalidCountError(what, value, least);
}

/** @throws {InvalidCountError} unless it is a number of bytes; Infinity is no limit. */
export function checkLimit(what: string, value: number): void {
  if (value === Infinity) return;
  if (!Number.isSafeInteger(value) || value < 1)
    throw new InvalidCountError(what, value, 1, ', or Infinity for no limit');
}
