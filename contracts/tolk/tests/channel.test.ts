import assert from 'node:assert/strict';
import { beginCell, toNano } from '@ton/core';
import { Channel, ChannelBody, SettlementBody } from '../wrappers/contracts.ts';
import { signHash, voucherHash } from '../wrappers/statements.ts';
import { DAY, FOREVER, key, Network, refused, sent, START, succeeded, test } from './fixture.ts';

test('a claim takes what was charged, up to voucher and deposit, and never twice', async () => {
    const net = await Network.create();
    const alice = await net.opened('alice', toNano('10'));
    const at = alice.channel.address;
    succeeded(await alice.claim(toNano('3'), toNano('5')), at);
    refused(1023, await alice.claim(toNano('3'), toNano('5')), at); // the same once more
    refused(1023, await alice.claim(toNano('2'), toNano('5')), at); // an older one
    refused(1022, await alice.claim(toNano('6'), toNano('5')), at); // above the voucher
    succeeded(await alice.claim(toNano('12'), toNano('50')), at); // above the deposit: what there is
    assert.equal((await alice.data()).claimed, toNano('10'));
    assert.equal((await net.settlement.getData()).collected, toNano('10'));
    refused(1023, await alice.claim(toNano('13'), toNano('50')), at);
    succeeded(await alice.deposit(toNano('1')), at); // more came: the rest of the charge is due
    succeeded(await alice.claim(toNano('13'), toNano('50')), at);
    assert.equal((await net.settlement.getData()).collected, toNano('11'));
    await net.checkBooks([alice]);
});

test('forged, foreign and expired signatures are worthless', async () => {
    const net = await Network.create();
    const alice = await net.opened('alice', toNano('10'), 2);
    const bob = await net.opened('bob', toNano('10'), 3);
    const elsewhere = await Network.create({ network: -3 });
    const twin = await elsewhere.opened('alice', toNano('10'), 2);
    assert.equal(String(twin.channel.address), String(alice.channel.address));
    const at = alice.channel.address;
    const claim = (charge: ReturnType<typeof alice.charge>, voucher: ReturnType<typeof alice.voucher>) =>
        alice.send(ChannelBody.claim(charge, voucher));
    const flipped = (bytes: Buffer, bit: number) => {
        const copy = Buffer.from(bytes);
        copy[bit >> 3] ^= 1 << (bit & 7);
        return copy;
    };
    const charge = alice.charge(toNano('1'));
    const voucher = alice.voucher(toNano('1'));
    for (const bit of [0, 7, 255, 256, 400, 511]) {
        refused(1020, await claim(charge, { ...voucher, signature: flipped(voucher.signature, bit) }), at);
        refused(1021, await claim({ ...charge, signature: flipped(charge.signature, bit) }, voucher), at);
    }
    refused(1020, await claim(charge, { ...voucher, ceiling: toNano('2') }), at);
    refused(1020, await claim(charge, { ...voucher, expires: voucher.expires + 1n }), at);
    refused(1021, await claim({ ...charge, charged: toNano('0.9') }, voucher), at);
    refused(1021, await claim({ ...charge, expires: charge.expires + 1n }, voucher), at);
    refused(1020, await claim(charge, bob.voucher(toNano('1'))), at); // another channel's
    refused(1021, await claim(bob.charge(toNano('1')), voucher), at);
    refused(1020, await claim(charge, twin.voucher(toNano('1'))), at); // another network's
    refused(1021, await claim(twin.charge(toNano('1')), voucher), at);
    const byRouter = signHash(
        voucherHash(net.network, at, { ceiling: voucher.ceiling, expires: voucher.expires }),
        net.routerKeys.secretKey,
    );
    refused(1020, await claim(charge, { ...voucher, signature: byRouter }), at); // the router's own hand
    // One kind is worthless for another, even where the bytes of the body are the same.
    const asCharge = { charged: voucher.ceiling, expires: voucher.expires, signature: voucher.signature };
    refused(1021, await claim(asCharge, voucher), at);
    refused(1013, await claim(alice.charge(toNano('1'), BigInt(START - 1)), voucher), at);
    refused(1013, await claim(charge, alice.voucher(toNano('1'), BigInt(START - 1))), at);
    succeeded(await claim(alice.charge(toNano('1'), BigInt(START)), alice.voucher(toNano('1'), BigInt(START))), at);
});

