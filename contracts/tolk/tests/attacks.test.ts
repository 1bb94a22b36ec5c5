// What others can do to a channel or a settlement from outside, and what it gets them.
import assert from 'node:assert/strict';
import { beginCell, toNano } from '@ton/core';
import { ChannelBody, SettlementBody } from '../wrappers/contracts.ts';
import { CHANNEL_RESERVE, DAY, exitCode, FOREVER, Network, refused, sent, succeeded, test } from './fixture.ts';

const YEAR = 31_557_600;

test('nobody delays a withdrawal, or gets it, by being first', async () => {
    const net = await Network.create();
    const alice = await net.opened('alice', toNano('10'));
    const at = alice.channel.address;
    const thief = await net.blockchain.treasury('thief');
    succeeded(await alice.send(ChannelBody.withdraw(0n)), at);
    const { unlockAt } = await alice.data();
    net.pass(DAY - 1);
    succeeded(await alice.send(ChannelBody.deposit(1n), toNano('0.3'), thief), at); // a deposit starts nothing anew
    refused(1001, await alice.send(ChannelBody.withdraw(0n), toNano('0.2'), thief), at);
    refused(1002, await alice.send(ChannelBody.routerClose(), toNano('0.2'), thief), at);
    assert.equal((await alice.data()).unlockAt, unlockAt);
    net.pass(1);
    const finished = succeeded(await alice.send(ChannelBody.finish(), toNano('0.2'), thief), at);
    assert.ok(sent(finished, at, alice.wallet.address)[0] >= toNano('10'));
    assert.deepEqual(sent(finished, at, thief.address), []);
    refused(1012, await alice.claim(toNano('1')), at); // the router came too late, and no second time
});

test('a router that closes a channel puts off a withdrawal by one delay, once', async () => {
    const net = await Network.create();
    const alice = await net.opened('alice', toNano('10'));
    const at = alice.channel.address;
    succeeded(await alice.send(ChannelBody.withdraw(toNano('5'))), at);
    net.pass(DAY - 1);
    const close = SettlementBody.closeChannel(alice.wallet.address, alice.keys.publicKey);
    succeeded(await net.operate(close), net.settlement.address);
    net.pass(DAY - 1);
    const again = await net.operate(close); // it is closing already
    assert.equal(exitCode(again, at), 1012);
    net.pass(1);
    succeeded(await alice.send(ChannelBody.finish()), at);
    assert.equal((await alice.data()).withdrawn, toNano('10'));
});

test('channels opened to hold a stake cost who opens them, and are closed one by one', async () => {
    const net = await Network.create();
    const at = net.settlement.address;
    const griefers = [];
    for (const fill of [11, 12, 13]) {
        const griefer = await net.client(`griefer ${fill}`, fill);
        const before = await net.balance(griefer.wallet.address);
        succeeded(await griefer.deposit(1n), griefer.channel.address);
        assert.ok(before - (await net.balance(griefer.wallet.address)) > CHANNEL_RESERVE);
        griefers.push(griefer);
    }
    succeeded(await net.operate(SettlementBody.retire()), at);
    refused(1036, await net.operate(SettlementBody.unstake()), at);
    for (const griefer of griefers) {
        const closing = SettlementBody.closeChannel(griefer.wallet.address, griefer.keys.publicKey);
        succeeded(await net.operate(closing, toNano('0.02')), at);
    }
    net.pass(DAY);
    for (const griefer of griefers) {
        succeeded(await griefer.send(ChannelBody.finish(), toNano('0.02'), net.operator), griefer.channel.address);
    }
    succeeded(await net.operate(SettlementBody.unstake()), at);
    assert.equal((await net.settlement.getData()).stake, 0n);
});

test('a payout of dust takes the dust from the contract, and its fees from who asked', async () => {
    const net = await Network.create();
    const at = net.settlement.address;
    const alice = await net.opened('alice', toNano('10'));
    succeeded(await alice.claim(toNano('1')), alice.channel.address);
    const leaves = [1, 2, 3, 4].map((fill) => ({ payee: Buffer.alloc(32, fill), earned: 1n }));
    const tree = net.tree(leaves);
    succeeded(await net.commit(1n, tree), at);
    const change = await net.change(at, async () => succeeded(await net.payout(tree, 0, 2), at));
    assert.equal(change, -4n);
    // Asked again, nothing leaves.
    assert.equal(await net.change(at, async () => succeeded(await net.payout(tree, 0, 2), at)), 0n);
    await net.checkBooks([alice]);
});

test('the reserve pays five years of storage; whoever wants the rest of a deposit can make up for more', async () => {
    const net = await Network.create();
    const alice = await net.opened('alice', toNano('10'));
    const at = alice.channel.address;
    succeeded(await alice.send(ChannelBody.withdraw(0n)), at);
    net.pass(5 * YEAR);
    const topUp = (value: bigint) => net.deliver(alice.wallet.address, alice.channel, value, beginCell().endCell());
    succeeded(await topUp(toNano('0.01')), at);
    await net.checkBooks([alice]);
    net.pass(40 * YEAR);
    assert.notEqual(exitCode(await alice.send(ChannelBody.finish()), at), 0); // the deposit is not all there
    assert.equal((await alice.data()).status, 2);
    succeeded(await topUp(toNano('2')), at);
    const paid = succeeded(await alice.send(ChannelBody.finish()), at);
    assert.ok(sent(paid, at, alice.wallet.address)[0] >= toNano('10'));
});

test('a closed channel is not deployed anew while a lifetime passes: old statements stay worthless', async () => {
    const net = await Network.create();
    const alice = await net.opened('alice', toNano('10'));
    const at = alice.channel.address;
    const old = ChannelBody.claim(alice.charge(toNano('4'), FOREVER), alice.voucher(toNano('4'), FOREVER));
    succeeded(await alice.send(old, toNano('0.2'), net.operator), at);
    succeeded(await alice.send(ChannelBody.withdraw(0n)), at);
    net.pass(DAY);
    succeeded(await alice.send(ChannelBody.finish()), at);
    net.pass(30 * YEAR); // frozen by now: the first deposit pays the debt, or comes back
    for (let i = 0; i < 2; i++) {
        await net.deliver(alice.wallet.address, alice.channel, toNano('12'), ChannelBody.deposit(toNano('5')));
        await alice.send(old, toNano('0.2'), net.operator);
        assert.equal((await net.settlement.getData()).collected, toNano('4'));
    }
});
