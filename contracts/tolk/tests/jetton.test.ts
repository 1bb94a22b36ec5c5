// Channel and settlement that hold a jetton, from the sources that Toncoin's are made of.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type Address, beginCell, Cell, contractAddress, toNano } from '@ton/core';
import { Blockchain, internal, type SandboxContract, type SendMessageResult, type TreasuryContract } from '@ton/sandbox';
import { runTolkCompiler } from '@ton/tolk-js';
import { built } from '../scripts/compile.ts';
import { Channel, ChannelBody, Settlement, SettlementBody, snake } from '../wrappers/contracts.ts';
import { chargeHash, commitmentHash, releaseHash, signHash, voucherHash } from '../wrappers/statements.ts';
import { EarningsTree, type Leaf } from '../wrappers/tree.ts';
import { configOf, DAY, exitCode, FOREVER, key, MIN_STAKE, NETWORK, refused, START, succeeded, test } from './fixture.ts';

const BIND = beginCell().storeUint(0xc0c00501, 32).storeUint(0, 64).endCell();

let sources: Promise<[Cell, Cell]> | undefined;

/** Code of the tests' own minter and wallet. */
function jettonCode(): Promise<[Cell, Cell]> {
    const compile = async (name: string) => {
        const result = await runTolkCompiler({
            entrypointFileName: `${name}.tolk`,
            fsReadCallback: (path) => readFileSync(new URL(`./jetton/${path}`, import.meta.url), 'utf8'),
        });
        return result.status === 'ok' ? Cell.fromBase64(result.codeBoc64) : assert.fail(result.message);
    };
    return (sources ??= Promise.all([compile('minter'), compile('wallet')]));
}

/** A jetton, an operator with a settlement of it, and one client with a channel. */
class JettonNetwork {
    private constructor(
        readonly blockchain: Blockchain,
        readonly operator: SandboxContract<TreasuryContract>,
        readonly alice: SandboxContract<TreasuryContract>,
        readonly minter: { address: Address; init: { code: Cell; data: Cell } },
        readonly settlement: SandboxContract<Settlement>,
        readonly channel: SandboxContract<Channel>,
    ) {}

    static async create(): Promise<JettonNetwork> {
        const blockchain = await Blockchain.create();
        blockchain.setConfig(configOf(blockchain, NETWORK));
        blockchain.now = START;
        const operator = await blockchain.treasury('operator');
        const alice = await blockchain.treasury('alice');
        const [minterCode, walletCode] = await jettonCode();
        const init = { code: minterCode, data: beginCell().storeUint(1, 8).storeRef(walletCode).endCell() };
        const minter = { address: contractAddress(0, init), init };
        const code = built();
        const settlement = blockchain.openContract(
            Settlement.create(code['jetton-settlement'], {
                registry: operator.address,
                owner: operator.address,
                routerKey: key(1).publicKey,
                delay: DAY,
                minStake: MIN_STAKE,
                channelCode: code['jetton-channel'],
                minter: minter.address,
            }),
        );
        const channel = blockchain.openContract(
            Channel.create(code['jetton-channel'], {
                settlement: settlement.address,
                owner: alice.address,
                voucherKey: key(2).publicKey,
                routerKey: key(1).publicKey,
                delay: DAY,
                minter: minter.address,
            }),
        );
        const net = new JettonNetwork(blockchain, operator, alice, minter, settlement, channel);
        await net.mint(alice.address, 1000n);
        succeeded(await settlement.send(operator.getSender(), MIN_STAKE + toNano('2'), SettlementBody.stake(MIN_STAKE)), settlement.address);
        for (const contract of [settlement, channel]) {
            succeeded(await contract.send(operator.getSender(), toNano('1'), BIND), contract.address);
        }
        return net;
    }

    send(from: Address, to: Address, value: bigint, body: Cell): Promise<SendMessageResult> {
        return this.blockchain.sendMessage(internal({ from, to, value, body, bounce: true }));
    }

    async mint(to: Address, amount: bigint): Promise<void> {
        const body = beginCell().storeUint(0x15, 32).storeAddress(to).storeCoins(amount).endCell();
        await this.blockchain.sendMessage(
            internal({ from: this.operator.address, to: this.minter.address, value: toNano('1'), body, stateInit: this.minter.init }),
        );
    }

    async lock(owner: Address, locked: boolean): Promise<void> {
        const body = beginCell().storeUint(0x16, 32).storeAddress(owner).storeBit(locked).endCell();
        await this.send(this.operator.address, this.minter.address, toNano('0.1'), body);
    }

