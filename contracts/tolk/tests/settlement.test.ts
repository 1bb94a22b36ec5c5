import assert from 'node:assert/strict';
import { Address, beginCell, type Cell, toNano } from '@ton/core';
import { SettlementBody } from '../wrappers/contracts.ts';
import { EMPTY, join as joined } from '../wrappers/tree.ts';
import { DAY, gas, MAX, Network, refused, sent, START, succeeded, test } from './fixture.ts';

async function collected(amount = toNano('10')) {
    const net = await Network.create();
    const alice = await net.opened('alice', amount);
    succeeded(await alice.claim(amount), alice.channel.address);
    return { net, alice, at: net.settlement.address };
}

const payee = (fill: number) => Buffer.alloc(32, fill);

test('a commitment is the next epoch, never earns less, and never more than was collected', async () => {
    const { net, at } = await collected();
    const tree = net.tree([{ payee: payee(7), earned: toNano('4') }]);
    refused(1030, await net.commit(2n, tree), at);
    refused(1030, await net.commit(0n, tree), at);
    refused(1032, await net.commit(1n, net.tree([{ payee: payee(7), earned: toNano('10') + 1n }])), at);
    refused(1013, await net.commit(1n, tree, { expires: BigInt(START - 1) }), at);
    const { statement, signature } = net.commitment(1n, tree);
    for (const change of [{ root: payee(1) }, { earned: toNano('5') }, { digest: payee(1) }, { expires: 4_000_000_001n }]) {
        refused(1021, await net.operate(SettlementBody.commit({ ...statement, ...change }, signature)), at);
    }
    refused(1010, await net.operate(SettlementBody.commit(statement, signature), toNano('0.005')), at);
    const stranger = await net.blockchain.treasury('stranger');
    succeeded(await net.operate(SettlementBody.commit(statement, signature), toNano('0.2'), stranger), at);
    refused(1030, await net.operate(SettlementBody.commit(statement, signature)), at); // a replay
    refused(1031, await net.commit(2n, net.tree([{ payee: payee(7), earned: toNano('3') }])), at);
    const data = await net.settlement.getData();
    assert.deepEqual([data.epoch, data.earned], [1n, toNano('4')]);
});

test('a payee gets its leaf once, and only with its own proof', async () => {
    const { net, at } = await collected(toNano('20'));
    const leaves = [1, 3, 5, 7, 9].map((fill) => ({ payee: payee(fill), earned: toNano(String(fill)) / 4n }));
    const tree = net.tree(leaves);
    succeeded(await net.commit(1n, tree), at);
    const third = tree.batch(2, 0);
    succeeded(await net.payout(tree, 2, 0), at);
    assert.equal((await net.settlement.getPaid(2)).paid, toNano('1.25'));
    const again = succeeded(await net.payout(tree, 2, 0), at);
    assert.equal((await net.settlement.getData()).paid, toNano('1.25'));
    assert.equal(again.transactions.length, 3);
    const pay = (index: number, leaves = third.leaves, siblings = third.siblings) =>
        net.operate(SettlementBody.payout(index, 0, siblings, leaves));
    refused(1033, await pay(3), at); // another place
    refused(1037, await pay(2, [{ payee: payee(6), earned: toNano('1.25') }]), at); // another's amount
    refused(1033, await pay(3, [{ payee: payee(6), earned: toNano('1.25') }]), at);
    refused(1033, await pay(2, [{ payee: payee(5), earned: toNano('1.25') + 1n }]), at);
    refused(1033, await pay(2, third.leaves, third.siblings.slice(0, 2)), at);
    refused(1034, await pay(10), at); // beyond the tree
    refused(1033, await pay(2, third.leaves, [...third.siblings, { hash: payee(1), sum: 0n }]), at);
    const inflated = third.siblings.map((node, i) => (i === 0 ? { ...node, sum: node.sum + 1n } : node));
    refused(1033, await pay(2, third.leaves, inflated), at);
    const huge = third.siblings.map((node, i) => (i === 0 ? { ...node, sum: (1n << 63n) - 1n } : node));
    refused(1011, await pay(2, third.leaves, huge), at);
    refused(1034, await net.payout(tree, 1, 1), at); // not aligned
    refused(1034, await net.operate(SettlementBody.payout(0, 8, [], tree.batch(0, 3).leaves), toNano('9')), at);
    refused(1034, await net.operate(SettlementBody.payout(0, 3, [], tree.batch(0, 2).leaves), toNano('2')), at);
    refused(1034, await net.operate(SettlementBody.payout(0, 2, [], tree.batch(0, 3).leaves), toNano('2')), at);
    refused(1010, await net.payout(tree, 0, 3, toNano('0.02')), at);
    // The rest in one batch, the paid one among them.
    const rest = succeeded(await net.payout(tree, 0, 3), at);
    assert.equal((await net.settlement.getData()).paid, tree.root.sum);
    assert.equal(rest.transactions.filter((tx) => tx.inMessage?.info.type === 'internal').length, 1 + 4 + 1);
    // The next epoch pays the difference.
    const next = net.tree(leaves.map((leaf) => ({ ...leaf, earned: leaf.earned + (leaf.payee[0] === 9 ? toNano('2') : 0n) })));
    succeeded(await net.commit(2n, next), at);
    refused(1033, await net.payout(tree, 2, 0), at); // the old tree
    succeeded(await net.payout(next, 0, 3), at);
    assert.equal((await net.settlement.getPaid(4)).paid, toNano('4.25'));
    assert.equal((await net.settlement.getData()).paid, next.root.sum);
    // Who came later has a later index; nobody gets another's, nor less than before.
    const grown = (fill: number) => ({ payee: payee(fill), earned: toNano('1') });
    const swapped = net.tree([next.leaves[1], next.leaves[0], ...next.leaves.slice(2), grown(6)]);
    succeeded(await net.commit(3n, swapped), at);
    refused(1037, await net.payout(swapped, 0, 0), at);
    refused(1037, await net.payout(swapped, 0, 3), at);
    succeeded(await net.payout(swapped, 5, 0), at);
    const less = net.tree([{ ...next.leaves[0], earned: 1n }, ...next.leaves.slice(1), grown(6), grown(8)]);
    succeeded(await net.commit(4n, less), at);
    refused(1031, await net.payout(less, 0, 0), at);
    refused(1031, await net.payout(net.tree([{ payee: payee(1), earned: 0n }]), 0, 0), at);
    refused(1032, await net.payout(less, 6, 0), at); // what the first was paid cannot be paid again
    const fair = net.tree([...next.leaves, grown(6), grown(8)]);
    succeeded(await net.commit(5n, fair), at);
    succeeded(await net.payout(fair, 6, 0), at);
    assert.equal((await net.settlement.getPaid(6)).payee, BigInt('0x' + '08'.repeat(20)));
    assert.equal((await net.settlement.getPaid(7)).paid, 0n);
    await net.checkBooks([]);
});

