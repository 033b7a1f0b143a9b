/**
 * The group `go`: fixtures/subjects/http/go, built. It has no dependencies, so nothing is downloaded; the version of net/http is that of
 * the Go that is here, and its manifest says which.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../spec/package-root.js';
import { PeerError, type Group } from './group.js';
import { installOnce, PEERS, run } from './install.js';

/** Patterns with methods came to ServeMux with 1.22. */
const OLDEST_MINOR = 22;

const SOURCE = join(packageRoot(), 'fixtures/subjects/http/go');
const FOLDER = join(PEERS, 'go');

export const go: Group = {
  about: 'the application on net/http, built (.peers/go)',
  install() {
    const version = spawnSync('go', ['version'], { encoding: 'utf8' });
    const [, major, minor] = /go(\d+)\.(\d+)/.exec(version.stdout ?? '') ?? [];
    if (!(Number(major) > 1 || Number(minor) >= OLDEST_MINOR)) {
      throw new PeerError("Go 1.22 or newer is needed as 'go', to build the program with net/http in it");
    }
    const sources = ['go.mod', 'main.go'].map((file) => readFileSync(join(SOURCE, file)));
    installOnce(FOLDER, [version.stdout, ...sources], () => {
      run('go', ['build', '-trimpath', '-o', join(FOLDER, 'http'), '.'], {
        cwd: SOURCE,
        env: { CGO_ENABLED: '0', GOTOOLCHAIN: 'local', GOFLAGS: '', GO111MODULE: 'on' },
      });
    });
  },
};
