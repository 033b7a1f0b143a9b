/** Why something is unclaimed that a subject has no method for, and says nothing about. */
export const LACKING = 'not in its API';
