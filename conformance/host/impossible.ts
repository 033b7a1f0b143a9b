/**
 * What a host says when it can't do what a request asks: a name that does not exist, an operation that the loop lacks.
 *
 * It is answered as `{id, error}` and never says anything about the loop.
 */
export class Impossible extends Error {
  override readonly name = 'Impossible';
}
