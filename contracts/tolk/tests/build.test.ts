import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { Cell } from '@ton/core';
import { CONTRACTS } from '../scripts/compile.ts';
import { codes } from './fixture.ts';

const folder = fileURLToPath(new URL('../../src/main/resources/org/cocoon/contracts/code/', import.meta.url));

test('the code that Java deploys is what these sources compile to', async () => {
    const hashes = JSON.parse(readFileSync(`${folder}hashes.json`, 'utf8'));
    const fresh = await codes();
    for (const name of CONTRACTS) {
        assert.equal(fresh[name].hash().toString('hex'), hashes[name], `${name}: run npm run build`);
        assert.equal(Cell.fromBoc(readFileSync(`${folder}${name}.boc`))[0].hash().toString('hex'), hashes[name]);
    }
    assert.deepEqual(Object.keys(hashes).sort(), [...CONTRACTS].sort());
});
