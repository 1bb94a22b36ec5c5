// Golden vectors of messages, addresses and transactions, which Java has to make or read alike: with
// COCOON_WRITE_VECTORS=1 they are written anew.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
    Address,
    beginCell,
    Cell,
    comment,
    contractAddress,
    external,
    internal,
    loadTransaction,
    type MessageRelaxed,
    SendMode,
    storeMessage,
    storeMessageRelaxed,
    storeOutList,
    storeTransaction,
    toNano,
    type Transaction,
} from '@ton/core';
import { sign } from '@ton/crypto';
import { Channel, ChannelBody, Registry, RegistryBody, Settlement, SettlementBody, snake } from '../wrappers/contracts.ts';
import { EarningsTree } from '../wrappers/tree.ts';
import { FOREVER, key, Network, NETWORK, START } from './fixture.ts';

const FILE = fileURLToPath(new URL('../../vectors/messages.json', import.meta.url));
const WALLET = fileURLToPath(
    new URL('../../src/main/resources/org/cocoon/contracts/code/wallet-v5r1.boc', import.meta.url),
);
const hex = (bytes: Buffer) => bytes.toString('hex');
const filled = (value: number, size = 32) => Buffer.alloc(size, value);
const account = (value: number) => new Address(0, filled(value));

const charge = { charged: 123_456_789n, expires: FOREVER, signature: filled(0x61, 64) };
const voucher = { ceiling: 987_654_321n, expires: FOREVER, signature: filled(0x62, 64) };
const commitment = { epoch: 7n, root: filled(0x22), earned: 5_000_000_000n, digest: filled(0x33), expires: FOREVER };
const other = { ...commitment, digest: filled(0x34) };
const release = {
    charged: 123_456_789n,
    withdrawn: 1_000n,
    closes: true,
    expires: FOREVER,
    signature: filled(0x63, 64),
};

function tree(size: number) {
    return new EarningsTree(
        NETWORK,
        account(0x11),
        Array.from({ length: size }, (_, i) => ({ payee: filled(i + 1), earned: BigInt(i + 1) * 1_000_000_007n })),
    );
}

function payout(size: number, index: number, height: number): Cell {
    const { leaves, siblings } = tree(size).batch(index, height);
    return SettlementBody.payout(index, height, siblings, leaves);
}

function bodies(): Record<string, Cell> {
    return {
        deposit: ChannelBody.deposit(5_000_000_000n),
        claim: ChannelBody.claim(charge, voucher),
        withdraw: ChannelBody.withdraw(1n),
        withdrawAll: ChannelBody.withdraw(0n),
        finish: ChannelBody.finish(),
        release: ChannelBody.release(release),
        stake: SettlementBody.stake((1n << 63n) - 1n),
        commit: SettlementBody.commit(commitment, filled(0x64, 64)),
        payoutOne: payout(1, 0, 0),
        payoutBatch: payout(100, 64, 5),
        payoutLeaf: payout(100, 77, 0),
        payoutLarge: payout(128, 0, 7),
        slash: SettlementBody.slash(commitment, filled(0x64, 64), other, filled(0x65, 64)),
        retire: SettlementBody.retire(),
        unstake: SettlementBody.unstake(),
        closeChannel: SettlementBody.closeChannel(account(0x12), filled(0x13)),
        sweep: SettlementBody.sweep(),
        prepay: SettlementBody.prepay('cocoon:acct-7'),
        prepayLong: SettlementBody.prepay('ü'.repeat(200)),
        collect: SettlementBody.collect(77n),
        register: SettlementBody.register(account(0x12), filled(0x13)),
        unregister: SettlementBody.unregister(account(0x12), filled(0x13)),
        announce: RegistryBody.announce(snake(document(20_000))),
        announceShort: RegistryBody.announce(snake('{}')),
        apply: RegistryBody.apply(),
        cancel: RegistryBody.cancel(),
        revoke: RegistryBody.revoke(filled(0x14)),
        transfer: RegistryBody.transfer(account(0x15)),
        accept: RegistryBody.accept(),
        treasury: RegistryBody.treasury(1_000_000_000n),
        fine: RegistryBody.fine(1n),
    };
}

function document(size: number): string {
    return Array.from({ length: size }, (_, i) => String.fromCharCode(97 + (i % 26))).join('');
}

