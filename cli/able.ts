import { FACETS } from '../spec/contract.js';
import { PROTOCOL_VERSION, type Hello } from '../spec/protocol.js';

/** The hello of a subject that can do everything, without limits: what scenarios are made for when no subject is there. */
export const ABLE: Hello = {
  protocol: PROTOCOL_VERSION,
  name: 'any',
  version: '',
  language: '',
  pid: 0,
  facets: [...FACETS],
  unclaimed: {},
  choices: {},
  limits: {},
  rounds: 'adapter',
  loop: 'created',
};
