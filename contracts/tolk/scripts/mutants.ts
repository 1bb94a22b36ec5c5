// The small ways in which the sources of the contracts can be wrong.
import { type ContractName, onDisk, type Sources } from './compile.ts';

export type Mutant = {
    file: string;
    kind: string;
    at: number;
    length: number;
    with: string;
    /** Those whose code it can change. */
    contracts: readonly ContractName[];
};

const FLIPS: Record<string, string[]> = {
    '>=': ['<', '>'],
    '<=': ['>', '<'],
    '==': ['!='],
    '!=': ['=='],
    ' > ': [' <= ', ' >= '],
    ' < ': [' >= ', ' <= '],
};
const SIGNS: Record<string, string> = { ' + ': ' - ', ' - ': ' + ', ' += ': ' -= ', ' -= ': ' += ' };
const MODES: Record<string, string> = {
    ' | SEND_MODE_IGNORE_ERRORS': '',
    SEND_MODE_PAY_FEES_SEPARATELY: 'SEND_MODE_REGULAR',
    SEND_MODE_CARRY_ALL_REMAINING_MESSAGE_VALUE: 'SEND_MODE_PAY_FEES_SEPARATELY',
    SEND_MODE_CARRY_ALL_BALANCE: 'SEND_MODE_CARRY_ALL_REMAINING_MESSAGE_VALUE',
};

const another = (op: string): string => `0x${((parseInt(op, 16) ^ 0x8000) >>> 0).toString(16).padStart(8, '0')}`;

/** Which contracts are made of which files. The jettons' own files have tests, but no mutants. */
const FILES: Record<'channel' | 'settlement' | 'registry', string[]> = {
    channel: ['channel.tolk', 'channel-core.tolk', 'statements.tolk', 'toncoin/money.tolk'],
    settlement: ['settlement.tolk', 'settlement-core.tolk', 'statements.tolk', 'toncoin/money.tolk'],
    registry: ['registry.tolk'],
};
const MUTATED = Object.keys(FILES) as (keyof typeof FILES)[];

/** Those that a file is part of; of the messages, those that use the one with this name. */
function contractsWith(file: string, message = ''): readonly ContractName[] {
    const uses = (name: keyof typeof FILES) => FILES[name].some((other) => new RegExp(`\\b${message}\\b`).test(onDisk(other)));
    return MUTATED.filter((name) => FILES[name].includes(file) || (file === 'messages.tolk' && uses(name)));
}

/** Every mutant of one file, in the order of its lines. */
export function mutantsOf(file: string): Mutant[] {
    const text = onDisk(file);
    const mutants: Mutant[] = [];
    const add = (kind: string, at: number, length: number, replacement: string, contracts = contractsWith(file)) =>
        mutants.push({ file, kind, at, length, with: replacement, contracts });
    for (const match of text.matchAll(/assert \([\s\S]*?throw [A-Z_]+;/g)) add('assert removed', match.index, match[0].length, '');
    for (const match of text.matchAll(/^ +\w+\.(save\(\)|saveWith\(books\));/gm)) add('save removed', match.index, match[0].length, '');
    for (const match of text.matchAll(/^struct \((0x[0-9a-f]{8})\) (\w+)/gm)) {
        add('wrong op', match.index + 'struct ('.length, match[1].length, another(match[1]), contractsWith(file, match[2]));
    }
    for (const match of text.matchAll(/^( +\w+ => \{)(.*;) \}$/gm)) add('handler removed', match.index + match[1].length, match[2].length, '');
    for (const match of text.matchAll(/\b0x[0-9a-f]{32}\b/g)) add('wrong label', match.index, 34, match[0].replace(/31$/, '32'));
    for (const line of text.matchAll(/^.*$/gm)) {
        const code = line[0].replace(/\/\/.*$/, '');
        if (/^\s*(type|import|struct|const)\b/.test(code) || /=>|\bfun\b|\basm\b/.test(code)) continue;
        const each = (kind: string, pattern: RegExp, replacements: (found: string) => string[]) => {
            for (const match of code.matchAll(pattern)) {
                for (const other of replacements(match[0])) add(kind, line.index + match.index, match[0].length, other);
            }
        };
        each('comparison', />=|<=|==|!=| > | < /g, (found) => FLIPS[found]);
        each('arithmetic', / [-+]=? /g, (found) => [SIGNS[found]]);
        each('wrong op', /\b0x[0-9a-f]{8}\b/g, (found) => [another(found)]);
        each('send mode', / \| SEND_MODE_IGNORE_ERRORS|SEND_MODE_(PAY_FEES_SEPARATELY|CARRY\w+)/g, (found) => [MODES[found]]);
        each('bounce removed', /bounce: true/g, () => ['bounce: BounceMode.NoBounce']);
    }
    return mutants.filter((mutant) => mutant.contracts.length > 0).sort((a, b) => a.at - b.at);
}

const URGENT = ['assert removed', 'save removed', 'wrong op', 'bounce removed', 'handler removed', 'send mode', 'comparison'];

/** Every mutant of all files, the worst kinds first; errors.tolk and fees.tolk hold nothing but numbers. */
export function allMutants(): Mutant[] {
    return [...new Set(['messages.tolk', ...Object.values(FILES).flat()])]
        .flatMap(mutantsOf)
        .sort((a, b) => (URGENT.indexOf(a.kind) >>> 0) - (URGENT.indexOf(b.kind) >>> 0));
}

/** The sources with one mutant in them. */
export const mutated = (mutant: Mutant): Sources => (path) => {
    const text = onDisk(path);
    if (path !== mutant.file) return text;
    return text.slice(0, mutant.at) + mutant.with + text.slice(mutant.at + mutant.length);
};

export function describe(mutant: Mutant): string {
    const text = onDisk(mutant.file);
    const line = text.slice(0, mutant.at).split('\n').length;
    const column = mutant.at - text.lastIndexOf('\n', mutant.at - 1);
    const source = text.split('\n')[line - 1].trim();
    const change = mutant.with ? ` ${text.slice(mutant.at, mutant.at + mutant.length).trim()} -> ${mutant.with.trim()}` : '';
    return `${mutant.file}:${line}:${column} ${mutant.kind}${change}: ${source}`;
}

/** A seeded order (mulberry32), so that a sample can be repeated. */
export function shuffled<T>(list: T[], seed: number): T[] {
    let state = seed;
    const next = () => {
        state = (state + 0x6d2b79f5) | 0;
        let t = Math.imul(state ^ (state >>> 15), 1 | state);
        t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
        return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
    };
    return list.map((value) => ({ value, key: next() })).sort((a, b) => a.key - b.key).map(({ value }) => value);
}
