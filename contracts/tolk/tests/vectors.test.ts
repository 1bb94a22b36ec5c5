// Golden vectors that both languages have to make: with COCOON_WRITE_VECTORS=1 they are written anew.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Address } from '@ton/core';
import { chargeHash, commitmentHash, releaseHash, signHash, voucherHash } from '../wrappers/statements.ts';
import { EarningsTree } from '../wrappers/tree.ts';
import { key } from './fixture.ts';

const FILE = fileURLToPath(new URL('../../vectors/statements.json', import.meta.url));

function vectors() {
    const contract = new Address(0, Buffer.alloc(32, 0x11));
    const keys = key(7);
    const statements = [];
    for (const network of [-239, -3, -31337]) {
        for (const amount of [0n, 1n, 1_234_567_890_123n, (1n << 63n) - 1n]) {
            const expires = 1_800_000_000n;
            const half = amount / 2n;
            const commitment = {
                epoch: 3n,
                root: Buffer.alloc(32, 0x22),
                earned: amount,
                digest: Buffer.alloc(32, 0x33),
                expires,
            };
            const of = (kind: string, hash: Buffer) => ({
                kind,
                network,
                contract: contract.toRawString(),
                amount: amount.toString(),
                half: half.toString(),
                expires: Number(expires),
                hash: hash.toString('hex'),
                signature: signHash(hash, keys.secretKey).toString('hex'),
            });
            statements.push(
                of('voucher', voucherHash(network, contract, { ceiling: amount, expires })),
                of('charge', chargeHash(network, contract, { charged: amount, expires })),
                of('release', releaseHash(network, contract, { charged: amount, withdrawn: half, closes: true, expires })),
                of('commitment', commitmentHash(network, contract, commitment)),
            );
        }
    }
    const trees = [0, 1, 2, 3, 5, 8, 100].map((size) => {
        const tree = new EarningsTree(
            -31337,
            contract,
            Array.from({ length: size }, (_, i) => ({
                payee: Buffer.alloc(32, i + 1),
                earned: BigInt(i + 1) * 1_000_000_007n,
            })),
        );
        const way = size === 0 ? [] : tree.batch(size - 1, 0).siblings;
        return {
            size,
            root: tree.root.hash.toString('hex'),
            total: tree.root.sum.toString(),
            lastWay: way.map((node) => `${node.hash.toString('hex')} ${node.sum}`),
        };
    });
    return {
        seed: Buffer.alloc(32, 7).toString('hex'),
        publicKey: keys.publicKey.toString('hex'),
        friendly: [true, false].map((bounceable) => contract.toString({ bounceable })),
        statements,
        trees,
    };
}

test('the golden vectors are what these wrappers make', () => {
    const made = JSON.stringify(vectors(), null, 1) + '\n';
    if (process.env.COCOON_WRITE_VECTORS === '1') writeFileSync(FILE, made);
    assert.equal(made, readFileSync(FILE, 'utf8'));
});
