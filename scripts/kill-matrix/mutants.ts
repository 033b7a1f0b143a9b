/** All mutants, by the profile that sees them. */
import { HTTP_MUTANTS } from '../../fixtures/mutants/http-mutants.js';
import { LOOP_MUTANTS } from '../../fixtures/mutants/loop-mutants.js';
import { SERVER_MUTANTS } from '../../fixtures/mutants/server-mutants.js';
import { STREAM_MUTANTS } from '../../fixtures/mutants/stream-mutants.js';

export const MUTANTS = {
  loop: LOOP_MUTANTS,
  stream: STREAM_MUTANTS,
  http: HTTP_MUTANTS,
  server: SERVER_MUTANTS,
} as const;
export type MutantProfile = keyof typeof MUTANTS;