test('two commitments of one epoch cost the stake', async () => {
    const { net, at } = await collected();
    const one = net.commitment(1n, net.tree([{ payee: payee(7), earned: toNano('4') }]));
    const two = net.commitment(1n, net.tree([{ payee: payee(8), earned: toNano('4') }]));
    const next = net.commitment(2n, net.tree([{ payee: payee(8), earned: toNano('4') }]));
    const reporter = await net.blockchain.treasury('reporter');
    const slash = (a: typeof one, b: typeof one, value = toNano('0.2')) =>
        net.operate(SettlementBody.slash(a.statement, a.signature, b.statement, b.signature), value, reporter);
    refused(1035, await slash(one, one), at);
    refused(1035, await slash(one, next), at);
    refused(1021, await slash(one, { ...two, signature: one.signature }), at);
    refused(1021, await slash({ ...one, signature: two.signature }, two), at);
    refused(1010, await slash(one, two, toNano('0.005')), at);
    const done = succeeded(await slash(one, two), at);
    assert.ok(sent(done, at, reporter.address)[0] >= toNano('10'));
    assert.deepEqual(sent(done, at, net.registry.address), [toNano('90')]);
    assert.ok((await net.registry.getData()).treasury >= toNano('89.99'));
    assert.deepEqual([(await net.settlement.getData()).status, (await net.settlement.getData()).stake], [3, 0n]);
    refused(1012, await slash(one, two), at);
    refused(1012, await net.commit(1n, net.tree([])), at);
    refused(1012, await net.operate(SettlementBody.retire()), at);
    refused(1012, await net.operate(SettlementBody.unstake()), at);
    refused(1012, await net.operate(SettlementBody.stake(1n), toNano('2')), at);
    await net.checkBooks([]);
});

