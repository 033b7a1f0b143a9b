/** The project's Markdown, for tests that hold it to the truth. */
import { textOf } from './sources.js';

/** A fenced block, and the HTML comment on the line before it: how a document says what a test should do with it. */
export interface Block {
  readonly file: string;
  /** Of its first line of text. */
  readonly line: number;
  readonly language: string;
  /** Text of the comment; empty without one. */
  readonly mark: string;
  readonly text: string;
}

/** All fenced blocks of a file, in order. */
export function blocksOf(file: string): Block[] {
  const blocks: Block[] = [];
  const lines = textOf(file).split('\n');
  for (let i = 0; i < lines.length; i++) {
    const language = /^```(\w+)$/.exec(lines[i]!)?.[1];
    if (language === undefined) continue;
    const end = lines.indexOf('```', i + 1);
    const mark = /^<!--\s*(.*?)\s*-->$/.exec(lines[i - 1] ?? '')?.[1] ?? '';
    const text = lines.slice(i + 1, end).join('\n');
    blocks.push({ file, line: i + 2, language, mark, text: `${text}\n` });
    i = end;
  }
  return blocks;
}

/** Rows of all tables of a file, cell by cell, without heads. */
export function tableRows(file: string): string[][] {
  const lines = textOf(file).split('\n');
  const isRow = (line: string | undefined): boolean => line?.startsWith('|') === true;
  const isRule = (line: string | undefined): boolean => /^\|[-|: ]+\|$/.test(line ?? '');
  return lines
    .filter((line, i) => isRow(line) && !isRule(line) && !isRule(lines[i + 1]))
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    );
}

/** The anchors that GitHub gives to the headings of a file. */
export function anchorsOf(file: string): Set<string> {
  const headings = textOf(file).matchAll(/^#+ (.*)$/gm);
  return new Set(
    [...headings].map(([, heading]) =>
      heading!
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}
