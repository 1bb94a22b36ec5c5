// Asks @phala/dcap-qvl, another implementation of Intel's quote verification, what it thinks.
//
// One JSON object a line. In, a question: {"quote": base64, "collateral": object or the name of
// one, "time": seconds since 1970, "root": base64 DER}; or {"name": text, "collateral": object}, to
// be named later. Out, for each question: {"status", "advisories"} or {"error"}.
//
//   node oracle.mjs FOLDER    where FOLDER/node_modules has the package
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { resolve } from 'node:path';

const require = createRequire(resolve(process.argv[2], 'package.json'));
const { QuoteVerifier } = require('@phala/dcap-qvl');
const named = new Map();

function reason(error) {
  const parts = [];
  for (let cause = error; cause; cause = cause.cause) {
    parts.push(String(cause.message ?? cause));
  }
  return parts.join(': ');
}

function answer({ quote, collateral, time, root }) {
  const known = typeof collateral === 'string' ? named.get(collateral) : collateral;
  try {
    const report = QuoteVerifier.newWithRootCa(Buffer.from(root, 'base64')).verify(
      new Uint8Array(Buffer.from(quote, 'base64')),
      known,
      time,
    );
    return { status: report.status, advisories: report.advisory_ids };
  } catch (error) {
    return { error: reason(error) };
  }
}

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  const question = JSON.parse(line);
  if (question.name !== undefined) {
    named.set(question.name, question.collateral);
  } else {
    process.stdout.write(`${JSON.stringify(answer(question))}\n`);
  }
}
