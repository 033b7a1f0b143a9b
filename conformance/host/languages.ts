/** Whether a module is written in TypeScript, by its name. */
export function isTypeScript(path: string): boolean {
  return /\.[mc]?ts$/.test(path);
}
