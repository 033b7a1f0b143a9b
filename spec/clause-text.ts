/** A clause as it stands in the Markdown, before its words are understood. */
import { createRequire } from 'node:module';
import type { Node, Parents, RootContent } from 'mdast';

type Markdown = typeof import('mdast-util-from-markdown');

export interface ClauseText {
  readonly id: string;
  /** Of the heading, from 1. */
  readonly line: number;
  /** Undefined if a sentence and a list do not follow the heading. */
  readonly sentence: string | undefined;
  /** Items of the list below the sentence. */
  readonly items: readonly string[];
  /** Fenced blocks named `exchange`. */
  readonly exchanges: readonly { readonly line: number; readonly text: string }[];
}

const flatten = (node: Node): string =>
  'children' in node
    ? (node as Parents).children.map(flatten).join('')
    : 'value' in node
      ? String(node.value).replace(/\s+/g, ' ')
      : '';

const lineOf = (node: Node): number => node.position?.start.line ?? 0;

function textOf(heading: RootContent, body: readonly RootContent[]): ClauseText {
  const [sentence, list] = body;
  const isClause = sentence?.type === 'paragraph' && list?.type === 'list';
  return {
    id: flatten(heading),
    line: lineOf(heading),
    sentence: isClause ? flatten(sentence) : undefined,
    items: isClause ? list.children.map((item) => flatten(item).trim()) : [],
    exchanges: body.flatMap((node) =>
      node.type === 'code' && node.lang === 'exchange' ? [{ line: lineOf(node), text: node.value }] : [],
    ),
  };
}

/** All clauses of one Markdown text, in its order. */
export function readClauseTexts(markdown: string): ClauseText[] {
  // Loaded here and not above: it takes a while, and a built package does without (clause-texts.ts).
  const { fromMarkdown } = createRequire(import.meta.url)('mdast-util-from-markdown') as Markdown;
  const nodes = fromMarkdown(markdown).children;
  return nodes.flatMap((node, index) => {
    if (node.type !== 'heading' || node.depth !== 3) return [];
    const end = nodes.findIndex((next, i) => i > index && next.type === 'heading');
    return [textOf(node, nodes.slice(index + 1, end < 0 ? undefined : end))];
  });
}
