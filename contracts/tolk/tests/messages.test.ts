// What the contracts send, read with numbers of its own: not with those of the sources.
import assert from 'node:assert/strict';
import { type Address, beginCell, type Slice, toNano } from '@ton/core';
import type { SendMessageResult } from '@ton/sandbox';
import { ChannelBody, OP, RegistryBody, SettlementBody } from '../wrappers/contracts.ts';
import { DAY, Network, succeeded, test } from './fixture.ts';

/** The bodies of what one address sent to another, after operation and query id are as they have to be. */
function bodies(result: SendMessageResult, from: Address, to: Address, op: number, queryId = 0n): Slice[] {
    const found: Slice[] = [];
    for (const tx of result.transactions) {
        for (const message of tx.outMessages.values()) {
            if (message.info.type !== 'internal' || !message.info.src.equals(from) || !message.info.dest.equals(to)) continue;
            const body = message.body.beginParse();
            if (body.loadUint(32) !== op) continue;
            assert.equal(body.loadUintBig(64), queryId);
            found.push(body);
        }
    }
    assert.ok(found.length > 0, `no message ${op.toString(16)}`);
    return found;
}

test('every message that is sent has its number, echoes the query, and says what it should', async () => {
    const net = await Network.create();
    const at = net.settlement.address;
    const alice = await net.client('alice');
    const channel = alice.channel.address;
    const owner = alice.wallet.address;
    const names = (body: Slice) => [String(body.loadAddress()), body.loadUintBig(256)];
    const key = BigInt(`0x${alice.keys.publicKey.toString('hex')}`);

    const opened = await alice.deposit(toNano('10'));
    assert.deepEqual(names(bodies(opened, channel, at, OP.register)[0]), [String(owner), key]);
    bodies(opened, channel, owner, OP.excesses);
    const claimed = await alice.claim(toNano('4'));
    assert.equal(bodies(claimed, channel, at, OP.collect)[0].loadCoins(), toNano('4'));
    const payee = await net.blockchain.treasury('payee');
    const tree = net.tree([{ payee: payee.address.hash, earned: toNano('3') }]);
    bodies(await net.commit(1n, tree), at, net.operator.address, OP.excesses);
    const paid = await net.payout(tree, 0, 0);
    assert.equal(bodies(paid, at, payee.address, OP.earned)[0].loadUintBig(64), 1n);
    bodies(paid, at, net.operator.address, OP.excesses);
    bodies(await net.operate(SettlementBody.closeChannel(owner, alice.keys.publicKey)), at, channel, OP.routerClose);
    net.pass(DAY);
    const closed = await alice.send(ChannelBody.finish());
    assert.deepEqual(names(bodies(closed, channel, at, OP.unregister)[0]), [String(owner), key]);
    assert.equal(bodies(closed, channel, owner, OP.paidBack)[0].loadCoins(), toNano('6'));
    bodies(await net.operate(SettlementBody.retire()), at, net.operator.address, OP.excesses);
    const swept = await net.operate(SettlementBody.sweep(), toNano('2'));
    assert.equal(bodies(swept, at, net.operator.address, OP.stakeBack)[0].loadCoins(), 0n);
    const unstaked = await net.operate(SettlementBody.unstake());
    assert.equal(bodies(unstaked, at, net.operator.address, OP.stakeBack)[0].loadCoins(), toNano('100'));
});

test('a slashed stake and the treasury say where they come from', async () => {
    const net = await Network.create();
    const at = net.settlement.address;
    const [a, b] = [1, 2].map((fill) => net.commitment(1n, net.tree([]), { digest: Buffer.alloc(32, fill) }));
    const slashed = await net.operate(SettlementBody.slash(a.statement, a.signature, b.statement, b.signature));
    assert.equal(bodies(slashed, at, net.registry.address, OP.fine)[0].loadCoins(), toNano('90'));
    bodies(slashed, at, net.operator.address, OP.excesses);
    const answered = await net.registry.send(net.admin.getSender(), toNano('0.2'), RegistryBody.revoke(Buffer.alloc(32, 1)));
    bodies(answered, net.registry.address, net.admin.address, OP.excesses);
    const paid = await net.registry.send(net.admin.getSender(), toNano('0.2'), RegistryBody.treasury(toNano('7')));
    assert.equal(bodies(paid, net.registry.address, net.admin.address, OP.stakeBack)[0].loadCoins(), toNano('7'));
});

test('a query id comes back as it was', async () => {
    const net = await Network.create({ stake: 0n });
    const body = SettlementBody.stake(toNano('100')).beginParse();
    const asked = beginCell().storeUint(body.loadUint(32), 32).storeUint(0xfeedn, 64).storeSlice(body.skip(64)).endCell();
    const result = succeeded(await net.operate(asked, toNano('102')), net.settlement.address);
    bodies(result, net.settlement.address, net.operator.address, OP.excesses, 0xfeedn);
});
