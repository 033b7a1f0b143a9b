/**
 * Where these calls exist: Linux on x64 and arm64, be its libc glibc or musl.
 */

/**
 * What to tell somebody on another platform.
 * @param platform As `process.platform`.
 * @param arch As `process.arch`.
 * @returns One sentence; undefined where the calls exist.
 */
export function unsupported(platform: string, arch: string): string | undefined {
  if (platform === 'linux' && (arch === 'x64' || arch === 'arm64')) return undefined;
  const here = platform === 'linux' ? `linux on ${arch}` : platform;
  return (
    `evspec: posix needs Linux (this is ${here}): it calls epoll, accept4 and eventfd of libc on x64 or arm64; ` +
    'run this part there, for instance in a container.'
  );
}
