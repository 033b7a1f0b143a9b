/**
 * The group `runtimes`: Deno and Bun from their npm packages, locked by node/package-lock.json.
 *
 * The packages bring no program, but a script that puts the right one for this machine in place. npm runs such scripts or not,
 * depending on its version and settings; so here they are run by hand.
 */
import { copyFileSync, existsSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { PeerError, type Group } from './group.js';
import { installOnce, PEERS, PINS, run } from './install.js';

const FOLDER = join(PEERS, 'node');
const FILES = ['package.json', 'package-lock.json'];
const pin = (file: string): string => join(PINS, 'node', file);

/** Script and program, below node_modules. */
const PROGRAMS = [
  ['deno/install.cjs', 'deno/deno'],
  ['bun/install.js', 'bun/bin/bun.exe'],
] as const;

export const runtimes: Group = {
  about: 'Deno and Bun (.peers/node)',
  install() {
    installOnce(
      FOLDER,
      FILES.map((file) => readFileSync(pin(file))),
      () => {
        for (const file of FILES) copyFileSync(pin(file), join(FOLDER, file));
        // npm takes a folder that it reaches by a link for a package of another name.
        const folder = realpathSync(FOLDER);
        run('npm', ['ci', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund'], {
          cwd: folder,
        });
        for (const [script, program] of PROGRAMS) {
          run(process.execPath, [join(FOLDER, 'node_modules', script)], {
            cwd: join(FOLDER, 'node_modules', script, '..'),
          });
          if (!existsSync(join(FOLDER, 'node_modules', program)))
            throw new PeerError(
              `the npm package has no '${program}' for ${process.platform} on ${process.arch}`,
            );
        }
      },
    );
  },
};