/** Instead of compiled code, so that these stay what they are when contracts change. */
const CODE = beginCell().storeUint(0x1234, 16).storeRef(beginCell().endCell()).endCell();

function contracts() {
    const settlement = Settlement.create(CODE, {
        registry: account(0x21),
        owner: account(0x22),
        routerKey: key(1).publicKey,
        delay: 86_400,
        minStake: toNano('100'),
        channelCode: CODE,
    });
    const registry = Registry.create(CODE, account(0x23), 3_600, snake('{"version": 1}'));
    const channel = Channel.create(CODE, {
        settlement: account(0x25),
        owner: account(0x24),
        voucherKey: key(2).publicKey,
        routerKey: key(1).publicKey,
        delay: 86_400,
    });
    return Object.fromEntries(
        Object.entries({ settlement, registry, channel }).map(([name, { address, init }]) => [
            name,
            { address: address.toRawString(), data: hex(init!.data.hash()) },
        ]),
    );
}

/** Version 5, revision 1, of wallets: as @ton/ton's WalletContractV5R1 makes it. */
function wallet(network: number, fill: number) {
    const code = Cell.fromBoc(readFileSync(WALLET))[0];
    assert.equal(hex(code.hash()), '20834b7b72b112147e1b2fb457b84e74d1a30f04f737d4f62a668e9552d2b72f');
    const context = beginCell().storeBit(1).storeInt(0, 8).storeUint(0, 8).storeUint(0, 15).endCell();
    const walletId = network ^ context.beginParse().loadInt(32);
    const data = beginCell()
        .storeBit(1)
        .storeUint(0, 32)
        .storeInt(walletId, 32)
        .storeBuffer(key(fill).publicKey, 32)
        .storeBit(0)
        .endCell();
    const init = { code, data };
    return { init, walletId, address: contractAddress(0, init), keys: key(fill) };
}

function transfer(of: ReturnType<typeof wallet>, seqno: number, validUntil: number, messages: MessageRelaxed[]) {
    const mode = SendMode.PAY_GAS_SEPARATELY + SendMode.IGNORE_ERRORS;
    const actions = beginCell()
        .store(storeOutList(messages.map((outMsg) => ({ type: 'sendMsg' as const, mode, outMsg }))))
        .endCell();
    const request = beginCell()
        .storeUint(0x7369676e, 32)
        .storeInt(of.walletId, 32)
        .storeUint(validUntil, 32)
        .storeUint(seqno, 32)
        .storeMaybeRef(actions)
        .storeBit(0);
    const signature = sign(request.endCell().hash(), of.keys.secretKey);
    const body = beginCell().storeBuilder(request).storeBuffer(signature).endCell();
    const message = external({ to: of.address, init: seqno === 0 ? of.init : undefined, body });
    const cell = beginCell().store(storeMessage(message)).endCell();
    return { cell, body };
}

function wallets() {
    const registry = Registry.create(CODE, account(0x23), 3_600, snake('{"version": 1}'));
    const messages = [
        internal({ to: account(0x31), value: 1_234_567n, bounce: true, body: ChannelBody.finish() }),
        internal({ to: account(0x32), value: toNano('3'), bounce: false }),
        internal({ to: registry.address, value: toNano('1'), bounce: true, init: registry.init, body: beginCell().endCell() }),
        internal({ to: account(0x33), value: 0n, bounce: true, body: payout(100, 64, 5) }),
        internal({ to: account(0x33), value: 5n, bounce: true, body: comment('cocoon:acct-7') }),
    ];
    return [-239, -3, NETWORK].map((network) => {
        const of = wallet(network, 9);
        const made = (seqno: number, these: MessageRelaxed[]) => {
            const { cell, body } = transfer(of, seqno, 1_900_000_000, these);
            return { seqno, messages: these.length, hash: hex(cell.hash()), body: hex(body.hash()) };
        };
        return {
            network,
            address: of.address.toRawString(),
            transfers: [made(0, messages.slice(0, 1)), made(1, messages.slice(0, 1)), made(77, messages)],
        };
    });
}

function relaxed() {
    const cell = beginCell()
        .store(storeMessageRelaxed(internal({ to: account(0x31), value: 1n, bounce: true, body: ChannelBody.finish() })))
        .endCell();
    return { hash: hex(cell.hash()), boc: hex(cell.toBoc()) };
}

