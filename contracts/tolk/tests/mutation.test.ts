// A few mutants of the contracts; npm run mutate judges all of them.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { onDisk } from '../scripts/compile.ts';
import { judgeAll } from '../scripts/mutate.ts';
import { allMutants, shuffled } from '../scripts/mutants.ts';

const MILLIS = 45_000;
const MOST = 10;

test('the tests notice a sample of mutants', async () => {
    // Other sources, another sample; the same sources, the same one.
    const text = [...new Set(allMutants().map((mutant) => mutant.file))].map(onDisk).join('');
    const seed = Number(process.env.COCOON_SEED ?? createHash('sha256').update(text).digest().readUInt32BE());
    const results = await judgeAll(shuffled(allMutants(), seed).slice(0, MOST), 1, MILLIS, () => {});
    const survived = results.filter((result) => result.outcome === 'survived').map((result) => result.what);
    console.log(`# ${results.length} of a sample of ${MOST} mutants judged, seed ${seed}`);
    assert.ok(results.length > 0);
    assert.deepEqual(survived, [], `seed ${seed}`);
});
