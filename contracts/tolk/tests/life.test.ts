import assert from 'node:assert/strict';
import { toNano } from '@ton/core';
import { DAY, Network, sent, succeeded, test } from './fixture.ts';
import { ChannelBody, SettlementBody } from '../wrappers/contracts.ts';

test('a whole life: deposit, claim, epoch, payouts, withdrawal, closing, unstake', async () => {
    const net = await Network.create();
    const alice = await net.opened('alice', toNano('10'), 2);
    const bob = await net.opened('bob', toNano('20'), 3);
    assert.equal(
        String(await net.settlement.getChannelAddress(alice.wallet.address, alice.keys.publicKey)),
        String(alice.channel.address),
    );
    assert.equal((await net.settlement.getData()).openChannels, 2);

    succeeded(await alice.claim(toNano('3')), alice.channel.address);
    succeeded(await bob.claim(toNano('4'), toNano('5')), bob.channel.address);
    assert.equal((await net.settlement.getData()).collected, toNano('7'));

    const one = await net.blockchain.treasury('worker 1');
    const two = await net.blockchain.treasury('worker 2');
    const tree = net.tree([
        { payee: one.address.hash, earned: toNano('2.5') },
        { payee: two.address.hash, earned: toNano('4.5') },
    ]);
    succeeded(await net.commit(1n, tree), net.settlement.address);
    const paying = succeeded(await net.payout(tree, 0, 1), net.settlement.address);
    assert.deepEqual(sent(paying, net.settlement.address, one.address), [toNano('2.5')]);
    assert.deepEqual(sent(paying, net.settlement.address, two.address), [toNano('4.5')]);
    await net.checkBooks([alice, bob]);

    succeeded(await alice.send(ChannelBody.withdraw(toNano('2'))), alice.channel.address);
    net.pass(DAY);
    const finished = succeeded(await alice.send(ChannelBody.finish()), alice.channel.address);
    assert.ok(sent(finished, alice.channel.address, alice.wallet.address)[0] >= toNano('2'));
    for (const client of [alice, bob]) {
        succeeded(await client.send(ChannelBody.withdraw(0n)), client.channel.address);
    }
    net.pass(DAY);
    for (const client of [alice, bob]) {
        succeeded(await client.send(ChannelBody.finish()), client.channel.address);
        const data = await client.data();
        assert.equal(data.deposited, data.claimed + data.withdrawn);
    }
    assert.equal((await net.settlement.getData()).openChannels, 0);
    await net.checkBooks([alice, bob]);

    succeeded(await net.operate(SettlementBody.retire()), net.settlement.address);
    const back = succeeded(await net.operate(SettlementBody.unstake()), net.settlement.address);
    assert.ok(sent(back, net.settlement.address, net.operator.address)[0] >= toNano('100'));
    await net.checkBooks([alice, bob]);
});