    async walletOf(owner: Address, minter = this.minter.address): Promise<Address> {
        const found = await this.blockchain.runGetMethod(minter, 'get_wallet_address', [
            { type: 'slice', cell: beginCell().storeAddress(owner).endCell() },
        ]);
        return found.stackReader.readAddress();
    }

    async jettons(owner: Address): Promise<bigint> {
        const wallet = await this.walletOf(owner);
        if ((await this.blockchain.getContract(wallet)).accountState?.type !== 'active') return 0n;
        return (await this.blockchain.runGetMethod(wallet, 'get_wallet_data')).stackReader.readBigNumber();
    }

    /** A client sends jettons with a note. */
    async pay(to: Address, amount: bigint, note: Cell, forward = toNano('0.5')): Promise<SendMessageResult> {
        const body = beginCell()
            .storeUint(0x0f8a7ea5, 32)
            .storeUint(7, 64)
            .storeCoins(amount)
            .storeAddress(to)
            .storeAddress(this.alice.address)
            .storeBit(0)
            .storeCoins(forward)
            .storeBit(1)
            .storeRef(note)
            .endCell();
        return this.send(this.alice.address, await this.walletOf(this.alice.address), forward + toNano('0.2'), body);
    }

    deposit(amount: bigint): Promise<SendMessageResult> {
        return this.pay(this.channel.address, amount, ChannelBody.deposit(amount));
    }

    claim(charged: bigint): Promise<SendMessageResult> {
        const at = this.channel.address;
        const signed = { charged, ceiling: charged, expires: FOREVER };
        const charge = { ...signed, signature: signHash(chargeHash(NETWORK, at, signed), key(1).secretKey) };
        const voucher = { ...signed, signature: signHash(voucherHash(NETWORK, at, signed), key(2).secretKey) };
        return this.send(this.operator.address, at, toNano('1'), ChannelBody.claim(charge, voucher));
    }

    tree(leaves: Leaf[]): EarningsTree {
        return new EarningsTree(NETWORK, this.settlement.address, leaves);
    }

    commit(epoch: bigint, tree: EarningsTree): Promise<SendMessageResult> {
        const statement = { epoch, root: tree.root.hash, earned: tree.root.sum, digest: Buffer.alloc(32, 5), expires: FOREVER };
        const signature = signHash(commitmentHash(NETWORK, this.settlement.address, statement), key(1).secretKey);
        return this.operate(SettlementBody.commit(statement, signature));
    }

    operate(body: Cell, value = toNano('1')): Promise<SendMessageResult> {
        return this.send(this.operator.address, this.settlement.address, value, body);
    }

    payout(tree: EarningsTree, index: number, height: number): Promise<SendMessageResult> {
        const { leaves, siblings } = tree.batch(index, height);
        return this.operate(SettlementBody.payout(index, height, siblings, leaves));
    }

    /** Jettons are where the books say, and Toncoin covers stake and storage. */
    async check(): Promise<void> {
        const [c, s] = [await this.channel.getData(), await this.settlement.getData()];
        assert.equal(await this.jettons(this.channel.address), c.deposited - c.claimed - c.withdrawn);
        assert.equal(await this.jettons(this.settlement.address), s.collected - s.paid);
        assert.ok((await this.blockchain.getContract(this.settlement.address)).balance >= s.stake);
    }
}

