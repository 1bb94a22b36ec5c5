// Writes what the registry's data look like on the TVM, for readers in other languages:
//
//   npx tsx scripts/registry-vectors.ts ../../link/src/test/resources/registry/vectors.json
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { toNano, type Cell } from '@ton/core';
import { RegistryBody, snake } from '../wrappers/contracts.ts';
import { DAY, Network } from '../tests/fixture.ts';

const out: Record<string, unknown>[] = [];
const net = await Network.create({ stake: 0n });
const at = net.registry.address;
const say = (body: Cell) => net.registry.send(net.admin.getSender(), toNano('0.2'), body);
const hash = (i: number) => createHash('sha256').update(`image ${i}`).digest();
const text = (n: number) => `{"version": 1, "n": ${n}}`;
const read = (first: Cell): string => {
    const parts: Buffer[] = [];
    for (let slice = first.beginParse(); ; slice = slice.loadRef().beginParse()) {
        parts.push(slice.loadBuffer(slice.remainingBits / 8));
        if (slice.remainingRefs === 0) return Buffer.concat(parts).toString();
    }
};

async function save(name: string, document: string, pending: string | null, revoked: number): Promise<void> {
    const { accountState: state } = await net.blockchain.getContract(at);
    if (state?.type !== 'active') throw new Error('the registry is not active');
    const { version, activatesAt } = await net.registry.getData();
    out.push({
        name,
        version,
        activatesAt,
        document,
        pending,
        revoked: Array.from({ length: revoked }, (_, i) => hash(i).toString('hex')),
        data: state.state.data!.toBoc().toString('base64'),
        indexed: state.state.data!.toBoc({ idx: true, crc32: false }).toString('base64'),
    });
}

const first = read((await net.registry.getData()).document);
await save('fresh', first, null, 0);
await say(RegistryBody.announce(snake(text(1))));
await say(RegistryBody.transfer(net.operator.address));
await say(RegistryBody.revoke(hash(0)));
await save('announced, with a candidate and one revocation', first, text(1), 1);
net.pass(DAY);
await say(RegistryBody.apply());
for (let i = 1; i < 40; i++) await say(RegistryBody.revoke(hash(i)));
await save('applied, with 40 revocations', text(1), null, 40);
const long = JSON.stringify({ long: 'x'.repeat(20_000) });
await say(RegistryBody.announce(snake(long)));
net.pass(DAY);
await say(RegistryBody.apply());
await save('a long document', long, null, 40);
writeFileSync(process.argv[2], JSON.stringify(out, null, 1) + '\n');
