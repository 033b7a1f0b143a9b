/** How a subject is started: data, so that a report can show it and a person can repeat it. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  /** Added to the kit's own environment; `undefined` takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
}

/** The command as one would type it; for people, not for a shell. */
export function commandLine(launch: Launch): string {
  return [launch.command, ...launch.args]
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : JSON.stringify(word)))
    .join(' ');
}
