/**
 * The promise form of a call: the callback form, with a callback that settles a promise. So both behave alike, and a call that is
 * refused throws at once in both.
 *
 * A promise that is rejected and that nobody looks at ends the process, by Node's rule. Here it must not: that a stream was closed
 * with a write under way is no error of the program, and the close callback and `error` tell of it, too.
 */

/**
 * @param start Makes the call, with the callback that it is given.
 * @throws What `start` throws.
 */
export function promised<T>(start: (callback: (error?: Error, value?: T) => void) => void): Promise<T> {
  let resolve!: (value: T) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<T>((...functions) => ([resolve, reject] = functions));
  start((error, value) => {
    if (error === undefined) resolve(value as T);
    else reject(error);
  });
  promise.catch(ignore);
  return promise;
}

function ignore(): void {}