test('the stake leaves when nothing is open and nothing can be disputed', async () => {
    const { net, alice, at } = await collected();
    succeeded(await net.commit(1n, net.tree([{ payee: payee(7), earned: toNano('4') }])), at);
    refused(1012, await net.operate(SettlementBody.unstake()), at);
    refused(1001, await net.operate(SettlementBody.retire(), toNano('0.2'), net.admin), at);
    succeeded(await net.operate(SettlementBody.retire()), at);
    refused(1012, await net.operate(SettlementBody.retire()), at);
    refused(1012, await net.operate(SettlementBody.stake(1n), toNano('2')), at);
    refused(1036, await net.operate(SettlementBody.unstake()), at);
    refused(1001, await net.operate(SettlementBody.closeChannel(alice.wallet.address, alice.keys.publicKey), toNano('0.2'), net.admin), at);
    refused(1002, await alice.send(beginCell().storeUint(0xc0c00107, 32).storeUint(0, 64).endCell()), alice.channel.address);
    succeeded(await net.operate(SettlementBody.closeChannel(alice.wallet.address, alice.keys.publicKey)), at);
    assert.equal((await alice.data()).status, 2);
    net.pass(DAY);
    succeeded(await alice.send(beginCell().storeUint(0xc0c00105, 32).storeUint(0, 64).endCell(), toNano('0.2'), net.operator), alice.channel.address);
    // Another epoch starts the time anew in which it can be disputed.
    succeeded(await net.commit(2n, net.tree([{ payee: payee(7), earned: toNano('5') }])), at);
    refused(1024, await net.operate(SettlementBody.unstake()), at);
    net.pass(DAY);
    refused(1001, await net.operate(SettlementBody.unstake(), toNano('0.2'), net.admin), at);
    const back = succeeded(await net.operate(SettlementBody.unstake()), at);
    assert.ok(sent(back, at, net.operator.address)[0] >= toNano('100'));
    // What was earned can still be paid, and is.
    await net.payout(net.tree([{ payee: payee(7), earned: toNano('5') }]), 0, 0);
    assert.equal((await net.settlement.getData()).paid, toNano('5'));
    await net.checkBooks([alice]);
});

test('a stake below the least one opens nothing', async () => {
    const net = await Network.create({ stake: toNano('99') });
    const at = net.settlement.address;
    const alice = await net.client('alice');
    await alice.deposit(toNano('5'));
    assert.deepEqual([(await alice.data()).status, (await alice.data()).withdrawn], [3, toNano('5')]);
    refused(1012, await net.operate(SettlementBody.prepay('acc 1'), toNano('5')), at);
    refused(1001, await net.operate(SettlementBody.stake(toNano('1')), toNano('2'), net.admin), at);
    refused(1011, await net.operate(SettlementBody.stake(0n), toNano('2')), at);
    refused(1011, await net.operate(SettlementBody.stake(1n << 63n), toNano('2')), at);
    refused(1010, await net.operate(SettlementBody.stake(toNano('1')), toNano('1')), at);
    succeeded(await net.operate(SettlementBody.stake(toNano('1')), toNano('1.2')), at);
    assert.deepEqual([(await net.settlement.getData()).status, (await net.settlement.getData()).stake], [1, toNano('100')]);
    succeeded(await alice.deposit(toNano('5')), alice.channel.address);
    assert.equal((await net.settlement.getData()).openChannels, 1);
});

test('only channels of this router are heard as such', async () => {
    const { net, alice, at } = await collected();
    const thief = await net.blockchain.treasury('thief');
    // Nobody collects what he does not bring.
    refused(1010, await net.operate(SettlementBody.collect(toNano('2')), toNano('2'), thief), at);
    for (const body of [
        SettlementBody.register(alice.wallet.address, alice.keys.publicKey),
        SettlementBody.unregister(alice.wallet.address, alice.keys.publicKey),
    ]) {
        refused(1003, await net.operate(body, toNano('2'), thief), at);
    }
    assert.deepEqual(
        [(await net.settlement.getData()).collected, (await net.settlement.getData()).openChannels],
        [toNano('10'), 1],
    );
});

test('before the first stake there are no channels', async () => {
    const net = await Network.create({ stake: 0n });
    const at = net.settlement.address;
    const alice = await net.client('alice');
    const { address: owner } = alice.wallet;
    await net.operate(beginCell().endCell());
    refused(1003, await net.deliver(alice.channel.address, net.settlement, toNano('1'), SettlementBody.register(owner, alice.keys.publicKey)), at);
    refused(1012, await net.operate(SettlementBody.closeChannel(owner, alice.keys.publicKey)), at);
    refused(1012, await net.operate(SettlementBody.collect(1n)), at);
    await assert.rejects(net.settlement.getChannelAddress(owner, alice.keys.publicKey), /1012/);
    refused(1012, await net.commit(1n, net.tree([])), at);
});

test('a channel is in the base chain, and leaves no more often than it came', async () => {
    const { net, alice, at } = await collected();
    const named = [alice.wallet.address, alice.keys.publicKey] as const;
    const twin = new Address(-1, alice.channel.address.hash);
    refused(1003, await net.deliver(twin, net.settlement, toNano('1'), SettlementBody.unregister(...named)), at);
    const leave = () => net.deliver(alice.channel.address, net.settlement, toNano('1'), SettlementBody.unregister(...named));
    succeeded(await leave(), at);
    refused(1012, await leave(), at);
    assert.equal((await net.settlement.getData()).openChannels, 0);
});

