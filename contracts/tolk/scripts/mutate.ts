// Breaks the contracts in small ways, one at a time, and looks whether the tests notice.
//
//   npm run mutate                      every mutant
//   npm run mutate -- --only channel    those of one source
//   npm run mutate -- --sample 12 --seed 7 --jobs 1
//   npm run mutate -- --match "arithmetic"  those whose description has this
//
// Ends with 1 if a mutant survives that is not in scripts/equivalent.json, the list of those that
// change nothing that anybody could see, each with its reason.
import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import type { Verdict } from './mutant.ts';
import { allMutants, describe, type Mutant, shuffled } from './mutants.ts';

const JUDGE = fileURLToPath(new URL('./mutant.ts', import.meta.url));
const MUTANT_MILLIS = 600_000;

type Equivalent = { mutant: string; why: string };
export type Outcome = 'killed' | 'equivalent' | 'survived';
export type Result = { mutant: Mutant; what: string; outcome: Outcome; by: string };

/** Mutants that no test can tell from the contract: their description without line and column. */
const EQUIVALENT: Equivalent[] = JSON.parse(readFileSync(new URL('./equivalent.json', import.meta.url), 'utf8'));

const withoutPlace = (what: string): string => what.replace(/:\d+:\d+ /, ' ');

/** Asks a judge; one that does not answer in time is ended, and nobody noticed its mutant. */
function ask(judge: ChildProcess, mutant: Mutant, millis: number): Promise<Verdict | 'late'> {
    return new Promise((resolve) => {
        const end = (verdict: Verdict | 'late') => {
            clearTimeout(timer);
            judge.removeAllListeners();
            resolve(verdict);
        };
        const timer = setTimeout(() => {
            judge.kill('SIGKILL');
            end('late');
        }, millis);
        judge.once('message', (verdict: Verdict) => end(verdict));
        judge.once('exit', () => end({ outcome: 'killed', by: 'a crash' }));
        judge.send(mutant);
    });
}

async function start(): Promise<ChildProcess> {
    const judge = fork(JUDGE, { execArgv: ['--import', 'tsx'], env: { ...process.env, COCOON_MUTATION: '1', NODE_TEST_CONTEXT: undefined } });
    await new Promise((resolve, reject) => {
        judge.once('message', resolve);
        judge.once('exit', (code) => reject(new Error(`the process that judges mutants ended with ${code}`)));
    });
    judge.removeAllListeners();
    return judge;
}

/** Judges mutants until all are or the time is over; one that is not through by then does not count. */
export async function judgeAll(mutants: Mutant[], jobs: number, millis: number, each: (result: Result) => void): Promise<Result[]> {
    const results: Result[] = [];
    const queue = [...mutants];
    await Promise.all(
        Array.from({ length: jobs }, async () => {
            let judge = await start();
            const begun = Date.now();
            let end = begun + MUTANT_MILLIS; // the first one counts however long it takes
            for (let mutant = queue.shift(); mutant && Date.now() < end; mutant = queue.shift()) {
                const answer = await ask(judge, mutant, Math.min(MUTANT_MILLIS, end - Date.now()));
                if (answer === 'late' && Date.now() >= end) return;
                end = begun + millis;
                const verdict: Verdict = answer === 'late' ? { outcome: 'survived', by: 'no answer in time' } : answer;
                if (!judge.connected) judge = await start();
                const what = describe(mutant);
                const known = EQUIVALENT.find((e) => e.mutant === withoutPlace(what));
                const outcome = verdict.outcome === 'survived' && known ? 'equivalent' : verdict.outcome;
                const result = { mutant, what, outcome, by: known?.why ?? verdict.by };
                results.push(result);
                each(result);
            }
            judge.disconnect();
        }),
    );
    return results;
}

/** Lines of a table: what became of mutants, by kind and by file. */
export function table(results: Result[]): string[] {
    const count = (list: Result[], outcome: Outcome) => String(list.filter((r) => r.outcome === outcome).length).padStart(12);
    const row = (name: string, list: Result[]) =>
        name.padEnd(20) + (['killed', 'equivalent', 'survived'] as const).map((outcome) => count(list, outcome)).join('');
    const lines = [`${''.padEnd(20)}${'killed'.padStart(12)}${'equivalent'.padStart(12)}${'survived'.padStart(12)}`];
    for (const by of ['kind', 'file'] as const) {
        for (const name of [...new Set(results.map((r) => r.mutant[by]))].sort()) {
            lines.push(row(name, results.filter((r) => r.mutant[by] === name)));
        }
    }
    return [...lines, row('all', results)];
}

async function main(): Promise<void> {
    const { values: options } = parseArgs({
        options: {
            only: { type: 'string' },
            match: { type: 'string' },
            sample: { type: 'string' },
            seed: { type: 'string', default: '1' },
            jobs: { type: 'string', default: '2' },
            verbose: { type: 'boolean', default: false },
        },
    });
    let mutants = allMutants().filter(
        (m) => (!options.only || m.file === `${options.only}.tolk`) && (!options.match || describe(m).includes(options.match)),
    );
    if (options.sample) mutants = shuffled(mutants, Number(options.seed)).slice(0, Number(options.sample));
    console.log(`${mutants.length} mutants`);
    const begun = Date.now();
    let done = 0;
    const results = await judgeAll(mutants, Number(options.jobs), Number.MAX_SAFE_INTEGER, (result) => {
        if (++done % 20 === 0) console.log(`${done} of ${mutants.length}, ${Math.round((Date.now() - begun) / 1000)} s`);
        if (result.outcome !== 'killed' || options.verbose) console.log(`${result.outcome} ${result.what}${result.by ? ` (${result.by})` : ''}`);
    });
    for (const line of table(results)) console.log(line);
    console.log(`in ${Math.round((Date.now() - begun) / 1000)} s`);
    process.exitCode = results.some((r) => r.outcome === 'survived') ? 1 : 0;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await main();
