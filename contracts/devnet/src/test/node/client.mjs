// @ton/ton's client, as it is, on the devnet. Usage: node client.mjs URL; prints 'client: passed'.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const packages = createRequire(pathToFileURL(`${process.cwd()}/`));
const { Address, beginCell, Cell, comment, contractAddress, external, internal, SendMode, toNano } = packages('@ton/core');
const { keyPairFromSeed } = packages('@ton/crypto');
const { TonClient, WalletContractV5R1 } = packages('@ton/ton');

const url = process.argv[2];
const client = new TonClient({ endpoint: `${url}/api/v2/jsonRPC` });
const post = async (path, body) => {
    const answer = await fetch(`${url}/devnet/${path}`, { method: 'POST', body: JSON.stringify(body) });
    const json = await answer.json();
    assert.ok(json.ok, JSON.stringify(json));
    return json.result;
};
const seqnoIs = async (wallet, wanted) => {
    for (let i = 0; i < 300; i++) {
        if ((await wallet.getSeqno()) === wanted) return;
        await new Promise((resume) => setTimeout(resume, 20));
    }
    assert.fail(`seqno never became ${wanted}`);
};

const keys = keyPairFromSeed(Buffer.alloc(32, 42));
const contract = WalletContractV5R1.create({ publicKey: keys.publicKey, walletId: { networkGlobalId: -31337 } });
const wallet = client.open(contract);
assert.equal(await client.isContractDeployed(contract.address), false);
assert.equal((await client.getContractState(contract.address)).state, 'uninitialized');
await post('faucet', { address: contract.address.toString({ bounceable: false }), amount: toNano('10').toString() });
assert.equal(await wallet.getBalance(), toNano('10'));

// The wallet's first message deploys it; the client adds its code and data.
const other = new Address(0, Buffer.alloc(32, 9));
const transfer = (seqno, text) =>
    wallet.sendTransfer({
        seqno,
        secretKey: keys.secretKey,
        sendMode: SendMode.PAY_GAS_SEPARATELY | SendMode.IGNORE_ERRORS,
        messages: [internal({ to: other, value: toNano('0.25'), bounce: false, body: text })],
    });
await transfer(0, 'the first');
await seqnoIs(wallet, 1);
await transfer(1, 'the second');
await seqnoIs(wallet, 2);
await assert.rejects(transfer(1, 'a replay'), /status code 500/);
const received = await client.getBalance(other); // less a few nanoTON of rent
assert.ok(received <= toNano('0.5') && received > toNano('0.4999'));

// Transactions: each names the one before; pages by lt and hash.
const all = await client.getTransactions(contract.address, { limit: 10 });
assert.equal(all.length, 3);
for (let i = 0; i + 1 < all.length; i++) {
    assert.equal(all[i].prevTransactionLt, all[i + 1].lt);
    assert.equal(all[i].prevTransactionHash, BigInt(`0x${all[i + 1].hash().toString('hex')}`));
}
const rest = await client.getTransactions(contract.address, {
    limit: 10,
    lt: all[0].lt.toString(),
    hash: all[0].hash().toString('base64'),
});
assert.deepEqual(rest.map((tx) => tx.lt), all.slice(1).map((tx) => tx.lt));
const one = await client.getTransaction(contract.address, all[1].lt.toString(), all[1].hash().toString('base64'));
assert.ok(one && one.hash().equals(all[1].hash()));
const sent = all[0].outMessages.get(0);
assert.equal(sent.info.type, 'internal');
const arrived = await client.tryLocateResultTx(contract.address, other, sent.info.createdLt.toString());
assert.equal(arrived.inMessage.body.beginParse().skip(32).loadStringTail(), 'the second');
const origin = await client.tryLocateSourceTx(contract.address, other, sent.info.createdLt.toString());
assert.ok(origin.hash().equals(all[0].hash()));

// State, methods, providers.
const state = await client.getContractState(contract.address);
assert.equal(state.state, 'active');
assert.ok(Cell.fromBoc(state.code)[0].equals(contract.init.code));
assert.equal(state.lastTransaction.lt, all[0].lt.toString());
assert.equal((await client.runMethod(contract.address, 'seqno')).stack.readNumber(), 2);
assert.equal((await client.runMethod(contract.address, 'get_public_key')).stack.readBigNumber(), BigInt(`0x${keys.publicKey.toString('hex')}`));
assert.equal((await client.runMethodWithError(contract.address, 'no_such_method')).exit_code, 11);
assert.notEqual((await client.runMethodWithError(other, 'seqno')).exit_code, 0);
const provider = client.provider(contract.address, contract.init);
assert.equal((await provider.get('seqno', [])).stack.readNumber(), 2);
assert.equal((await provider.getState()).state.type, 'active');
await provider.external(
    await contract.createTransfer({
        seqno: 2,
        secretKey: keys.secretKey,
        sendMode: SendMode.PAY_GAS_SEPARATELY | SendMode.IGNORE_ERRORS,
        messages: [internal({ to: other, value: 1n, bounce: false, body: comment('by the provider') })],
    }),
);
await seqnoIs(wallet, 3);

// Fees and blocks.
const body = await contract.createTransfer({
    seqno: 3,
    secretKey: keys.secretKey,
    sendMode: SendMode.PAY_GAS_SEPARATELY | SendMode.IGNORE_ERRORS,
    messages: [internal({ to: other, value: toNano('0.1'), bounce: false })],
});
const fees = await client.estimateExternalMessageFee(contract.address, {
    body,
    initCode: null,
    initData: null,
    ignoreSignature: true,
});
assert.ok(fees.source_fees.gas_fee > 0 && fees.source_fees.fwd_fee > 0 && fees.source_fees.in_fwd_fee > 0);
assert.equal(await wallet.getSeqno(), 3);
const info = await client.getMasterchainInfo();
assert.ok(info.latestSeqno > 1);
const [shard] = await client.getWorkchainShards(info.latestSeqno);
assert.equal(shard.workchain, 0);
let found = 0;
for (let seqno = 1; seqno <= info.latestSeqno; seqno++) {
    found += (await client.getShardTransactions(0, seqno, shard.shard)).filter((tx) => tx.account.equals(contract.address)).length;
}
assert.equal(found, 4);

// Arguments of every kind come back from the TVM as they went in: ACCEPT, DROP the method's number.
const init = { code: beginCell().storeBuffer(Buffer.from('f80030', 'hex')).endCell(), data: Cell.EMPTY };
const echo = contractAddress(0, init);
await post('faucet', { address: echo.toString(), amount: toNano('1').toString() });
await client.sendMessage(external({ to: echo, init, body: Cell.EMPTY }));
const big = -(2n ** 200n);
const cell = beginCell().storeUint(5, 7).storeRef(beginCell().storeUint(1, 1).endCell()).endCell();
const { stack } = await client.runMethod(echo, 'echo', [
    { type: 'int', value: big },
    { type: 'int', value: 7n },
    { type: 'cell', cell },
    { type: 'slice', cell },
    { type: 'builder', cell },
]);
assert.equal(stack.readBigNumber(), big);
assert.equal(stack.readNumber(), 7);
for (let i = 0; i < 3; i++) assert.ok(stack.readCell().equals(cell));
assert.equal(stack.remaining, 0);
console.log('client: passed');