test('a batch has the form that it says, to the bit', async () => {
    const { net, at } = await collected();
    const leaf = beginCell().storeBuffer(payee(7)).storeUint(toNano('1'), 64);
    const pay = (leaves: Cell, siblings: Cell | null = null, height = 0) =>
        net.operate(
            beginCell().storeUint(0xc0c00303, 32).storeUint(0, 64 + 32).storeUint(height, 8).storeMaybeRef(siblings).storeRef(leaves).endCell(),
            toNano('1'),
        );
    const short = beginCell().storeUint(1, 319).endCell();
    refused(1034, await pay(short), at); // less than a leaf, and no more cells
    refused(1034, await pay(beginCell().storeRef(short).endCell()), at); // nor in the next
    refused(1034, await pay(beginCell().storeUint(1, 8).storeRef(leaf.endCell()).endCell()), at); // bits left over
    refused(1034, await pay(beginCell().storeRef(leaf.endCell()).storeRef(short).endCell()), at);
    refused(1034, await pay(beginCell().storeSlice(leaf.asSlice()).storeRef(short).endCell()), at); // a cell left over
    refused(1034, await pay(leaf.endCell(), short), at);
    refused(1031, await pay(beginCell().storeUint(0, 256).storeUint(1, 64).endCell()), at); // nobody earns nothing
    // The highest tree there is, in the largest batch, and a level too many.
    const way = (levels: number) => {
        let node = net.tree([{ payee: payee(7), earned: toNano('1') }]).root;
        let beside = EMPTY;
        for (let level = 0; level < levels; level++) {
            node = joined(node, level < 7 ? beside : EMPTY);
            beside = joined(beside, beside);
        }
        return node;
    };
    for (const [epoch, levels, code] of [[1n, 20, 0], [2n, 21, 1034]] as const) {
        const root = way(levels);
        succeeded(await net.commit(epoch, net.tree([]), { root: root.hash, earned: root.sum }), at);
        const leaves = Array.from({ length: 128 }, (_, i) => ({ payee: i ? Buffer.alloc(32) : payee(7), earned: i ? 0n : toNano('1') }));
        const siblings = Array.from({ length: levels - 7 }, () => EMPTY);
        refused(code, await net.operate(SettlementBody.payout(0, 7, siblings, leaves), toNano('3')), at);
    }
    // A batch of twice the largest size is refused, right as it is and well paid.
    const double = net.tree(Array.from({ length: 256 }, () => ({ payee: payee(7), earned: toNano('0.01') })));
    succeeded(await net.commit(3n, double), at);
    refused(1034, await net.payout(double, 0, 8, toNano('10')), at);
    const same = succeeded(await net.commit(4n, net.tree([]), { root: payee(1), earned: toNano('10') }), at);
    succeeded(await net.commit(5n, net.tree([]), { root: payee(1), earned: toNano('10'), expires: BigInt(START) }), at);
    assert.equal(sent(same, at, net.operator.address).length, 1);
});

test('what is collected stays below 2^63 nanoTON', async () => {
    const { net, at } = await collected();
    const fee = gas(14_000n);
    const room = MAX - (await net.settlement.getData()).collected;
    const prepay = (amount: bigint) => net.deliver(net.operator.address, net.settlement, fee + amount, SettlementBody.prepay('cocoon:7'));
    refused(1011, await prepay(room + 1n), at);
    succeeded(await prepay(room), at);
    refused(1011, await prepay(1n), at);
    assert.equal((await net.settlement.getData()).collected, MAX);
});

test('prepaid credit counts as collected; a sweep takes only what is nobody\'s', async () => {
    const { net, at } = await collected();
    const stranger = await net.blockchain.treasury('stranger');
    succeeded(await net.operate(SettlementBody.prepay('cocoon:7'), toNano('3'), stranger), at);
    const data = await net.settlement.getData();
    assert.ok(data.collected > toNano('12.98') && data.collected < toNano('13'));
    refused(1010, await net.operate(SettlementBody.prepay('x'), toNano('0.004'), stranger), at);
    refused(1001, await net.operate(SettlementBody.sweep(), toNano('0.2'), stranger), at);
    succeeded(await net.operate(beginCell().endCell(), toNano('1'), stranger), at);
    const swept = succeeded(await net.operate(SettlementBody.sweep()), at);
    assert.ok(sent(swept, at, net.operator.address)[0] > toNano('1'));
    await net.checkBooks([]);
    refused(0xffff, await net.operate(beginCell().storeUint(9, 32).endCell()), at);
});
