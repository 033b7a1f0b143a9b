/** The generators, by profile. */
import type { Generator } from './campaign.js';
import { loopPrograms, type LoopProgram } from './loop-program.js';
import { renderLoop } from './render-loop.js';
import { renderStream } from './render-stream.js';
import { streamPrograms, type StreamProgram } from './stream-program.js';

export const GENERATORS: readonly Generator[] = [
  {
    profile: 'loop',
    trees: loopPrograms(),
    render: (name, tree, offer) => renderLoop(name, tree as LoopProgram, offer),
  },
  {
    profile: 'stream',
    trees: streamPrograms(),
    render: (name, tree, offer) => renderStream(name, tree as StreamProgram, offer),
  },
];
