/**
 * The group `nodes`: releases of Node from npm, locked by nodes/package-lock.json. Of the packages, which are one a processor,
 * npm takes those of this machine.
 */
import { copyFileSync, existsSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { PeerError, type Group } from './group.js';
import { installOnce, PEERS, PINS, run } from './install.js';

const FOLDER = join(PEERS, 'nodes');
const FILES = ['package.json', 'package-lock.json'];
const pin = (file: string): string => join(PINS, 'nodes', file);

/** Those of nodes/package.json. */
export const RELEASES = [22, 24] as const;

/** The program of a release, whether it is installed or not. */
export const nodeOf = (release: number): string =>
  join(FOLDER, 'node_modules', `node${release}-${process.platform}-${process.arch}`, 'bin/node');

export const nodes: Group = {
  about: `Node ${RELEASES.join(' and ')} (.peers/nodes)`,
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
        for (const program of RELEASES.map(nodeOf))
          if (!existsSync(program))
            throw new PeerError(`there is no npm package of Node for ${process.platform} on ${process.arch}`);
      },
    );
  },
};
