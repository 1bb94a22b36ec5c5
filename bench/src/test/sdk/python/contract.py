"""What the unmodified PyPI package `openai` sees of a router.

Prints a line for each case: "ok NAME" or "failed NAME: WHY". What to expect comes as JSON in
COCOON_SDK_CONTRACT, see OpenAiSdkTest.
"""

import json
import os
import sys
import time
import traceback

GIVEN = json.loads(os.environ["COCOON_SDK_CONTRACT"])
sys.path.insert(0, os.path.join(GIVEN["sdk"], "packages"))

import openai  # noqa: E402  (found through the path above)

EXTRA = {"ignore_eos": True}


def client(**options):
    settings = {"base_url": GIVEN["url"], "api_key": GIVEN["key"], "max_retries": 0, "timeout": 60}
    return openai.OpenAI(**(settings | options))


def ask(extra=None, **more):
    body = {
        "model": GIVEN["model"],
        "messages": [{"role": "user", "content": GIVEN["prompt"]}],
        "max_tokens": GIVEN["tokens"],
        "temperature": 0,
        "extra_body": EXTRA | (extra or {}),
    }
    return body | more


def long_one(extra=None, **more):
    return ask(extra, **({"max_tokens": 2000, "stream": True} | more))


class Failing:
    """A call that must fail, with its error and how often it was tried."""

    def __init__(self, error_type, call, **options):
        self.attempts = 0
        counting = openai.DefaultHttpxClient(event_hooks={"request": [self._count]})
        began = time.monotonic()
        try:
            call(client(http_client=counting, **options))
        except openai.OpenAIError as error:
            assert type(error) is error_type, repr(error)
            self.error = error
        else:
            raise AssertionError(f"no {error_type.__name__} came")
        self.seconds = time.monotonic() - began

    def _count(self, _request):
        self.attempts += 1


def chat(**body):
    return lambda api: api.chat.completions.create(**body)


def equal(actual, expected):
    assert actual == expected, f"{actual!r} instead of {expected!r}"


def lists_models():
    equal([model.id for model in client().models.list()], [GIVEN["model"]])


def retrieves_a_model():
    model = client().models.retrieve(GIVEN["model"])
    equal((model.id, model.object), (GIVEN["model"], "model"))


def chats():
    answer = client().chat.completions.create(**ask())
    equal(answer.object, "chat.completion")
    equal(answer.choices[0].message.role, "assistant")
    equal(answer.choices[0].message.content, GIVEN["answer"])
    equal(answer.choices[0].finish_reason, "length")
    equal(answer.usage.completion_tokens, GIVEN["tokens"])
    equal(answer.usage.total_tokens, answer.usage.prompt_tokens + GIVEN["tokens"])
    assert answer._request_id


def streams_exactly_with_usage():
    options = {"include_usage": True}
    stream = client().chat.completions.create(**ask(stream=True, stream_options=options))
    *chunks, last = list(stream)
    equal(last.choices, [])
    equal(last.usage.completion_tokens, GIVEN["tokens"])
    equal(chunks[0].choices[0].delta.role, "assistant")
    equal("".join(chunk.choices[0].delta.content or "" for chunk in chunks), GIVEN["answer"])
    equal({chunk.usage for chunk in chunks}, {None})
    equal({chunk.id for chunk in chunks}, {last.id})
    equal(chunks[-1].choices[0].finish_reason, "length")
    assert len(chunks) > 3, "it came in pieces"


def answers_more_than_once():
    answer = client().chat.completions.create(**ask(n=3))
    equal([choice.index for choice in answer.choices], [0, 1, 2])
    equal({choice.message.content for choice in answer.choices}, {GIVEN["answer"]})
    equal(answer.usage.completion_tokens, 3 * GIVEN["tokens"])
    texts = ["", "", ""]
    finishes = []
    for chunk in client().chat.completions.create(**ask(n=3, stream=True)):
        for choice in chunk.choices:
            texts[choice.index] += choice.delta.content or ""
            finishes += [choice.index] if choice.finish_reason else []
    equal(texts, [GIVEN["answer"]] * 3)
    equal(sorted(finishes), [0, 1, 2])
    failing = Failing(openai.BadRequestError, chat(**ask(n=9)), max_retries=2)
    equal((failing.error.param, failing.attempts), ("n", 1))


def completes():
    body = ask(prompt=GIVEN["completionPrompt"])
    del body["messages"]
    answer = client().completions.create(**body)
    equal(answer.choices[0].text, GIVEN["completionAnswer"])
    equal(answer.usage.completion_tokens, GIVEN["tokens"])
    chunks = client().completions.create(**body, stream=True)
    text = "".join(chunk.choices[0].text for chunk in chunks if chunk.choices)
    equal(text, GIVEN["completionAnswer"])


def refuses_a_wrong_temperature():
    failing = Failing(openai.BadRequestError, chat(**ask(temperature=3)), max_retries=2)
    equal(failing.error.status_code, 400)
    equal(failing.error.param, "temperature")
    equal(failing.error.type, "invalid_request_error")
    assert failing.error.request_id
    equal(failing.attempts, 1)


