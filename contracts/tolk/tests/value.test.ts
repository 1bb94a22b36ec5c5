// The least value of every operation, to the nanoTON, and what each leaves in the contract.
import assert from 'node:assert/strict';
import { type Address, beginCell, toNano } from '@ton/core';
import type { SendMessageResult } from '@ton/sandbox';
import { ChannelBody, RegistryBody, SettlementBody, snake } from '../wrappers/contracts.ts';
import {
    REGISTRY_RESERVE,
    CHANNEL_RESERVE, DAY, exitCode, gas, MAX, MESSAGE, Network, refused, sent, SETTLEMENT_RESERVE, succeeded, test,
} from './fixture.ts';

const YEAR = 31_557_600;

/** One nanoTON less is refused and changes nothing; the least value does. Answers with the change. */
async function least(net: Network, at: Address, value: bigint, send: (value: bigint) => Promise<SendMessageResult>, code = 1010) {
    assert.equal(await net.change(at, async () => refused(code, await send(value - 1n), at)), 0n);
    return net.change(at, async () => succeeded(await send(value), at));
}

test('what each operation of a channel has to bring, and what it leaves there', async () => {
    const net = await Network.create();
    const alice = await net.client('alice');
    const at = alice.channel.address;
    const registration = gas(14_000n) + 2n * MESSAGE;
    const opening = gas(9_000n) + 2n * MESSAGE + registration;
    const payout = gas(23_000n) + 3n * MESSAGE;
    const by = (body: ReturnType<typeof snake>) => (value: bigint) => net.deliver(alice.wallet.address, alice.channel, value, body);
    let registered: SendMessageResult;
    refused(1010, await by(ChannelBody.deposit(toNano('10')))(toNano('10') + CHANNEL_RESERVE + opening - 1n), at);
    const opened = await net.change(at, async () => {
        registered = await by(ChannelBody.deposit(toNano('10')))(toNano('10') + CHANNEL_RESERVE + opening);
        return succeeded(registered, at);
    });
    assert.equal(opened, toNano('10') + CHANNEL_RESERVE);
    assert.deepEqual(sent(registered!, at, net.settlement.address), [registration]);
    assert.equal(await least(net, at, toNano('1') + gas(9_000n) + MESSAGE, by(ChannelBody.deposit(toNano('1')))), toNano('1'));
    assert.equal(await least(net, at, gas(25_000n) + 2n * MESSAGE, (value) => alice.claim(toNano('3'), toNano('3'), value)), -toNano('3'));
    assert.equal(await least(net, at, gas(9_000n) + MESSAGE, by(ChannelBody.withdraw(toNano('2')))), 0n);
    net.pass(DAY);
    assert.equal(await least(net, at, payout, by(ChannelBody.finish())), -toNano('2'));
    const release = (withdrawn: bigint, closes: boolean) => by(alice.released({ charged: toNano('3'), withdrawn, closes, expires: 4_000_000_000n }));
    assert.equal(await least(net, at, payout, release(toNano('3'), false)), -toNano('1'));
    assert.equal(await least(net, at, payout, release(0n, true)), -toNano('5'));
    net.pass(DAY);
    const finished = succeeded(await alice.send(ChannelBody.finish()), at);
    assert.deepEqual(sent(finished, at, net.settlement.address), [gas(8_000n)]); // whole: fees come on top
    assert.equal((await alice.data()).status, 3);
    succeeded(await alice.deposit(toNano('4')), at);
    succeeded(await alice.send(ChannelBody.withdraw(0n)), at);
    net.pass(DAY);
    assert.equal(await least(net, at, payout, by(ChannelBody.finish())), -toNano('4'));
    assert.equal((await net.settlement.getData()).openChannels, 0);
});

