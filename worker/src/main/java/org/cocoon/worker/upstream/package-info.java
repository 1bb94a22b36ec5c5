/** An OpenAI-compatible server beside the worker, as an engine: vLLM, SGLang, llama-server, ... */
@NullMarked
package org.cocoon.worker.upstream;

import org.jspecify.annotations.NullMarked;
