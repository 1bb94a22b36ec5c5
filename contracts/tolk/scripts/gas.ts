// Measures gas and fees of each operation and of payout batches, against the stored baseline.
//
//   npm run gas              compare; fails where an operation's gas is not within 2 % of the baseline
//   npm run gas -- --update  store what was measured, in gas.json and GAS.md
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { fromNano, toNano, type Transaction } from '@ton/core';
import type { SendMessageResult } from '@ton/sandbox';
import { ChannelBody, RegistryBody, SettlementBody, snake } from '../wrappers/contracts.ts';
import { DAY, Network, succeeded } from '../tests/fixture.ts';

const BASELINE = fileURLToPath(new URL('../gas.json', import.meta.url));
const TABLE = fileURLToPath(new URL('../GAS.md', import.meta.url));
const TOLERANCE = 0.02;
// What the original's contracts cost, in nanoTON, as measured; and how much of it ours may cost.
const ORIGINAL_CHARGE = 6_000_000;
const ORIGINAL_PAYOUT = 9_000_000;
const CHARGE_BOUND = 0.75;
const PAYOUT_BOUND = 0.5;
const { values: options } = parseArgs({ options: { update: { type: 'boolean', default: false } } });

type Row = { gas: number; nanoton: number };
const rows: Record<string, Row> = {};

const gasOf = (tx: Transaction): bigint =>
    tx.description.type === 'generic' && tx.description.computePhase.type === 'vm' ? tx.description.computePhase.gasUsed : 0n;

/** What all transactions that a message caused cost, the sender's wallet left out. */
function measure(name: string, result: SendMessageResult, per = 1): void {
    let gas = 0n;
    let fees = 0n;
    for (const tx of result.transactions) {
        const fromOutside = tx.inMessage?.info.type !== 'internal';
        if (!fromOutside) {
            gas += gasOf(tx);
            fees += tx.totalFees.coins;
        }
        for (const message of tx.outMessages.values()) {
            if (message.info.type === 'internal') fees += message.info.forwardFee;
        }
    }
    rows[name] = { gas: Math.round(Number(gas) / per), nanoton: Math.round(Number(fees) / per) };
}

async function main(): Promise<void> {
    const net = await Network.create({ stake: 0n });
    const at = net.settlement.address;
    measure('stake, deploying the contract', succeeded(await net.operate(SettlementBody.stake(toNano('100')), toNano('102')), at));
    measure('stake', succeeded(await net.operate(SettlementBody.stake(toNano('100')), toNano('102')), at));
    const alice = await net.client('alice');
    measure('deposit, opening the channel', succeeded(await alice.deposit(toNano('500')), alice.channel.address));
    measure('deposit', succeeded(await alice.deposit(toNano('500')), alice.channel.address));
    measure('claim on a channel', succeeded(await alice.claim(toNano('600')), alice.channel.address));
    measure('prepay', succeeded(await net.operate(SettlementBody.prepay('cocoon:1'), toNano('5')), at));
    for (const size of [1, 10, 64, 128, 1024]) {
        await payouts(size);
    }
    measure('withdraw', succeeded(await alice.send(ChannelBody.withdraw(toNano('100'))), alice.channel.address));
    net.pass(DAY);
    measure('finish', succeeded(await alice.send(ChannelBody.finish()), alice.channel.address));
    measure('release', succeeded(await alice.release({ charged: 0n, withdrawn: toNano('150'), closes: false, expires: 4_000_000_000n }), alice.channel.address));
    succeeded(await alice.send(ChannelBody.withdraw(0n)), alice.channel.address);
    net.pass(DAY);
    measure('finish, closing the channel', succeeded(await alice.send(ChannelBody.finish()), alice.channel.address));
    measure('sweep', succeeded(await net.operate(SettlementBody.sweep()), at));
    const a = net.commitment(99n, net.tree([]));
    const b = net.commitment(99n, net.tree([]), { digest: Buffer.alloc(32, 9) });
    measure('retire', succeeded(await net.operate(SettlementBody.retire()), at));
    measure('slash', succeeded(await net.operate(SettlementBody.slash(a.statement, a.signature, b.statement, b.signature)), at));
    const registry = net.registry;
    const say = (body: ReturnType<typeof snake>) => registry.send(net.admin.getSender(), toNano('0.2'), body);
    measure('announce 4 KiB', succeeded(await say(RegistryBody.announce(snake('x'.repeat(4096)))), registry.address));
    net.pass(DAY);
    measure('apply', succeeded(await say(RegistryBody.apply()), registry.address));
    measure('revoke', succeeded(await say(RegistryBody.revoke(Buffer.alloc(32, 1))), registry.address));
}

