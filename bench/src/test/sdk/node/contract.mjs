// What the unmodified npm package `openai` sees of a router. Prints a line for each case: "ok NAME"
// or "failed NAME: WHY". What to expect comes as JSON in COCOON_SDK_CONTRACT, see OpenAiSdkTest.
import assert from "node:assert/strict";
import { createRequire } from "node:module";

const given = JSON.parse(process.env.COCOON_SDK_CONTRACT);
const openai = createRequire(given.sdk + "/")("openai");
const OpenAI = openai.default;

const client = (options = {}) =>
  new OpenAI({ baseURL: given.url, apiKey: given.key, maxRetries: 0, timeout: 60_000, ...options });

const ask = (more = {}) => ({
  model: given.model,
  messages: [{ role: "user", content: given.prompt }],
  max_tokens: given.tokens,
  temperature: 0,
  ignore_eos: true,
  ...more,
});

const long = (more = {}) => ask({ max_tokens: 2000, stream: true, ...more });

/** Makes a call that must fail; returns its error and how often it was tried. */
async function failing(type, options, call) {
  let attempts = 0;
  const counting = (url, init) => {
    attempts++;
    return fetch(url, init);
  };
  const began = performance.now();
  try {
    await call(client({ fetch: counting, ...options }));
  } catch (error) {
    assert.equal(error.constructor.name, type.name, String(error));
    return { error, attempts, millis: performance.now() - began };
  }
  throw new Error(`no ${type.name} came`);
}

const chat = (body) => (api) => api.chat.completions.create(body);