test('a deposit makes up for storage, and leaves alone what else is there', async () => {
    const net = await Network.create();
    const alice = await net.opened('alice', toNano('10'));
    const at = alice.channel.address;
    const fee = gas(9_000n) + MESSAGE;
    net.pass(2 * YEAR);
    const topUp = (value: bigint) => net.deliver(alice.wallet.address, alice.channel, value, beginCell().endCell());
    succeeded(await topUp(toNano('0.001')), at);
    const missing = toNano('10') + CHANNEL_RESERVE - (await net.balance(at));
    assert.ok(missing > 0n);
    const deposit = (value: bigint) => net.deliver(alice.wallet.address, alice.channel, value, ChannelBody.deposit(toNano('1')));
    assert.equal(await least(net, at, toNano('1') + missing + fee, deposit), toNano('1') + missing);
    succeeded(await alice.claim(toNano('2')), at);
    succeeded(await topUp(toNano('0.5')), at);
    assert.equal(await least(net, at, toNano('1') + fee, deposit), toNano('1'));
    assert.equal((await alice.data()).deposited, toNano('12'));
});

test('what each operation of a settlement has to bring, and what it leaves there', async () => {
    const net = await Network.create({ stake: 0n });
    const at = net.settlement.address;
    const fee = gas(14_000n) + MESSAGE;
    const by = (body: ReturnType<typeof snake>, from = net.operator.address) => (value: bigint) => net.deliver(from, net.settlement, value, body);
    const staked = await by(SettlementBody.stake(toNano('100')))(toNano('100') + SETTLEMENT_RESERVE + fee - 1n);
    refused(1010, staked, at);
    await by(SettlementBody.stake(toNano('100')))(toNano('100') + SETTLEMENT_RESERVE + fee);
    assert.equal(await net.balance(at), toNano('100') + SETTLEMENT_RESERVE);
    assert.equal(await least(net, at, toNano('1') + fee, by(SettlementBody.stake(toNano('1')))), toNano('1'));
    const alice = await net.opened('alice', toNano('10'));
    const stranger = alice.wallet.address;
    refused(1010, await by(SettlementBody.collect(toNano('3')), stranger)(toNano('3') + gas(7_000n) - 1n), at);
    succeeded(await by(SettlementBody.collect(toNano('3')), stranger)(toNano('3') + gas(7_000n)), at);
    refused(1010, await by(SettlementBody.prepay('cocoon:1'))(gas(14_000n)), at);
    succeeded(await by(SettlementBody.prepay('cocoon:1'))(gas(14_000n) + 1n), at);
    assert.equal((await net.settlement.getData()).collected, toNano('3') + 1n);
    const tree = net.tree([1, 2, 3, 4, 5].map((fill) => ({ payee: Buffer.alloc(32, fill), earned: toNano('0.5') })));
    const { statement, signature } = net.commitment(1n, tree);
    assert.equal(await least(net, at, fee, by(SettlementBody.commit(statement, signature), stranger)), 0n);
    for (const [height, paid] of [[0, '0.5'], [2, '1.5']] as const) {
        const value = fee + BigInt(2 ** height) * (gas(12_000n) + MESSAGE);
        assert.equal(await least(net, at, value, (v) => net.payout(tree, 0, height, v)), -toNano(paid));
    }
    // A sweep takes what is above stake, what is owed and the reserve: to the nanoTON.
    const sweep = by(SettlementBody.sweep());
    refused(1010, await sweep(fee - 1n), at);
    succeeded(await sweep(toNano('1')), at);
    const owed = toNano('101') + toNano('3') + 1n - toNano('2');
    assert.equal(await net.balance(at), owed + SETTLEMENT_RESERVE);
    assert.equal(await least(net, at, fee + 1n, sweep, 1023), 0n);
    // A stake makes up for storage, and leaves alone what else is there.
    net.pass(YEAR);
    const topUp = by(beginCell().endCell());
    succeeded(await topUp(toNano('0.001')), at);
    const missing = owed + SETTLEMENT_RESERVE - (await net.balance(at));
    const more = by(SettlementBody.stake(1n));
    assert.equal(await least(net, at, missing + 1n + fee, more), missing + 1n);
    succeeded(await topUp(toNano('0.5')), at);
    assert.equal(await least(net, at, 1n + fee, more), 1n);
    const close = SettlementBody.closeChannel(stranger, alice.keys.publicKey);
    assert.equal(await least(net, at, fee, by(close)), 0n);
    net.pass(DAY);
    succeeded(await alice.send(ChannelBody.finish()), alice.channel.address);
    assert.equal(await least(net, at, fee, by(SettlementBody.retire())), 0n);
    assert.equal(await least(net, at, fee, by(SettlementBody.unstake())), -toNano('101') - 2n);
    // What remains is the workers' alone; the owner gets no more than the rest.
    await sweep(toNano('1'));
    assert.equal(await net.balance(at), toNano('1') + 1n + SETTLEMENT_RESERVE);
});

