/** The generators, by profile. */
import type { Generator } from './campaign.js';
import { loopPrograms, type LoopProgram } from './loop-program.js';
import { renderLoop } from './render-loop.js';

export const GENERATORS: readonly Generator[] = [
  {
    profile: 'loop',
    trees: loopPrograms(),
    render: (name, tree, offer) => renderLoop(name, tree as LoopProgram, offer),
  },
];