test('a client leaves without the router, which may claim until then', async () => {
    const net = await Network.create();
    const alice = await net.opened('alice', toNano('10'));
    const at = alice.channel.address;
    const bob = await net.client('bob', 3);
    refused(1012, await bob.send(ChannelBody.finish()), bob.channel.address); // it never was open
    refused(1012, await bob.send(ChannelBody.withdraw(0n)), bob.channel.address);
    refused(1012, await bob.claim(1n), bob.channel.address);
    refused(1012, await bob.release({ charged: 0n, withdrawn: 0n, closes: true, expires: FOREVER }), bob.channel.address);
    refused(1001, await alice.send(ChannelBody.withdraw(0n), toNano('0.2'), net.operator), at);
    refused(1011, await alice.send(ChannelBody.withdraw(1n << 63n)), at);
    refused(1023, await alice.send(ChannelBody.finish()), at); // nothing was asked for
    succeeded(await alice.send(ChannelBody.withdraw(toNano('9'))), at);
    net.pass(DAY - 1);
    refused(1024, await alice.send(ChannelBody.finish()), at);
    succeeded(await alice.claim(toNano('2')), at);
    net.pass(1);
    const paid = succeeded(await alice.send(ChannelBody.finish()), at);
    assert.ok(sent(paid, at, alice.wallet.address)[0] >= toNano('8')); // what the claim left
    assert.equal((await alice.data()).withdrawn, toNano('8'));
    refused(1023, await alice.send(ChannelBody.finish()), at);
    // Everything, after a top-up; nothing puts the end off, or the router's stake would wait for ever.
    succeeded(await alice.deposit(toNano('4')), at);
    succeeded(await alice.send(ChannelBody.withdraw(0n)), at);
    net.pass(DAY - 1);
    refused(1012, await alice.send(ChannelBody.withdraw(0n)), at);
    refused(1012, await alice.send(ChannelBody.withdraw(toNano('1'))), at);
    refused(1024, await alice.send(ChannelBody.finish()), at);
    net.pass(1);
    succeeded(await alice.send(ChannelBody.finish(), toNano('0.2'), net.operator), at); // anybody may
    const closed = await alice.data();
    assert.deepEqual([closed.status, closed.withdrawn], [3, toNano('12')]);
    refused(1023, await alice.send(ChannelBody.finish()), at);
    refused(1012, await alice.claim(toNano('20')), at);
    // Opened again it goes on counting: no old statement works.
    succeeded(await alice.deposit(toNano('5')), at);
    const again = await alice.data();
    assert.deepEqual([again.status, again.deposited, again.claimed], [1, toNano('19'), toNano('2')]);
    refused(1023, await alice.claim(toNano('2')), at);
    assert.equal((await net.settlement.getData()).openChannels, 1);
    await net.checkBooks([alice]);
});

test('what has left cannot be claimed, whatever was signed for', async () => {
    const net = await Network.create();
    const alice = await net.opened('alice', toNano('10'));
    const at = alice.channel.address;
    succeeded(await alice.send(ChannelBody.withdraw(toNano('6'))), at);
    net.pass(DAY);
    succeeded(await alice.send(ChannelBody.finish()), at);
    succeeded(await alice.claim(toNano('8')), at);
    assert.equal((await alice.data()).claimed, toNano('4'));
    await net.checkBooks([alice]);
});

test('the router closes no faster than a client', async () => {
    const net = await Network.create();
    const alice = await net.opened('alice', toNano('10'));
    const at = alice.channel.address;
    succeeded(await net.operate(SettlementBody.closeChannel(alice.wallet.address, alice.keys.publicKey)), at);
    net.pass(DAY - 1);
    refused(1024, await alice.send(ChannelBody.finish()), at);
    net.pass(1);
    succeeded(await alice.send(ChannelBody.finish()), at);
    await net.checkBooks([alice]);
});

test('with a release there is no delay, and it works once', async () => {
    const net = await Network.create();
    const alice = await net.opened('alice', toNano('10'));
    const at = alice.channel.address;
    const expires = 4_000_000_000n;
    const terms = { charged: toNano('1'), withdrawn: toNano('4'), closes: false, expires };
    refused(1025, await alice.release(terms), at);
    succeeded(await alice.claim(toNano('1')), at);
    refused(1013, await alice.release({ ...terms, expires: BigInt(START - 1) }), at);
    refused(1011, await alice.release({ ...terms, withdrawn: toNano('9.000000001') }), at);
    succeeded(await alice.release(terms), at);
    refused(1023, await alice.release(terms), at);
    succeeded(await alice.release({ ...terms, withdrawn: toNano('6') }), at); // the difference
    assert.equal((await alice.data()).withdrawn, toNano('6'));
    const voucher = alice.voucher(toNano('1'));
    refused(1021, await alice.send(ChannelBody.release({ ...terms, withdrawn: toNano('5'), signature: voucher.signature })), at);
    const stranger = await net.blockchain.treasury('stranger');
    const signed = { ...terms, withdrawn: toNano('9') };
    refused(1011, await alice.send(ChannelBody.release({ ...signed, closes: 2, signature: voucher.signature })), at);
    const mine = alice.wallet;
    (alice as { wallet: typeof mine }).wallet = stranger;
    refused(1001, await alice.release(signed), at);
    (alice as { wallet: typeof mine }).wallet = mine;
    succeeded(await alice.send(ChannelBody.withdraw(0n)), at);
    const all = { ...terms, withdrawn: toNano('9'), expires: BigInt(START) }; // to the last nanoTON and second
    succeeded(await alice.release(all), at);
    assert.equal((await alice.data()).status, 2);
    succeeded(await alice.deposit(toNano('1')), at);
    succeeded(await alice.release({ ...terms, closes: true, withdrawn: 0n }), at);
    const data = await alice.data();
    assert.deepEqual([data.status, data.withdrawn, data.unlockAt], [2, toNano('10'), START + DAY]);
    net.pass(DAY);
    succeeded(await alice.send(ChannelBody.finish()), at);
    refused(1012, await alice.release({ ...terms, closes: true }), at);
});

