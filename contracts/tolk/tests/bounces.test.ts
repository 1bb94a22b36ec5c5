// Every message that asks to be sent back, sent back: the books are as before, and nothing is lost.
import assert from 'node:assert/strict';
import { toNano } from '@ton/core';
import { ChannelBody, RegistryBody, SettlementBody } from '../wrappers/contracts.ts';
import { DAY, MESSAGE, Network, succeeded, test } from './fixture.ts';

async function slashed(net: Network): Promise<void> {
    const [a, b] = [1, 2].map((fill) => net.commitment(1n, net.tree([]), { digest: Buffer.alloc(32, fill) }));
    succeeded(await net.operate(SettlementBody.slash(a.statement, a.signature, b.statement, b.signature)), net.settlement.address);
}

test('a collection that the settlement refuses', async () => {
    const net = await Network.create();
    const alice = await net.opened('alice', toNano('10'));
    succeeded(await alice.claim(toNano('2')), alice.channel.address);
    await slashed(net);
    const change = await net.change(alice.channel.address, async () => succeeded(await alice.claim(toNano('5')), alice.channel.address));
    assert.ok(change >= 0n, 'the amount came back'); // with what was left of the value
    assert.equal((await alice.data()).claimed, toNano('2'));
    assert.equal((await net.settlement.getData()).collected, toNano('2'));
});

test('a registration that the settlement refuses', async () => {
    const net = await Network.create();
    const alice = await net.opened('alice', toNano('10'));
    succeeded(await alice.send(ChannelBody.withdraw(0n)), alice.channel.address);
    net.pass(DAY);
    succeeded(await alice.send(ChannelBody.finish()), alice.channel.address);
    succeeded(await net.operate(SettlementBody.retire()), net.settlement.address);
    // The channel is there already, with a reserve that stays.
    const change = await net.change(alice.channel.address, async () => succeeded(await alice.deposit(toNano('5')), alice.channel.address));
    assert.ok(change >= 0n && change < MESSAGE, `${change}`);
    const data = await alice.data();
    assert.deepEqual([data.status, data.deposited, data.withdrawn, data.unlockAt], [3, toNano('15'), toNano('15'), 0]);
});

test('a payment that the channel\'s owner cannot take', async () => {
    const net = await Network.create();
    const alice = await net.opened('alice', toNano('10'));
    const at = alice.channel.address;
    succeeded(await alice.send(ChannelBody.withdraw(toNano('4'))), at);
    net.pass(DAY);
    await net.without(alice.wallet.address, async () => {
        const change = await net.change(at, () => alice.send(ChannelBody.finish(), toNano('0.2'), net.operator));
        assert.ok(change >= 0n);
    });
    assert.deepEqual([(await alice.data()).withdrawn, (await alice.data()).status], [0n, 1]);
    await net.checkBooks([alice]);
});

test('a stake that the operator cannot take', async () => {
    const net = await Network.create();
    const at = net.settlement.address;
    succeeded(await net.operate(SettlementBody.retire()), at);
    await net.without(net.operator.address, async () => {
        const change = await net.change(at, () => net.deliver(net.operator.address, net.settlement, toNano('0.2'), SettlementBody.unstake()));
        assert.ok(change >= 0n);
    });
    assert.deepEqual([(await net.settlement.getData()).stake, (await net.settlement.getData()).status], [toNano('100'), 2]);
    assert.equal(await net.change(at, () => net.operate(SettlementBody.unstake())), -toNano('100'));
});

test('a sweep that the operator cannot take', async () => {
    const net = await Network.create();
    const at = net.settlement.address;
    await net.without(net.operator.address, async () => {
        const change = await net.change(at, () => net.deliver(net.operator.address, net.settlement, toNano('3'), SettlementBody.sweep()));
        assert.ok(change > toNano('2.9'));
    });
    assert.deepEqual([(await net.settlement.getData()).stake, (await net.settlement.getData()).status], [toNano('100'), 1]);
});

test('a closing that finds no channel', async () => {
    const net = await Network.create();
    const at = net.settlement.address;
    const nobody = SettlementBody.closeChannel(net.admin.address, Buffer.alloc(32, 9));
    const change = await net.change(at, async () => succeeded(await net.operate(nobody), at));
    assert.ok(change > toNano('0.19'));
});

test('a treasury payment that the admin cannot take', async () => {
    const net = await Network.create({ stake: 0n });
    const at = net.registry.address;
    succeeded(await net.registry.send(net.operator.getSender(), toNano('5'), RegistryBody.fine(0n)), at);
    const before = (await net.registry.getData()).treasury;
    await net.without(net.admin.address, async () => {
        const change = await net.change(at, () => net.deliver(net.admin.address, net.registry, toNano('0.2'), RegistryBody.treasury(toNano('4'))));
        assert.ok(change >= 0n);
    });
    assert.equal((await net.registry.getData()).treasury, before);
});
