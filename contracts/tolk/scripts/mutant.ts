// A process that judges mutants, one after the other: sent a mutant, it answers what became of it.
//
// Tests run in here, without a runner, against the mutant's code. They are tried from the one that
// killed the last mutant: neighbours in the source are mostly killed by the same test.
import './quick.ts';
import { built, type Codes, compile, CONTRACTS, onDisk } from './compile.ts';
import { type Mutant, mutated } from './mutants.ts';
import { type Case, CASES, useCodes } from '../tests/fixture.ts';

export type Verdict = { outcome: 'killed' | 'equivalent' | 'survived'; by: string };

/** Test files that say most about a source; the others follow. */
const FIRST: Record<string, string[]> = {
    channel: ['messages', 'value', 'bounces', 'channel'],
    settlement: ['messages', 'value', 'bounces', 'settlement'],
    registry: ['value', 'registry', 'bounces'],
    messages: ['messages', 'registry'],
    statements: ['value'],
    toncoin: ['messages', 'bounces', 'value'],
};

/** Unoptimised: the same code from the compiler in half the time, and half of a mutant's time is that. */
const LEVEL = 0;
const entries = CONTRACTS.map(async (name) => [name, name.startsWith('jetton') ? built()[name] : await compile(name, onDisk, LEVEL)] as const);
const baseline = Object.fromEntries(await Promise.all(entries)) as Codes;
let order: Case[] | undefined;
let orderedFor = '';

async function judge(mutant: Mutant): Promise<Verdict> {
    const codes = { ...baseline };
    let changed = false;
    for (const name of mutant.contracts) {
        try {
            codes[name] = await compile(name, mutated(mutant), LEVEL);
        } catch {
            return { outcome: 'killed', by: 'the compiler' };
        }
        changed ||= !codes[name].equals(baseline[name]);
    }
    if (!changed) return { outcome: 'equivalent', by: 'the compiler made the same code' };
    useCodes(codes);
    if (!order || orderedFor !== mutant.file) {
        const rank = (test: Case) => (FIRST[mutant.file.split(/[-./]/)[0]] ?? []).indexOf(test.file) >>> 0;
        order = [...CASES].sort((a, b) => rank(a) - rank(b));
        orderedFor = mutant.file;
    }
    for (const test of order) {
        try {
            await test.run();
        } catch (error) {
            order = [test, ...order.filter((other) => other !== test)];
            return { outcome: 'killed', by: `${test.file}: ${test.name}: ${String(error).split('\n')[0]}` };
        }
    }
    return { outcome: 'survived', by: '' };
}

process.on('message', async (mutant: Mutant) => {
    process.send!(await judge(mutant));
});
process.on('disconnect', () => process.exit());
for (const file of ['life', 'channel', 'settlement', 'registry', 'weaknesses', 'value', 'bounces', 'messages', 'attacks']) {
    await import(`../tests/${file}.test.ts`);
}
process.send!('ready');