test('jettons: a whole life, and each one is where the books say', async () => {
    const net = await JettonNetwork.create();
    const at = net.channel.address;
    succeeded(await net.deposit(600n), await net.walletOf(net.alice.address));
    assert.deepEqual([(await net.channel.getData()).status, (await net.channel.getData()).deposited], [1, 600n]);
    assert.equal((await net.settlement.getData()).openChannels, 1);
    succeeded(await net.claim(250n), at);
    assert.equal((await net.settlement.getData()).collected, 250n);
    await net.pay(net.settlement.address, 50n, SettlementBody.prepay('cocoon:1'));
    assert.equal((await net.settlement.getData()).collected, 300n);
    await net.check();
    const workers = await Promise.all(['one', 'two', 'three'].map((name) => net.blockchain.treasury(name)));
    const leaves = workers.map((worker, i) => ({ payee: worker.address.hash, earned: BigInt(i + 1) * 40n }));
    const tree = net.tree(leaves);
    succeeded(await net.commit(1n, tree), net.settlement.address);
    succeeded(await net.payout(tree, 0, 2), net.settlement.address);
    for (const { payee, earned } of leaves) {
        const worker = workers.find((w) => w.address.hash.equals(payee))!;
        assert.equal(await net.jettons(worker.address), earned);
    }
    await net.check();
    succeeded(await net.send(net.alice.address, at, toNano('1'), ChannelBody.withdraw(100n)), at);
    net.blockchain.now = START + DAY;
    succeeded(await net.send(net.alice.address, at, toNano('1'), ChannelBody.finish()), at);
    assert.equal(await net.jettons(net.alice.address), 1000n - 600n - 50n + 100n);
    const terms = { charged: 250n, withdrawn: 0n, closes: true, expires: FOREVER };
    const signature = signHash(releaseHash(NETWORK, at, terms), key(1).secretKey);
    succeeded(await net.send(net.alice.address, at, toNano('1'), ChannelBody.release({ ...terms, signature })), at);
    assert.equal(await net.jettons(net.alice.address), 700n);
    assert.deepEqual([(await net.channel.getData()).status, (await net.settlement.getData()).openChannels], [2, 1]);
    await net.check();
    // The stake is Toncoin, and leaves as it does there.
    succeeded(await net.operate(SettlementBody.retire()), net.settlement.address);
    net.blockchain.now += DAY;
    succeeded(await net.send(net.alice.address, at, toNano('1'), ChannelBody.finish()), at);
    assert.deepEqual([(await net.channel.getData()).status, (await net.settlement.getData()).openChannels], [3, 0]);
    succeeded(await net.operate(SettlementBody.unstake()), net.settlement.address);
    assert.equal((await net.settlement.getData()).stake, 0n);
    await net.check();
});

test('jettons: a notification counts only from the wallet that the minter named', async () => {
    const net = await JettonNetwork.create();
    const at = net.channel.address;
    const notice = (note: Cell) =>
        beginCell().storeUint(0x7362d09c, 32).storeUint(0, 64).storeCoins(500n).storeAddress(net.alice.address).storeBit(1).storeRef(note).endCell();
    // The wallet of another jetton of the same kind, and anybody at all.
    const other = { code: net.minter.init.code, data: beginCell().storeUint(2, 8).storeSlice(net.minter.init.data.beginParse().skip(8)).endCell() };
    const false1 = contractAddress(0, other);
    const body = beginCell().storeUint(0x15, 32).storeAddress(at).storeCoins(9n).endCell();
    await net.blockchain.sendMessage(internal({ from: net.alice.address, to: false1, value: toNano('1'), body, stateInit: other }));
    const false2 = await net.walletOf(at, false1);
    for (const from of [false2, false1, net.alice.address, await net.walletOf(net.alice.address), net.minter.address]) {
        refused(1005, await net.send(from, at, toNano('2'), notice(ChannelBody.deposit(500n))), at);
        refused(1005, await net.send(from, net.settlement.address, toNano('2'), notice(SettlementBody.collect(500n))), net.settlement.address);
    }
    assert.equal((await net.channel.getData()).deposited, 0n);
    assert.equal((await net.settlement.getData()).collected, 0n);
    // Nobody but the minter names the wallet, and not twice.
    const take = beginCell().storeUint(0xd1735400, 32).storeUint(0, 64).storeAddress(false2).storeBit(0).endCell();
    for (const to of [at, net.settlement.address]) {
        refused(1006, await net.send(false1, to, toNano('1'), take), to);
        refused(1012, await net.send(net.minter.address, to, toNano('1'), take), to);
        assert.equal(
            String((await net.blockchain.runGetMethod(to, 'get_jetton_wallet')).stackReader.readAddress()),
            String(await net.walletOf(to)),
        );
        // Toncoin messages that would credit something are unknown here.
        refused(0xffff, await net.send(net.alice.address, to, toNano('9'), ChannelBody.deposit(1n)), to);
        refused(0xffff, await net.send(net.alice.address, to, toNano('9'), SettlementBody.collect(1n)), to);
        refused(0xffff, await net.send(net.alice.address, to, toNano('9'), SettlementBody.prepay('cocoon:1')), to);
    }
});

