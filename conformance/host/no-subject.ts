/** A module is no subject. The message is a sentence that says why, and what it should be. */
export class NoSubject extends Error {
  override readonly name = 'NoSubject';

  constructor(
    message: string,
    /** All there is to say, for people: e.g. every diagnostic of the compiler. */
    readonly details?: string,
  ) {
    super(message);
  }
}