/** An epoch of so many workers: the first one, and one in which all of them were paid before. */
async function payouts(size: number): Promise<void> {
    const net = await Network.create();
    const at = net.settlement.address;
    const alice = await net.opened('alice', toNano('500'));
    succeeded(await alice.claim(toNano('500')), alice.channel.address);
    const batch = Math.min(size, 128);
    const height = Math.ceil(Math.log2(batch));
    const name = size > batch ? `${batch} of ${size}` : String(size);
    for (const epoch of [1n, 2n]) {
        const tree = net.tree(
            Array.from({ length: size }, (_, i) => ({
                payee: Buffer.concat([Buffer.from([(i * 37) & 255, i >> 8, i & 255]), Buffer.alloc(29, 7)]),
                earned: toNano('0.05') * epoch,
            })),
        );
        const committed = succeeded(await net.commit(epoch, tree), at);
        if (size === 1 && epoch === 2n) measure('commit', committed);
        // In the last batch of a large epoch the dictionary is at its fullest.
        for (let index = size - (size % batch) - (size >= batch ? batch : 0); index >= 0; index -= 2 ** height) {
            const paid = succeeded(await net.payout(tree, index, height), at);
            if (index === 0) measure(`payout, per worker, batch of ${name}${epoch === 1n ? ', first time' : ''}`, paid, batch);
        }
    }
}

const isCharge = (name: string): boolean => name === 'claim on a channel';
const isPayout = (name: string): boolean => name.startsWith('payout');
const isBatch = (name: string): boolean => /batch of (10|64|128)\b/.test(name);

/** Of what the original's operation costs; nothing where it has none. */
function ofOriginal(name: string, row: Row): number | undefined {
    if (isCharge(name)) return row.nanoton / ORIGINAL_CHARGE;
    return isPayout(name) ? row.nanoton / ORIGINAL_PAYOUT : undefined;
}

/** The table as a page. */
function page(of: Record<string, Row>): string {
    const lines = Object.entries(of).map(([name, row]) => {
        const ratio = ofOriginal(name, row);
        return `| ${name} | ${row.gas.toLocaleString('en-US')} | ${(row.nanoton / 1e9).toFixed(6)} | ${ratio === undefined ? '' : ratio.toFixed(2)} |`;
    });
    return `# What the contracts cost

Written by \`npm run gas -- --update\`, compared by \`npm run gas\` with what is measured on the TVM: a
change of more than 2 % fails. Gas and fees are those of all transactions that a message causes, its
own forwarding included, the sender's wallet left out. A payout's are divided by the batch's workers.

The last column is the cost over that of the original's contracts: ${ORIGINAL_CHARGE / 1e9} TON a charge, of
which a claim may cost ${CHARGE_BOUND}; ${ORIGINAL_PAYOUT / 1e9} TON a payout, of which a worker's share of a batch may cost
${PAYOUT_BOUND}.

| operation | gas | TON | of the original's |
| --- | ---: | ---: | ---: |
${lines.join('\n')}
`;
}

await main();
const before: Record<string, Row> = existsSync(BASELINE) ? JSON.parse(readFileSync(BASELINE, 'utf8')) : {};
const wrong: string[] = [];
console.log(`${'operation'.padEnd(52)}${'gas'.padStart(9)}${'TON'.padStart(13)}   original's   baseline`);
for (const [name, row] of Object.entries(rows)) {
    const change = before[name] ? row.gas / before[name].gas - 1 : NaN;
    const ratio = ofOriginal(name, row);
    console.log(
        name.padEnd(52) + String(row.gas).padStart(9) + fromNano(row.nanoton).padStart(13) +
            (ratio?.toFixed(2) ?? '').padStart(13) + `${(change * 100).toFixed(1)} %`.padStart(11),
    );
    if (!(Math.abs(change) <= TOLERANCE)) wrong.push(`${name}: not within 2 % of the baseline`);
    if (isCharge(name) && ratio! > CHARGE_BOUND) wrong.push(`${name}: above ${CHARGE_BOUND} of the original's`);
    if (isBatch(name) && ratio! > PAYOUT_BOUND) wrong.push(`${name}: above ${PAYOUT_BOUND} of the original's`);
}
if (options.update) {
    writeFileSync(BASELINE, JSON.stringify(rows, null, 2) + '\n');
    writeFileSync(TABLE, page(rows));
    console.log('stored in gas.json and GAS.md');
} else {
    if (Object.keys(before).join() !== Object.keys(rows).join()) wrong.push('gas.json has other operations');
    if (!existsSync(TABLE) || readFileSync(TABLE, 'utf8') !== page(before)) wrong.push('GAS.md is not what gas.json says');
    for (const line of wrong) console.error(`gas: ${line}`);
    if (wrong.length > 0) console.error('gas: run npm run gas -- --update if this is meant');
    process.exitCode = wrong.length > 0 ? 1 : 0;
}
