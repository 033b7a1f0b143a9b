/** What is not constant in what is sent. */
import t from 'tap';
import { parseTemplate } from '../../../spec/exchange.js';
import { loadSuite } from '../../suite.js';
import { render, type Values } from '../render.js';

const values: Values = { host: 'server.test:80', limits: { bodyBytes: 15 } };

void t.test('holes', (t) => {
  const text = (template: string, more: Partial<Values> = {}): string =>
    render(parseTemplate(template), { ...values, ...more }).toString('latin1');
  t.equal(text('{host}'), 'server.test:80');
  t.equal(text('{scheme}://{host}/'), 'http://server.test:80/');
  t.equal(text('{scheme}://{host}/', { tls: true }), 'https://server.test:80/');
  t.equal(text('{SCHEME}:'), 'HTTP:');
  t.equal(text('{SCHEME}:', { tls: true }), 'HTTPS:');
  t.equal(text('{bodyBytes+1}, {bodyBytes in hex}, {ab*2}'), '16, f, abab');
  t.end();
});

void t.test('what is sent over TLS names no other scheme (a server may answer that by 421)', (t) => {
  for (const { name, steps } of loadSuite().exchanges.filter(({ clause }) => clause === 'HTTP-START-5'))
    for (const step of steps)
      if (step.do === 'send') t.match(render(step.bytes, { ...values, tls: true }), /^GET https:/i, name);
  t.end();
});
