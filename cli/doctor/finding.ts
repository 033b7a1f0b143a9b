/** What `evspec doctor` found out about one side of an adapter. */

/** `advice` is worth knowing and no defect; `skipped` could not be tried. */
export type State = 'sound' | 'broken' | 'advice' | 'skipped';

export interface Finding {
  readonly name: string;
  readonly state: State;
  /** One sentence. */
  readonly text: string;
}

/** A text says what is broken; undefined that nothing is. */
export const findingOf = (name: string, broken: string | undefined, sound: string): Finding =>
  broken === undefined ? { name, state: 'sound', text: sound } : { name, state: 'broken', text: broken };