test('what a proof of two stories has to bring, and what it leaves there', async () => {
    const net = await Network.create();
    const at = net.settlement.address;
    const [a, b] = [1, 2].map((fill) => net.commitment(5n, net.tree([]), { digest: Buffer.alloc(32, fill) }));
    const slash = SettlementBody.slash(a.statement, a.signature, b.statement, b.signature);
    const value = gas(16_000n) + 2n * MESSAGE + gas(12_000n);
    succeeded(await net.operate(SettlementBody.retire()), at); // it does not help the router to leave
    assert.equal(await least(net, at, value, (v) => net.deliver(net.admin.address, net.settlement, v, slash)), -toNano('100'));
    assert.equal((await net.registry.getData()).treasury, toNano('90') - gas(12_000n));
});

test('what each operation of the registry has to bring', async () => {
    const net = await Network.create({ stake: 0n });
    const at = net.registry.address;
    const fee = gas(12_000n) + MESSAGE;
    const by = (body: ReturnType<typeof snake>, from = net.admin.address) => (value: bigint) => net.deliver(from, net.registry, value, body);
    const stranger = net.operator.address;
    refused(1011, await by(RegistryBody.fine(0n), stranger)(gas(12_000n)), at);
    succeeded(await by(RegistryBody.fine(0n), stranger)(gas(12_000n) + 1n), at);
    assert.equal((await net.registry.getData()).treasury, 1n);
    succeeded(await by(RegistryBody.fine(0n), stranger)(gas(12_000n) + toNano('1')), at);
    for (const body of [RegistryBody.announce(snake('{}')), RegistryBody.cancel(), RegistryBody.revoke(Buffer.alloc(32, 1))]) {
        assert.equal(await least(net, at, fee, by(body)), 0n);
    }
    succeeded(await by(RegistryBody.announce(snake('{}')))(fee), at);
    net.pass(DAY);
    assert.equal(await least(net, at, fee, by(RegistryBody.apply(), stranger)), 0n);
    assert.deepEqual([(await net.registry.getData()).version, (await net.registry.getData()).activatesAt], [1, 0]);
    assert.equal(await least(net, at, fee, by(RegistryBody.transfer(stranger))), 0n);
    assert.equal(await least(net, at, fee, by(RegistryBody.accept(), stranger)), 0n);
    // All of the treasury, and not one more.
    refused(1011, await by(RegistryBody.treasury(toNano('1') + 2n), stranger)(fee), at);
    assert.equal(await least(net, at, fee, by(RegistryBody.treasury(toNano('1') + 1n), stranger)), -toNano('1') - 1n);
    assert.equal((await net.registry.getData()).treasury, 0n);
});

test('a fine fills what the registry keeps for storage, then the treasury', async () => {
    const net = await Network.create({ stake: 0n });
    const at = net.registry.address;
    net.pass(30 * YEAR);
    const fine = (value: bigint) => net.deliver(net.operator.address, net.registry, value, RegistryBody.fine(0n));
    succeeded(await net.registry.send(net.admin.getSender(), toNano('0.1'), RegistryBody.announce(snake('x'.repeat(9_000)))), at);
    net.pass(20 * YEAR);
    succeeded(await fine(toNano('0.1')), at); // storage took more than that
    const missing = REGISTRY_RESERVE - (await net.balance(at));
    assert.ok(missing > 0n);
    succeeded(await fine(missing + gas(12_000n)), at);
    assert.equal((await net.registry.getData()).treasury, 0n);
    succeeded(await fine(gas(12_000n) + 5n), at);
    assert.equal((await net.registry.getData()).treasury, 5n);
    assert.ok((await net.balance(at)) >= REGISTRY_RESERVE + 5n);
    // Years later it is filled again, beside what the treasury has.
    succeeded(await fine(gas(12_000n) + toNano('1')), at);
    net.pass(10 * YEAR);
    succeeded(await fine(toNano('3')), at);
    const { treasury } = await net.registry.getData();
    assert.ok(treasury > toNano('1') && treasury < toNano('3.5'));
    assert.ok((await net.balance(at)) >= REGISTRY_RESERVE + treasury);
});

