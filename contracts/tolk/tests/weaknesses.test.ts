// The seven weaknesses that the original showed by being run: each is impossible here.
import assert from 'node:assert/strict';
import { toNano } from '@ton/core';
import { ChannelBody, SettlementBody } from '../wrappers/contracts.ts';
import { DAY, Network, refused, sent, succeeded, test } from './fixture.ts';

const payee = (fill: number) => Buffer.alloc(32, fill);

test('weakness 1: the router key alone pays no worker more than clients were charged', async () => {
    const net = await Network.create();
    const alice = await net.opened('alice', toNano('50'));
    succeeded(await alice.claim(toNano('3')), alice.channel.address);
    // 50 TON of Alice's and a stake of 100 lie there; only the 3 that she owes can be promised.
    refused(1032, await net.commit(1n, net.tree([{ payee: payee(7), earned: toNano('3') + 1n }])), net.settlement.address);
    // Leaves that promise more than their total cannot all be proved: sums are part of every node.
    const honest = net.tree([{ payee: payee(7), earned: toNano('2') }, { payee: payee(8), earned: toNano('1') }]);
    const greedy = net.tree([{ payee: payee(7), earned: toNano('3') }, { payee: payee(8), earned: toNano('1') }]);
    succeeded(await net.commit(1n, greedy, { earned: toNano('3') }), net.settlement.address);
    for (const index of [0, 1]) refused(1033, await net.payout(greedy, index, 0), net.settlement.address);
    refused(1033, await net.payout(honest, 0, 0), net.settlement.address);
    assert.equal((await net.settlement.getData()).paid, 0n);
    // Nor can a later tree give to one what another was paid before.
    const first = net.tree([{ payee: payee(7), earned: toNano('3') }]);
    succeeded(await net.commit(2n, first), net.settlement.address);
    succeeded(await net.payout(first, 0, 0), net.settlement.address);
    const moved = net.tree([{ payee: payee(7), earned: 1n }, { payee: payee(8), earned: toNano('3') - 1n }]);
    succeeded(await net.commit(3n, moved), net.settlement.address);
    refused(1032, await net.payout(moved, 1, 0), net.settlement.address);
    assert.equal((await net.settlement.getData()).paid, toNano('3'));
});

test('weakness 2: a withdrawal that bounces is not lost', async () => {
    const net = await Network.create();
    const alice = await net.opened('alice', toNano('10'));
    succeeded(await alice.send(ChannelBody.withdraw(0n)), alice.channel.address);
    net.pass(DAY);
    // The owner's wallet is gone when the money comes: it bounces, and the books say so.
    await net.without(alice.wallet.address, async () => {
        await alice.send(ChannelBody.finish(), toNano('0.2'), net.operator);
    });
    assert.deepEqual([(await alice.data()).status, (await alice.data()).withdrawn], [3, 0n]);
    const paid = succeeded(await alice.send(ChannelBody.finish(), toNano('0.2'), net.operator), alice.channel.address);
    assert.ok(sent(paid, alice.channel.address, alice.wallet.address)[0] >= toNano('10'));
});

test('weakness 3: no signature closes everything; open channels hold the stake', async () => {
    const net = await Network.create();
    const alice = await net.opened('alice', toNano('10'));
    succeeded(await net.operate(SettlementBody.retire()), net.settlement.address);
    refused(1036, await net.operate(SettlementBody.unstake()), net.settlement.address);
    const below = await Network.create({ stake: toNano('99.999999999') });
    const bob = await below.client('bob');
    await bob.deposit(toNano('5'));
    assert.equal((await bob.data()).withdrawn, toNano('5')); // the least stake is enforced
    await net.checkBooks([alice]);
});

test('weakness 4: nobody is charged above what the client signed', async () => {
    const net = await Network.create();
    const alice = await net.opened('alice', toNano('10'));
    refused(1022, await alice.claim(toNano('2') + 1n, toNano('2')), alice.channel.address);
    const forged = { ...alice.voucher(toNano('2')), ceiling: toNano('9') };
    refused(1020, await alice.send(ChannelBody.claim(alice.charge(toNano('9')), forged)), alice.channel.address);
});

test('weakness 5: two stories about one epoch can be proved, and cost the stake', async () => {
    const net = await Network.create();
    const one = net.commitment(1n, net.tree([]));
    const two = net.commitment(1n, net.tree([]), { digest: payee(9) }); // only the ledger's digest differs
    const reporter = await net.blockchain.treasury('reporter');
    const body = SettlementBody.slash(one.statement, one.signature, two.statement, two.signature);
    succeeded(await net.operate(body, toNano('0.2'), reporter), net.settlement.address);
    assert.equal((await net.settlement.getData()).stake, 0n);
});

test('weakness 6: what a worker claims is proved, not believed', async () => {
    const net = await Network.create();
    const alice = await net.opened('alice', toNano('10'));
    succeeded(await alice.claim(toNano('3')), alice.channel.address);
    const tree = net.tree([{ payee: payee(7), earned: toNano('3') }]);
    succeeded(await net.commit(1n, tree), net.settlement.address);
    for (const earned of [0n, toNano('3') + 1n, (1n << 63n) - 1n, (1n << 64n) - 1n]) {
        const claim = SettlementBody.payout(0, 0, [], [{ payee: payee(7), earned }]);
        const result = await net.operate(claim);
        assert.equal((await net.settlement.getData()).paid, 0n);
        assert.equal(sent(result, net.settlement.address, net.operator.address).length, 1); // it came back
    }
    succeeded(await net.payout(tree, 0, 0), net.settlement.address);
});

test('weakness 7: every signature names network, contract, kind, number and end', async () => {
    // The same keys, the same contracts, another network: nothing of one works on the other.
    const here = await Network.create({ network: -239 });
    const there = await Network.create({ network: -3 });
    const [a, b] = [await here.opened('alice', toNano('10')), await there.opened('alice', toNano('10'))];
    assert.equal(String(a.channel.address), String(b.channel.address));
    refused(1020, await a.send(ChannelBody.claim(a.charge(1n), b.voucher(1n))), a.channel.address);
    refused(1021, await a.send(ChannelBody.claim(b.charge(1n), a.voucher(1n))), a.channel.address);
    const foreign = there.commitment(1n, there.tree([]));
    refused(1021, await here.operate(SettlementBody.commit(foreign.statement, foreign.signature)), here.settlement.address);
});