function described(tx: Transaction) {
    assert.equal(tx.description.type, 'generic');
    const description = tx.description as Extract<Transaction['description'], { type: 'generic' }>;
    const cell = beginCell().store(storeTransaction(tx)).endCell();
    assert.deepEqual(cell.hash(), tx.hash());
    const compute = description.computePhase;
    return {
        boc: cell.toBoc().toString('base64'),
        hash: hex(tx.hash()),
        account: tx.address.toString(16).padStart(64, '0'),
        lt: tx.lt.toString(),
        prevLt: tx.prevTransactionLt.toString(),
        now: tx.now,
        totalFees: tx.totalFees.coins.toString(),
        storageFees: (description.storagePhase?.storageFeesCollected ?? 0n).toString(),
        gasUsed: compute.type === 'vm' ? compute.gasUsed.toString() : '0',
        outcome:
            compute.type === 'skipped'
                ? `skipped ${compute.reason}`
                : compute.success
                  ? description.actionPhase && !description.actionPhase.success
                      ? `actions ${description.actionPhase.resultCode}`
                      : `succeeded ${description.actionPhase?.skippedActions ?? 0}`
                  : `refused ${compute.exitCode}`,
        in: tx.inMessage ? messageOf(tx.inMessage) : null,
        out: tx.outMessages.values().map(messageOf),
    };
}

function messageOf(message: NonNullable<Transaction['inMessage']>) {
    const cell = beginCell().store(storeMessage(message)).endCell();
    const internalInfo = message.info.type === 'internal' ? message.info : null;
    return {
        hash: hex(cell.hash()),
        kind: message.info.type,
        source: internalInfo ? internalInfo.src.toRawString() : '',
        destination: message.info.dest instanceof Address ? message.info.dest.toRawString() : '',
        value: (internalInfo?.value.coins ?? 0n).toString(),
        bounce: internalInfo?.bounce ?? false,
        bounced: internalInfo?.bounced ?? false,
        body: hex(message.body.hash()),
    };
}

/** A life on the real TVM: a wallet's transfers, a deposit, a claim, refusals, a bounce, a payout. */
async function transactions() {
    const net = await Network.create();
    const all: Transaction[] = [];
    const client = await net.client('client');
    all.push(...(await client.deposit(toNano('5'))).transactions);
    all.push(...(await client.claim(toNano('1'))).transactions);
    all.push(...(await client.claim(toNano('1'))).transactions);
    all.push(...(await client.send(ChannelBody.withdraw(0n), toNano('0.0001'))).transactions);
    const leaves = [1, 2, 3].map((i) => ({ payee: filled(i), earned: BigInt(i) * 100_000_000n }));
    const earnings = net.tree(leaves);
    all.push(...(await net.commit(1n, earnings)).transactions);
    all.push(...(await net.payout(earnings, 0, 2)).transactions);
    const of = wallet(NETWORK, 9);
    await net.operator.send({ to: of.address, value: toNano('1'), bounce: false });
    for (const [seqno, value] of [
        [0, toNano('0.1')],
        [1, toNano('100')],
    ] as const) {
        const message = internal({ to: account(0x31), value, bounce: true, body: ChannelBody.finish() });
        const { cell } = transfer(of, seqno, START + 60, [message]);
        all.push(...(await net.blockchain.sendMessage(cell)).transactions);
    }
    return all.map(described);
}

/** Those on file are read anew: they stay what they are when contracts change. */
async function recorded() {
    if (process.env.COCOON_WRITE_VECTORS === '1') return transactions();
    const { transactions: onFile } = JSON.parse(readFileSync(FILE, 'utf8')) as { transactions: { boc: string }[] };
    return onFile.map(({ boc }) => described(loadTransaction(Cell.fromBase64(boc).beginParse())));
}

async function vectors() {
    return {
        bodies: Object.fromEntries(Object.entries(bodies()).map(([name, body]) => [name, hex(body.hash())])),
        boc: Object.fromEntries(
            ['claim', 'payoutBatch'].map((name) => [name, hex(bodies()[name].toBoc())]),
        ),
        contracts: contracts(),
        wallets: wallets(),
        relaxed: relaxed(),
        transactions: await recorded(),
    };
}

test('the golden vectors of messages are what these wrappers make', async () => {
    const made = JSON.stringify(await vectors(), null, 1) + '\n';
    if (process.env.COCOON_WRITE_VECTORS === '1') writeFileSync(FILE, made);
    assert.equal(made, readFileSync(FILE, 'utf8'));
});
