/**
 * Can the kit work with the servers of a subject? Starts two, asks them for what their manifests say, and ends them. How well they serve is
 * judged elsewhere.
 */
import type { Launch } from '../../conformance/subject/launch.js';
import { excerpt } from '../../conformance/subject/visible.js';
import { ask } from '../../conformance/wire/ask.js';
import { calibrate } from '../../conformance/wire/calibrate.js';
import { ServerProblem, type Served } from '../../conformance/wire/servers.js';
import { SubjectServers } from '../../conformance/wire/serving.js';
import {
  LIMIT_NAMES,
  MANIFEST_PATH,
  ROUTE_NAMES,
  SERVE_OPTIONS,
  type Manifest,
  type Route,
} from '../../spec/server-contract.js';
import { findingOf, type Finding } from './finding.js';

/** Of one answer, ms. */
const BUDGET_MS = 6000;
/** Routes that answer a bare GET in an ordinary way. */
const ORDINARY: readonly Route[] = [
  'echo',
  'inspect',
  'stream',
  'slow',
  'status',
  'ignore',
  'get-only',
  'form',
  'upload',
  'burn',
];
/** What a server may lack, by name. */
const LACKABLE: readonly string[] = [...ROUTE_NAMES, ...LIMIT_NAMES, ...SERVE_OPTIONS, 'gracefulStop'];

/** Names in a manifest that mean nothing to the kit. */
function strange({ unclaimed }: Manifest): string | undefined {
  const name = Object.keys(unclaimed).find((key) => !LACKABLE.includes(key));
  return name === undefined
    ? undefined
    : `its manifest has '${excerpt(name, 60)}' among the unclaimed, which is no route, limit or option`;
}

async function routesDefect({ address }: Served, { routes }: Manifest): Promise<string | undefined> {
  for (const route of ORDINARY.filter((name) => routes.includes(name))) {
    const answer = await ask(address, `/${route}?code=200`, BUDGET_MS);
    if (answer.is !== 'response') return `its manifest has the route '${route}', which is not answered`;
    const { status } = answer.response;
    if (status !== 200)
      return `its manifest has the route '${route}', which is answered by ${status}, not by 200`;
  }
  return undefined;
}

async function serveFindings(servers: SubjectServers): Promise<Finding[]> {
  const served = await servers.serve({});
  const other = await servers.serve({});
  const { manifest, noManifest } = await calibrate(served.address, 1);
  const findings: Finding[] = [
    findingOf(
      'serve',
      served.address.port === other.address.port ? 'two servers have one port' : undefined,
      'two servers live beside each other',
    ),
  ];
  if (manifest === undefined) findings.push({ name: 'manifest', state: 'broken', text: noManifest });
  else
    findings.push(
      findingOf('manifest', strange(manifest), `${MANIFEST_PATH} names ${manifest.routes.length} routes`),
      findingOf('routes', await routesDefect(served, manifest), 'the routes that it names are there'),
    );
  await served.end();
  const gone = await ask(served.address, '/', BUDGET_MS);
  const alive = await ask(other.address, '/', BUDGET_MS);
  const broken =
    gone.is === 'response'
      ? 'a server answered when it had been ended'
      : alive.is === 'response'
        ? undefined
        : 'when one server was ended, another one did not answer any more';
  return [...findings, findingOf('end', broken, 'one is ended, and the other goes on')];
}

/** Examines the servers of a subject, in a process of its own. */
export async function examineServers(launch: Launch): Promise<Finding[]> {
  const servers = new SubjectServers(launch);
  try {
    return await serveFindings(servers);
  } catch (error) {
    if (!(error instanceof ServerProblem)) throw error;
    return [{ name: 'serve', state: 'broken', text: excerpt(error.message, 600) }];
  } finally {
    await servers.close();
  }
}
