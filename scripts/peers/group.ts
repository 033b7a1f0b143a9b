/** A group of peers that is installed as a whole. */
export interface Group {
  /** What is in it, for people. */
  readonly about: string;
  /**
   * Installs it into a folder of its own. Quick when it is there already.
   * @throws PeerError
   */
  install(): void;
}

/** Why a group can't be installed: one sentence that says what to do. */
export class PeerError extends Error {
  override readonly name = 'PeerError';
}
