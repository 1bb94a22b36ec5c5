import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { built, compile, CONTRACTS } from '../scripts/compile.ts';

const FILE = new URL('../../src/main/resources/org/cocoon/contracts/code/hashes.json', import.meta.url);

test('the code that Java deploys is what these sources compile to', async () => {
    const hashes = JSON.parse(readFileSync(FILE, 'utf8'));
    const code = built();
    for (const name of CONTRACTS) {
        const fresh = await compile(name);
        assert.equal(fresh.hash().toString('hex'), hashes[name], `${name}: run npm run build`);
        assert.equal(code[name].hash().toString('hex'), hashes[name]);
    }
    assert.deepEqual(Object.keys(hashes).sort(), [...CONTRACTS].sort());
});
