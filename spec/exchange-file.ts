/** An exchange in a file of its own: what was found once, to be run again on any server. */
import { readClauseTexts } from './clause-text.js';
import { ExchangeError, parseExchanges, type Exchange } from './exchange.js';

/** Of a block that stands alone, and so without the clause that it is about. */
const NO_CLAUSE = 'exchange';

/** Whether a file is one of these, by its name: Markdown, or a block alone. */
export const isExchangeFile = (file: string): boolean => /\.(md|exchange)$/.test(file);

/** The Markdown of such a file. */
export const exchangeFile = (clause: string, text: string): string =>
  `### ${clause}\n\n\`\`\`exchange\n${text}\n\`\`\`\n`;

/**
 * @param content one block, or Markdown with one: below a heading that names the clause, as in the spec
 * @throws ExchangeError
 */
export function parseExchangeFile(content: string): Exchange {
  const isMarkdown = content.includes('```exchange');
  const blocks = isMarkdown
    ? readClauseTexts(content).flatMap(({ id, exchanges }) => exchanges.map(({ text }) => ({ id, text })))
    : [{ id: NO_CLAUSE, text: content.trimEnd() }];
  const exchanges = blocks.flatMap(({ id, text }) => parseExchanges(id, text));
  const [exchange] = exchanges;
  if (exchange === undefined)
    throw new ExchangeError("no exchange stands below a heading such as '### HTTP-PIPE-1'");
  if (exchanges.length > 1) throw new ExchangeError(`${exchanges.length} exchanges, where one is wanted`);
  return exchange;
}