test('jettons: what the books refuse goes back to who sent it', async () => {
    const net = await JettonNetwork.create();
    const at = net.channel.address;
    for (const [to, note] of [
        [at, ChannelBody.deposit(99n)], // says another amount than it brings
        [at, snake('hello')],
        [at, beginCell().endCell()],
        [at, beginCell().storeUint(0xc0c00502, 32).storeUint(0, 64).endCell()], // only the settlement sends back
        [net.settlement.address, SettlementBody.collect(99n)],
        [net.settlement.address, beginCell().storeUint(1, 32).endCell()],
    ] as const) {
        await net.pay(to, 100n, note);
        assert.equal(await net.jettons(net.alice.address), 1000n);
        await net.check();
    }
    // A slashed router collects nothing: the claim comes back, and is not claimed.
    await net.deposit(600n);
    succeeded(await net.claim(100n), at);
    const [a, b] = [1, 2].map((fill) => {
        const statement = { epoch: 1n, root: Buffer.alloc(32), earned: 0n, digest: Buffer.alloc(32, fill), expires: FOREVER };
        return { statement, signature: signHash(commitmentHash(NETWORK, net.settlement.address, statement), key(1).secretKey) };
    });
    succeeded(await net.operate(SettlementBody.slash(a.statement, a.signature, b.statement, b.signature)), net.settlement.address);
    succeeded(await net.claim(300n), at);
    assert.deepEqual([(await net.channel.getData()).claimed, (await net.settlement.getData()).collected], [100n, 100n]);
    await net.pay(net.settlement.address, 50n, SettlementBody.prepay('cocoon:1'));
    assert.equal(await net.jettons(net.alice.address), 400n);
    await net.check();
    // It takes no new channels: all of the next deposit goes back, and nothing of it is lost.
    succeeded(await net.send(net.alice.address, at, toNano('1'), ChannelBody.withdraw(0n)), at);
    net.blockchain.now = START + DAY;
    succeeded(await net.send(net.alice.address, at, toNano('1'), ChannelBody.finish()), at);
    assert.equal(await net.jettons(net.alice.address), 900n);
    await net.deposit(70n);
    assert.equal((await net.channel.getData()).status, 3);
    assert.equal(await net.jettons(net.alice.address), 900n);
    await net.check();
});

test('jettons: a transfer that the wallet does not make restores the books', async () => {
    const net = await JettonNetwork.create();
    const at = net.channel.address;
    await net.deposit(600n);
    succeeded(await net.claim(200n), at);
    const worker = await net.blockchain.treasury('worker');
    const tree = net.tree([{ payee: net.operator.address.hash, earned: 50n }, { payee: worker.address.hash, earned: 70n }]);
    succeeded(await net.commit(1n, tree), net.settlement.address);
    // The minter locks both wallets, as that of USDT can.
    for (const owner of [at, net.settlement.address]) await net.lock(owner, true);
    succeeded(await net.claim(300n), at);
    assert.equal((await net.channel.getData()).claimed, 200n);
    succeeded(await net.send(net.alice.address, at, toNano('1'), ChannelBody.withdraw(100n)), at);
    net.blockchain.now = START + DAY;
    succeeded(await net.send(net.alice.address, at, toNano('1'), ChannelBody.finish()), at);
    assert.equal((await net.channel.getData()).withdrawn, 0n);
    succeeded(await net.payout(tree, 0, 1), net.settlement.address);
    assert.equal((await net.settlement.getData()).paid, 0n);
    for (const index of [0, 1]) assert.equal((await net.settlement.getPaid(index)).paid, 0n);
    await net.check();
    // Unlocked, everything can be had.
    for (const owner of [at, net.settlement.address]) await net.lock(owner, false);
    succeeded(await net.payout(tree, 0, 1), net.settlement.address);
    assert.equal(await net.jettons(worker.address), 70n);
    assert.equal((await net.settlement.getPaid(1)).paid, 70n);
    succeeded(await net.claim(300n), at);
    await net.check();
});

test('jettons: too little Toncoin beside them is refused, or sends them back', async () => {
    const net = await JettonNetwork.create();
    const at = net.channel.address;
    await net.pay(at, 100n, ChannelBody.deposit(100n), toNano('0.05'));
    assert.equal((await net.channel.getData()).deposited, 0n);
    assert.equal(await net.jettons(net.alice.address), 1000n);
    await net.deposit(100n);
    const low = toNano('0.03');
    assert.equal(exitCode(await net.send(net.alice.address, at, low, ChannelBody.finish()), at), 1010);
    const tree = net.tree([]);
    assert.equal(exitCode(await net.operate(SettlementBody.payout(0, 0, [], tree.batch(0, 0).leaves), low), net.settlement.address), 1010);
    await net.check();
});
