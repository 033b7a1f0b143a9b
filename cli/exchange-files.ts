/** Exchanges as files that the user names. */
import { ExchangeError, type Exchange } from '../spec/exchange.js';
import { parseExchangeFile } from '../spec/exchange-file.js';
import { UsageError } from './errors.js';
import { readText } from './files.js';

/** @throws UsageError */
export function readExchange(file: string): Exchange {
  try {
    return parseExchangeFile(readText(file, 'the exchange'));
  } catch (error) {
    if (!(error instanceof ExchangeError)) throw error;
    throw new UsageError(`${file} is not an exchange: ${error.message}`);
  }
}