def refuses_an_unknown_key():
    failing = Failing(
        openai.AuthenticationError, chat(**ask()), api_key=GIVEN["unknownKey"], max_retries=2
    )
    equal((failing.error.status_code, failing.error.code), (401, "invalid_api_key"))
    equal(failing.attempts, 1)


def refuses_a_poor_account_once():
    failing = Failing(openai.APIStatusError, chat(**ask()), api_key=GIVEN["poorKey"], max_retries=2)
    equal((failing.error.status_code, failing.error.code), (402, "insufficient_balance"))
    equal(failing.attempts, 1)


def refuses_an_unknown_model():
    failing = Failing(openai.NotFoundError, chat(**ask(model="nobody")))
    equal((failing.error.code, failing.error.param), ("model_not_found", "model"))
    retrieved = Failing(openai.NotFoundError, lambda api: api.models.retrieve("nobody"))
    equal(retrieved.error.code, "model_not_found")


def refuses_a_body_too_large():
    huge = ask(messages=[{"role": "user", "content": "x" * (5 << 20)}])
    failing = Failing(openai.APIStatusError, chat(**huge), max_retries=2)
    equal((failing.error.status_code, failing.error.code), (413, "body_too_large"))
    equal(failing.attempts, 1)


def refuses_a_prompt_too_long():
    much = ask(messages=[{"role": "user", "content": "many words " * 20_000}])
    failing = Failing(openai.APIStatusError, chat(**much), max_retries=2)
    equal((failing.error.status_code, failing.error.code), (413, "context_length_exceeded"))
    equal(failing.attempts, 1)


def limits_requests_in_flight():
    streams = [
        client().chat.completions.create(**long_one()) for _ in range(GIVEN["maxInFlight"])
    ]
    failing = Failing(openai.RateLimitError, chat(**ask()))
    equal(failing.error.code, "too_many_in_flight")
    equal(failing.error.response.headers["retry-after"], "1")
    equal(failing.attempts, 1)
    equal(Failing(openai.RateLimitError, chat(**ask()), max_retries=1).attempts, 2)
    for stream in streams:
        stream.close()
    answer = client(max_retries=5).chat.completions.create(**ask())
    equal(answer.choices[0].message.content, GIVEN["answer"])


def ends_at_the_requests_deadline():
    failing = Failing(
        openai.APIStatusError, chat(**long_one({"timeout": 0.5}, stream=False))
    )
    equal((failing.error.status_code, failing.error.code), (408, "deadline_exceeded"))


def tells_of_the_deadline_within_a_stream():
    chunks = []
    failing = Failing(
        openai.APIError,
        lambda api: chunks.extend(api.chat.completions.create(**long_one({"timeout": 1}))),
    )
    equal(failing.error.code, "deadline_exceeded")


def times_out_by_itself():
    Failing(openai.APITimeoutError, chat(**long_one(stream=False)), timeout=0.3)


def retries_when_no_worker_is_cheap_enough():
    failing = Failing(
        openai.InternalServerError, chat(**ask({"max_coefficient": 1})), max_retries=1
    )
    equal((failing.error.status_code, failing.error.code), (503, "no_worker"))
    assert "1000" in failing.error.message, "says what would be served"
    equal(failing.attempts, 2)
    wait = float(failing.error.response.headers["retry-after"])
    assert wait >= 1 and failing.seconds >= wait - 0.05, f"{wait} s, came in {failing.seconds} s"


def cannot_connect():
    failing = Failing(
        openai.APIConnectionError, chat(**ask()), base_url=GIVEN["deadUrl"], max_retries=1
    )
    equal(failing.attempts, 2)


def aborts_a_stream():
    text = ""
    with client().chat.completions.create(**long_one()) as stream:
        for chunk in stream:
            text += chunk.choices[0].delta.content or ""
            if len(text) > 20:
                break
    assert GIVEN["longAnswer"].startswith(text) and len(text) < len(GIVEN["longAnswer"])
    answer = client(max_retries=5).chat.completions.create(**ask())
    equal(answer.choices[0].message.content, GIVEN["answer"])


CASES = [
    lists_models,
    retrieves_a_model,
    chats,
    streams_exactly_with_usage,
    answers_more_than_once,
    completes,
    refuses_a_wrong_temperature,
    refuses_an_unknown_key,
    refuses_a_poor_account_once,
    refuses_an_unknown_model,
    refuses_a_body_too_large,
    refuses_a_prompt_too_long,
    limits_requests_in_flight,
    ends_at_the_requests_deadline,
    tells_of_the_deadline_within_a_stream,
    times_out_by_itself,
    retries_when_no_worker_is_cheap_enough,
    cannot_connect,
    aborts_a_stream,
]


def camel(name):
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


for case in CASES:
    try:
        case()
        print("ok", camel(case.__name__), flush=True)
    except Exception:
        why = traceback.format_exc().replace("\n", " | ")
        print(f"failed {camel(case.__name__)}: {why}", flush=True)