test('a release pays at once, but the channel counts as open until the delay is over', async () => {
    const net = await Network.create();
    const alice = await net.opened('alice', toNano('10'));
    const at = alice.channel.address;
    succeeded(await alice.send(ChannelBody.withdraw(toNano('2'))), at);
    net.pass(1);
    const terms = { charged: 0n, withdrawn: 0n, closes: true, expires: FOREVER };
    const paid = succeeded(await alice.release(terms), at);
    assert.ok(sent(paid, at, alice.wallet.address)[0] >= toNano('10'));
    const { status, pending, unlockAt, withdrawn } = await alice.data();
    assert.deepEqual([status, pending, unlockAt, withdrawn], [2, 0n, START + 1 + DAY, toNano('10')]);
    // Whoever could end it at once could end what a retiring router had not let in, and so count off
    // another's channel before the refusal is back.
    assert.equal((await net.settlement.getData()).openChannels, 1);
    net.pass(DAY - 1);
    succeeded(await alice.release(terms), at); // says nothing new, and puts nothing off
    refused(1024, await alice.send(ChannelBody.finish()), at);
    net.pass(1);
    succeeded(await alice.send(ChannelBody.finish()), at);
    assert.deepEqual([(await alice.data()).status, (await net.settlement.getData()).openChannels], [3, 0]);
});

test('what is no deposit changes nothing', async () => {
    const net = await Network.create();
    const alice = await net.opened('alice', toNano('10'));
    const at = alice.channel.address;
    const before = JSON.stringify(await alice.data(), print);
    refused(1010, await alice.deposit(toNano('1'), toNano('1')), at);
    refused(1011, await alice.deposit(0n), at);
    refused(0xffff, await alice.send(beginCell().storeUint(7, 32).endCell()), at);
    succeeded(await alice.send(beginCell().endCell(), toNano('0.02')), at);
    assert.equal(JSON.stringify(await alice.data(), print), before);
    const bob = await net.client('bob', 3);
    refused(1010, await bob.deposit(toNano('1'), toNano('1.02')), bob.channel.address);
});

const print = (_: string, value: unknown) => (typeof value === 'bigint' ? value.toString() : value);

test('what bounces restores the books', async () => {
    // A router that is slashed collects nothing: the claim comes back.
    const net = await Network.create();
    const alice = await net.opened('alice', toNano('10'));
    const a = net.commitment(1n, net.tree([]));
    const b = net.commitment(1n, net.tree([]), { digest: Buffer.alloc(32, 6) });
    succeeded(
        await net.operate(SettlementBody.slash(a.statement, a.signature, b.statement, b.signature)),
        net.settlement.address,
    );
    succeeded(await alice.claim(toNano('3')), alice.channel.address);
    assert.equal((await alice.data()).claimed, 0n);
    assert.equal((await net.settlement.getData()).collected, 0n);
    await net.checkBooks([alice]);
    // It takes no new channels either: the deposit goes back at once.
    const bob = await net.client('bob', 3);
    const refund = await bob.deposit(toNano('5'));
    assert.ok(sent(refund, bob.channel.address, bob.wallet.address).some((value) => value >= toNano('5')));
    const data = await bob.data();
    assert.deepEqual([data.status, data.deposited, data.withdrawn], [3, toNano('5'), toNano('5')]);
    // An owner that refuses its money can ask for it again.
    const refuses = net.settlement.address; // a contract that knows no such message
    const odd = net.blockchain.openContract(
        Channel.create(net.code.channel, {
            settlement: net.operator.address,
            owner: refuses,
            voucherKey: key(4).publicKey,
            routerKey: net.routerKeys.publicKey,
            delay: DAY,
        }),
    );
    await odd.send(net.operator.getSender(), toNano('5.5'), ChannelBody.deposit(toNano('5')));
    await odd.send(net.operator.getSender(), toNano('0.1'), ChannelBody.routerClose());
    net.pass(DAY);
    for (let i = 0; i < 2; i++) {
        await odd.send(net.operator.getSender(), toNano('0.2'), ChannelBody.finish());
        const kept = await odd.getData();
        assert.deepEqual([kept.status, kept.withdrawn], [3, 0n]);
        assert.ok((await net.balance(odd.address)) >= toNano('5'));
    }
});