const cases = {
  async listsModels() {
    const ids = [];
    for await (const model of client().models.list()) ids.push(model.id);
    assert.deepEqual(ids, [given.model]);
  },

  async retrievesAModel() {
    const model = await client().models.retrieve(given.model);
    assert.equal(model.id, given.model);
    assert.equal(model.object, "model");
  },

  async chats() {
    const answer = await client().chat.completions.create(ask());
    assert.equal(answer.object, "chat.completion");
    assert.equal(answer.choices[0].message.role, "assistant");
    assert.equal(answer.choices[0].message.content, given.answer);
    assert.equal(answer.choices[0].finish_reason, "length");
    assert.equal(answer.usage.completion_tokens, given.tokens);
    assert.equal(answer.usage.total_tokens, answer.usage.prompt_tokens + given.tokens);
    assert.ok(answer._request_id);
  },

  async streamsExactlyWithUsage() {
    const stream = await client().chat.completions.create(
      ask({ stream: true, stream_options: { include_usage: true } }),
    );
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    const last = chunks.pop();
    assert.deepEqual(last.choices, []);
    assert.equal(last.usage.completion_tokens, given.tokens);
    assert.equal(chunks[0].choices[0].delta.role, "assistant");
    assert.equal(chunks.map((chunk) => chunk.choices[0].delta.content ?? "").join(""), given.answer);
    assert.deepEqual([...new Set(chunks.map((chunk) => chunk.usage))], [null]);
    assert.deepEqual([...new Set(chunks.map((chunk) => chunk.id))], [last.id]);
    assert.equal(chunks.at(-1).choices[0].finish_reason, "length");
    assert.ok(chunks.length > 3, "it came in pieces");
  },

  async answersMoreThanOnce() {
    const answer = await client().chat.completions.create(ask({ n: 3 }));
    assert.deepEqual(answer.choices.map((choice) => choice.index), [0, 1, 2]);
    for (const choice of answer.choices) assert.equal(choice.message.content, given.answer);
    assert.equal(answer.usage.completion_tokens, 3 * given.tokens);
    const texts = ["", "", ""];
    const finishes = [];
    for await (const chunk of await client().chat.completions.create(ask({ n: 3, stream: true }))) {
      for (const choice of chunk.choices) {
        texts[choice.index] += choice.delta.content ?? "";
        if (choice.finish_reason) finishes.push(choice.index);
      }
    }
    assert.deepEqual(texts, Array(3).fill(given.answer));
    assert.deepEqual(finishes.sort(), [0, 1, 2]);
    const { error, attempts } = await failing(
      openai.BadRequestError, { maxRetries: 2 }, chat(ask({ n: 9 })));
    assert.equal(error.param, "n");
    assert.equal(attempts, 1);
  },

  async completes() {
    const { messages, ...body } = ask({ prompt: given.completionPrompt });
    const answer = await client().completions.create(body);
    assert.equal(answer.choices[0].text, given.completionAnswer);
    assert.equal(answer.usage.completion_tokens, given.tokens);
    let text = "";
    for await (const chunk of await client().completions.create({ ...body, stream: true })) {
      text += chunk.choices[0]?.text ?? "";
    }
    assert.equal(text, given.completionAnswer);
  },

  async refusesAWrongTemperature() {
    const { error, attempts } = await failing(
      openai.BadRequestError, { maxRetries: 2 }, chat(ask({ temperature: 3 })));
    assert.equal(error.status, 400);
    assert.equal(error.param, "temperature");
    assert.equal(error.type, "invalid_request_error");
    assert.ok(error.requestID);
    assert.equal(attempts, 1);
  },

  async refusesAnUnknownKey() {
    const { error, attempts } = await failing(
      openai.AuthenticationError, { apiKey: given.unknownKey, maxRetries: 2 }, chat(ask()));
    assert.equal(error.status, 401);
    assert.equal(error.code, "invalid_api_key");
    assert.equal(attempts, 1);
  },

  async refusesAPoorAccountOnce() {
    const { error, attempts } = await failing(
      openai.APIError, { apiKey: given.poorKey, maxRetries: 2 }, chat(ask()));
    assert.equal(error.status, 402);
    assert.equal(error.code, "insufficient_balance");
    assert.equal(attempts, 1);
  },

  async refusesAnUnknownModel() {
    const { error } = await failing(openai.NotFoundError, {}, chat(ask({ model: "nobody" })));
    assert.equal(error.code, "model_not_found");
    assert.equal(error.param, "model");
    const retrieved = await failing(openai.NotFoundError, {}, (api) => api.models.retrieve("nobody"));
    assert.equal(retrieved.error.code, "model_not_found");
  },

  async refusesABodyTooLarge() {
    const huge = ask({ messages: [{ role: "user", content: "x".repeat(5 << 20) }] });
    const { error, attempts } = await failing(openai.APIError, { maxRetries: 2 }, chat(huge));
    assert.equal(error.status, 413);
    assert.equal(error.code, "body_too_large");
    assert.equal(attempts, 1);
  },

  async refusesAPromptTooLong() {
    const much = ask({ messages: [{ role: "user", content: "many words ".repeat(20_000) }] });
    const { error, attempts } = await failing(openai.APIError, { maxRetries: 2 }, chat(much));
    assert.equal(error.status, 413);
    assert.equal(error.code, "context_length_exceeded");
    assert.equal(attempts, 1);
  },

  async limitsRequestsInFlight() {
    const streams = [];
    for (let i = 0; i < given.maxInFlight; i++) {
      streams.push(await client().chat.completions.create(long()));
    }
    const { error, attempts } = await failing(openai.RateLimitError, {}, chat(ask()));
    assert.equal(error.code, "too_many_in_flight");
    assert.equal(error.headers.get("retry-after"), "1");
    assert.equal(attempts, 1);
    const again = await failing(openai.RateLimitError, { maxRetries: 1 }, chat(ask()));
    assert.equal(again.attempts, 2);
    streams.forEach((stream) => stream.controller.abort());
    const answer = await client({ maxRetries: 5 }).chat.completions.create(ask());
    assert.equal(answer.choices[0].message.content, given.answer);
  },

  async endsAtTheRequestsDeadline() {
    const { error } = await failing(
      openai.APIError, {}, chat(long({ stream: false, timeout: 0.5 })));
    assert.equal(error.status, 408);
    assert.equal(error.code, "deadline_exceeded");
  },

  async tellsOfTheDeadlineWithinAStream() {
    let chunks = 0;
    const { error } = await failing(openai.APIError, {}, async (api) => {
      for await (const chunk of await api.chat.completions.create(long({ timeout: 1 }))) chunks++;
    });
    assert.equal(error.code, "deadline_exceeded");
    assert.ok(chunks > 0);
  },

  async timesOutByItself() {
    await failing(
      openai.APIConnectionTimeoutError, { timeout: 300 }, chat(long({ stream: false })));
  },

  async retriesWhenNoWorkerIsCheapEnough() {
    const { error, attempts, millis } = await failing(
      openai.InternalServerError, { maxRetries: 1 }, chat(ask({ max_coefficient: 1 })));
    assert.equal(error.status, 503);
    assert.equal(error.code, "no_worker");
    assert.match(error.message, /1000/, "says what would be served");
    assert.equal(attempts, 2);
    const wait = Number(error.headers.get("retry-after")) * 1000;
    assert.ok(wait >= 1000 && millis >= wait - 50, `retry after ${wait} ms came in ${millis} ms`);
  },

  async cannotConnect() {
    const { attempts } = await failing(
      openai.APIConnectionError, { baseURL: given.deadUrl, maxRetries: 1 }, chat(ask()));
    assert.equal(attempts, 2);
  },

  async abortsAStream() {
    const stream = await client().chat.completions.create(long());
    let text = "";
    for await (const chunk of stream) {
      text += chunk.choices[0].delta.content ?? "";
      if (text.length > 20) stream.controller.abort();
    }
    assert.ok(given.longAnswer.startsWith(text) && text.length < given.longAnswer.length);
    const answer = await client({ maxRetries: 5 }).chat.completions.create(ask());
    assert.equal(answer.choices[0].message.content, given.answer);
  },
};

for (const [name, run] of Object.entries(cases)) {
  try {
    await run();
    console.log(`ok ${name}`);
  } catch (error) {
    console.log(`failed ${name}: ${String(error.stack ?? error).replaceAll("\n", " | ")}`);
  }
}
process.exit(0);
