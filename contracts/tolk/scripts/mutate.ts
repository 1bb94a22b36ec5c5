// Breaks the contracts in small ways, one at a time, and looks whether the tests notice.
//
//   npm run mutate                      every mutant (about half an hour on two cores)
//   npm run mutate -- --only channel    those of one source
//   npm run mutate -- --sample 12 --seed 7
//
// Kinds: an assert removed, a save removed, a comparison flipped or moved by one, an operation code
// changed. Ends with 1 if a mutant survives that is not in the list of those that change nothing.
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SRC = join(ROOT, 'src');
const TESTS = ['life', 'settlement', 'channel', 'registry', 'weaknesses'].map((name) => join('tests', `${name}.test.ts`));
const MUTANT_MILLIS = 180_000;
const { values: options } = parseArgs({
    options: {
        only: { type: 'string' },
        sample: { type: 'string' },
        seed: { type: 'string', default: '1' },
        jobs: { type: 'string', default: '2' },
    },
});

type Mutant = { file: string; kind: string; at: number; length: number; with: string };

/** Mutants that no test can tell from the contract, each with the reason. */
const EQUIVALENT: { file: string; text: string; why: string }[] = JSON.parse(
    readFileSync(join(ROOT, 'scripts', 'equivalent.json'), 'utf8'),
);

const FLIPS: Record<string, string[]> = {
    '>=': ['<', '>'],
    '<=': ['>', '<'],
    '==': ['!='],
    '!=': ['=='],
    ' > ': [' <= ', ' >= '],
    ' < ': [' >= ', ' <= '],
};

function mutantsOf(file: string): Mutant[] {
    const text = readFileSync(join(SRC, file), 'utf8');
    const mutants: Mutant[] = [];
    const add = (kind: string, at: number, length: number, replacement: string) =>
        mutants.push({ file, kind, at, length, with: replacement });
    for (const match of text.matchAll(/assert \([\s\S]*?throw [A-Z_]+;/g)) add('assert removed', match.index, match[0].length, '');
    for (const match of text.matchAll(/^ +\w+\.(save\(\)|saveWith\(books\));/gm)) add('save removed', match.index, match[0].length, '');
    for (const match of text.matchAll(/^struct \(0x([0-9a-f]{8})\)/gm)) {
        const other = (parseInt(match[1], 16) ^ 0x8000).toString(16).padStart(8, '0');
        add('wrong op', match.index, match[0].length, `struct (0x${other})`);
    }
    for (const line of text.matchAll(/^.*$/gm)) {
        const code = line[0].replace(/\/\/.*$/, '');
        if (/^\s*(type|import|struct|const|fun .*->)/.test(code) || /=>|loadOr|\bfun\b/.test(code)) continue;
        for (const match of code.matchAll(/>=|<=|==|!=| > | < /g)) {
            for (const flip of FLIPS[match[0]]) add('comparison', line.index + match.index, match[0].length, flip);
        }
    }
    return mutants;
}

function describe(mutant: Mutant): string {
    const text = readFileSync(join(SRC, mutant.file), 'utf8');
    const line = text.slice(0, mutant.at).split('\n').length;
    const source = text.split('\n')[line - 1].trim();
    return `${mutant.file}:${line} ${mutant.kind}${mutant.with ? ` -> ${mutant.with.trim()}` : ''}: ${source}`;
}

/** Whether some test failed (or the compiler refused, which is as good). */
function killed(mutant: Mutant): Promise<boolean> {
    const folder = mkdtempSync(join(tmpdir(), 'mutant-'));
    cpSync(SRC, folder, { recursive: true });
    const text = readFileSync(join(SRC, mutant.file), 'utf8');
    writeFileSync(join(folder, mutant.file), text.slice(0, mutant.at) + mutant.with + text.slice(mutant.at + mutant.length));
    return new Promise((resolve) => {
        const child = spawn(process.execPath, ['--import', 'tsx', '--test', '--test-reporter', 'tap', '--test-concurrency', '1', ...TESTS], {
            cwd: ROOT,
            env: { ...process.env, COCOON_TOLK_SOURCES: `${folder}/`, NODE_TEST_CONTEXT: undefined },
            stdio: ['ignore', 'pipe', 'ignore'],
            detached: true,
        });
        let dead = false;
        const stop = () => {
            dead = true;
            try {
                process.kill(-child.pid!, 'SIGKILL');
            } catch {
                // ended by itself
            }
        };
        const timer = setTimeout(stop, MUTANT_MILLIS);
        let seen = '';
        child.stdout.on('data', (chunk: Buffer) => {
            seen = (seen + chunk).slice(-4096);
            if (!dead && /^\s*not ok /m.test(seen)) stop();
        });
        child.on('close', (code) => {
            clearTimeout(timer);
            rmSync(folder, { recursive: true, force: true });
            resolve(dead || code !== 0);
        });
    });
}

/** A seeded order (mulberry32), so that a sample can be repeated. */
function shuffled<T>(list: T[], seed: number): T[] {
    let state = seed;
    const next = () => {
        state = (state + 0x6d2b79f5) | 0;
        let t = Math.imul(state ^ (state >>> 15), 1 | state);
        t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
        return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
    };
    return list.map((value) => ({ value, key: next() })).sort((a, b) => a.key - b.key).map(({ value }) => value);
}

const files = readdirSync(SRC).filter((file) => file.endsWith('.tolk') && file !== 'errors.tolk' && file !== 'fees.tolk');
let mutants = files.filter((file) => !options.only || file === `${options.only}.tolk`).flatMap(mutantsOf);
if (options.sample) mutants = shuffled(mutants, Number(options.seed)).slice(0, Number(options.sample));
console.log(`${mutants.length} mutants`);
const survivors: string[] = [];
let equivalent = 0;
let done = 0;
const queue = [...mutants];
await Promise.all(
    Array.from({ length: Number(options.jobs) }, async () => {
        for (let mutant = queue.shift(); mutant; mutant = queue.shift()) {
            const dead = await killed(mutant);
            done++;
            if (!dead) {
                const what = describe(mutant);
                const known = EQUIVALENT.find((e) => e.file === mutant.file && what.includes(e.text));
                if (known) equivalent++;
                else survivors.push(what);
                console.log(`${known ? 'equivalent' : 'SURVIVED  '} ${what}${known ? ` (${known.why})` : ''}`);
            } else if (done % 20 === 0) {
                console.log(`${done} of ${mutants.length}`);
            }
        }
    }),
);
console.log(`${mutants.length - survivors.length - equivalent} killed, ${equivalent} change nothing, ${survivors.length} survived`);
process.exitCode = survivors.length > 0 ? 1 : 0;