test('amounts may be 2^63 - 1 and no more', async () => {
    const net = await Network.create({ stake: 0n });
    const from = net.operator.address;
    const alice = await net.client('alice');
    const deposit = (amount: bigint) => net.deliver(from, alice.channel, amount + toNano('1'), ChannelBody.deposit(amount));
    const stake = (amount: bigint) => net.deliver(from, net.settlement, amount + toNano('1'), SettlementBody.stake(amount));
    const collect = (amount: bigint) => net.deliver(from, net.settlement, amount + toNano('1'), SettlementBody.collect(amount));
    const prepay = (amount: bigint) => net.deliver(from, net.settlement, amount + gas(14_000n), SettlementBody.prepay('x'));
    const fine = (amount: bigint) => net.deliver(from, net.registry, amount + gas(12_000n), RegistryBody.fine(0n));
    succeeded(await stake(toNano('100')), net.settlement.address);
    for (const [to, send] of [[net.settlement.address, stake], [alice.channel.address, deposit], [net.registry.address, fine]] as const) {
        const first = to.equals(net.settlement.address) ? toNano('100') : toNano('10');
        if (!to.equals(net.settlement.address)) succeeded(await send(first), to);
        refused(1011, await send(MAX - first + 1n), to);
        succeeded(await send(MAX - first), to);
        refused(1011, await send(1n), to);
    }
    const at = net.settlement.address;
    for (const send of [collect, prepay]) refused(1011, await send(MAX + 1n), at);
    succeeded(await collect(toNano('1')), at);
    refused(1011, await collect(MAX - toNano('1') + 1n), at);
    refused(1011, await prepay(MAX - toNano('1') + 1n), at);
    succeeded(await prepay(MAX - toNano('2')), at);
    succeeded(await collect(toNano('1')), at);
    refused(1011, await collect(1n), at);
    refused(1011, await alice.send(ChannelBody.withdraw(MAX + 1n)), alice.channel.address);
    succeeded(await alice.send(ChannelBody.withdraw(MAX)), alice.channel.address);
    // A tree whose sum is the greatest amount pays its leaves.
    const tree = net.tree([{ payee: Buffer.alloc(32, 1), earned: 5n }, { payee: Buffer.alloc(32, 2), earned: MAX - 5n }]);
    succeeded(await net.commit(1n, tree), at);
    succeeded(await net.payout(tree, 0, 0), at);
});

test('who is in the masterchain is served, though its excess may not reach it', async () => {
    const net = await Network.create();
    const master = await net.blockchain.treasury('master', { workchain: -1 });
    const alice = await net.opened('alice', toNano('10'));
    // A message there costs ten times as much: with the least value nothing is left to answer with.
    const served = async (to: Parameters<typeof net.deliver>[1], value: bigint, body: ReturnType<typeof snake>) => {
        const result = await net.deliver(master.address, to, value, body);
        assert.equal(exitCode(result, to.address), 0);
        assert.deepEqual(sent(result, to.address, master.address), []);
    };
    await served(alice.channel, toNano('1') + gas(9_000n) + MESSAGE, ChannelBody.deposit(toNano('1')));
    succeeded(await alice.claim(toNano('1')), alice.channel.address);
    const tree = net.tree([{ payee: Buffer.alloc(32, 1), earned: toNano('1') }]);
    const { statement, signature } = net.commitment(1n, tree);
    await served(net.settlement, gas(14_000n) + MESSAGE, SettlementBody.commit(statement, signature));
    const { leaves, siblings } = tree.batch(0, 0);
    await served(net.settlement, gas(26_000n) + 2n * MESSAGE, SettlementBody.payout(0, 0, siblings, leaves));
    succeeded(await net.registry.send(net.admin.getSender(), toNano('0.2'), RegistryBody.announce(snake('{}'))), net.registry.address);
    net.pass(DAY);
    await served(net.registry, gas(12_000n) + MESSAGE, RegistryBody.apply());
    const owner = net.channelOf(master.address);
    const opened = await net.deliver(master.address, owner, toNano('6'), ChannelBody.deposit(toNano('5')));
    assert.equal(exitCode(opened, owner.address), 0);
    await served(owner, gas(9_000n) + MESSAGE, ChannelBody.withdraw(0n));
});
